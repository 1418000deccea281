# packages.sh: sourced by ./demo, ./test and .ci/run. `need PACKAGE..` installs the Debian packages
# that are missing, after saying which; without root it prints the command to run and stops.

is_installed() {
    dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

need() {
    if [ "$(uname)" = Darwin ]; then
        echo "On macOS these are needed: the command line tools (xcode-select --install), and"
        echo "    brew install $BREW_PACKAGES"
        return 0
    fi
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "This is no Debian system: make sure that these are there: $*"
        return 0
    fi
    missing=""
    for package in "$@"; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "These packages are missing:$missing. Install them with:"
        echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing"
        exit 1
    fi
    echo "Installing the missing packages:$missing"
    # shellcheck disable=SC2086
    { apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
        >/tmp/ore-apt.$$ 2>&1 || { cat /tmp/ore-apt.$$; rm -f /tmp/ore-apt.$$; exit 1; }
    rm -f /tmp/ore-apt.$$
}

# What building takes, what running well takes, what testing takes.
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libjansson-dev libxxhash-dev
    libpng-dev zlib1g-dev libzstd-dev libpcre2-dev libutf8proc-dev libcurl4-openssl-dev"
RUN_PACKAGES="gnuplot-nox fonts-dejavu-core"
TEST_PACKAGES="libcmocka-dev python3 g++ git make"
# All of these by Homebrew's names.
BREW_PACKAGES="cmake ninja pkgconf jansson xxhash libpng zlib zstd pcre2 utf8proc curl gnuplot cmocka python"
# What compiles for 64-bit ARM and runs the result here.
ARM64_PACKAGES="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
