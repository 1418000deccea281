#!/bin/sh
# check-macos.sh [PROCESSOR..]: compiles and links all of Ore for macOS, on arm64 if no processor is
# named (x86_64 is the other), with zig's C compiler from PyPI. It runs nothing: docs/porting.md says
# what that leaves open. The libraries that Ore needs are there as headers alone, and their functions
# are left to be found when a program starts.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

zig_version=0.17.1
# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES python3-venv
base=$PWD/build-macos
python=$base/zig/bin/python
mkdir -p "$base/include" "$base/pkgconfig"
[ -x "$python" ] || python3 -m venv "$base/zig"
"$python" -m pip install -q "ziglang==$zig_version" >"$base/log" 2>&1 || {
    echo "skipped: zig's compiler cannot be fetched: $(tail -1 "$base/log")"
    exit 0
}

zig=$("$python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')

for header in jansson.h jansson_config.h xxhash.h png.h pngconf.h pnglibconf.h cmocka.h zlib.h pcre2.h \
    utf8proc.h \
    zconf.h zstd.h zstd_errors.h; do
    cp "$(find /usr/include -maxdepth 2 -name "$header" | head -1)" "$base/include/"
done
for library in jansson libxxhash libpng zlib libzstd libpcre2-8 libutf8proc cmocka; do
    cat >"$base/pkgconfig/$library.pc" <<END
Name: $library
Description: its headers
Version: $(pkg-config --modversion "$library")
Libs: -Wl,-undefined,dynamic_lookup
Cflags: -I$base/include
END
done

[ $# -gt 0 ] || set -- arm64
for processor in "$@"; do
    zig_name=$processor
    [ "$processor" != arm64 ] || zig_name=aarch64
    tools=$base/tools-$processor
    mkdir -p "$tools"
    for tool in cc ar ranlib; do
        words=$tool
        [ "$tool" != cc ] || words="cc -target $zig_name-macos"
        printf '#!/bin/sh\nexec %s %s "$@"\n' "$zig" "$words" >"$tools/$tool"
    done
    chmod +x "$tools/cc" "$tools/ar" "$tools/ranlib"
    { ORE_MACOS_PROCESSOR=$processor ORE_MACOS_TOOLS=$tools PKG_CONFIG_LIBDIR=$base/pkgconfig \
        cmake -G Ninja -S . -B "$base/$processor" -DCMAKE_BUILD_TYPE=Release -DORE_WERROR=ON \
        -DCMAKE_TOOLCHAIN_FILE=cmake/macos.cmake && cmake --build "$base/$processor"; } \
        >"$base/log" 2>&1 || { tail -40 "$base/log"; exit 1; }
    echo "compiled and linked for macOS on $processor; nothing of it was run"
done
