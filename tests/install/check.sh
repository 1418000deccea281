#!/bin/sh
# check.sh BUILD: installs the build into prefixes that are named only at install time, and uses it
# from outside the tree with pkg-config (shared and static) and with find_package, also after the
# prefix has moved, from a staging folder, and with a library folder deeper than lib.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "$*" >&2
    exit 1
}

expect() { # expect TEXT COMMAND..
    text=$1
    shift
    got=$("$@")
    [ "$got" = "$text" ] || fail "$*: got '$got', expected '$text'"
}

place_of() { # place_of VARIABLE: the folder that ore.pc gives, in its plain form
    cd "$(pkg-config --variable="$1" ore)" && pwd -P
}

find_libdir() { # find_libdir PREFIX: its library folder, told to pkg-config and to the loader
    PKG_CONFIG_PATH=$(dirname "$(find "$1" -name ore.pc)")
    libdir=$(dirname "$PKG_CONFIG_PATH")
    LD_LIBRARY_PATH=$libdir DYLD_LIBRARY_PATH=$libdir
    export PKG_CONFIG_PATH LD_LIBRARY_PATH DYLD_LIBRARY_PATH
}

use_pkg_config() { # use_pkg_config PREFIX: what ore.pc says is enough for a program
    find_libdir "$1"
    expect "$(cd "$1" && pwd -P)" place_of prefix
    # shellcheck disable=SC2046
    cc "$here/outside.c" -o "$work/shared" $(pkg-config --cflags --libs ore)
    expect "6 12" "$work/shared"
    # where the archive is alone in the first folder, -lore is the static library
    mkdir "$work/archive"
    cp "$libdir/libore.a" "$work/archive/"
    # shellcheck disable=SC2046
    cc "$here/outside.c" -o "$work/static" -L"$work/archive" \
        $(pkg-config --static --cflags --libs ore)
    expect "6 12" env -u LD_LIBRARY_PATH -u DYLD_LIBRARY_PATH "$work/static"
    rm -r "$work/archive" "$work/shared" "$work/static"
}

cmake --install "$build" --prefix "$work/first" >"$work/install.log"
use_pkg_config "$work/first"
DESTDIR="$work/stage" cmake --install "$build" --prefix /opt/ore >"$work/install.log"
use_pkg_config "$work/stage/opt/ore"
mv "$work/first" "$work/prefix"
use_pkg_config "$work/prefix"

# A program that is running already can load it: it asks for no static thread-local room.
if command -v readelf >/dev/null && readelf -d "$libdir/libore.so" 2>&1 | grep -q STATIC_TLS; then
    fail "libore.so cannot be loaded late: it has static thread-local variables"
fi

cmake -S "$here" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
cmake --build "$work/cmake" >"$work/build.log"
expect "6 12" "$work/cmake/outside_shared"
expect "6 12" "$work/cmake/outside_static"
expect "6" "$work/cmake/outside_cpp"
expect "ore $(cat "$root/VERSION")" "$work/prefix/bin/ore" --version

# Where ore.pc lies in other library folders, relative to the prefix or not.
for folder in lib/some-machine lib64 "$work/elsewhere"; do
    cmake -S "$root" -B "$work/configured" -DCMAKE_INSTALL_PREFIX="$work/other" \
        -DCMAKE_INSTALL_LIBDIR="$folder" -DORE_TESTS=OFF >"$work/configure.log"
    case $folder in
        /*) at=$folder ;;
        *) at=$work/other/$folder ;;
    esac
    mkdir -p "$at/pkgconfig" "$work/other/include"
    cp "$work/configured/ore.pc" "$at/pkgconfig/"
    find_libdir "$at"
    expect "$work/other" place_of prefix
    expect "$at" place_of libdir
    expect "$work/other/include" place_of includedir
    rm -r "$at"
done
echo "the installed library works with pkg-config and find_package"
