#!/bin/sh
# check.sh BUILD: installs the build into a temporary prefix and uses it from outside the tree, with
# pkg-config (shared and static) and with find_package.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name ore.pc)")
export PKG_CONFIG_PATH
libdir=$(dirname "$PKG_CONFIG_PATH")
pc="pkg-config --define-variable=prefix=$work/prefix"

expect() { # expect TEXT COMMAND..
    text=$1
    shift
    got=$(LD_LIBRARY_PATH=$libdir "$@")
    [ "$got" = "$text" ] || { echo "$*: got '$got', expected '$text'" >&2; exit 1; }
}
# shellcheck disable=SC2046
cc "$here/outside.c" -o "$work/shared" $($pc --cflags --libs ore)
# shellcheck disable=SC2046
cc "$here/outside.c" -o "$work/static" $($pc --cflags ore) "$libdir/libore.a" \
    $($pc --static --libs-only-l ore | sed 's/-lore//') -pthread
expect "6 12" "$work/shared"
expect "6 12" "$work/static"

# A program that is running already can load it: it asks for no static thread-local room.
if readelf -d "$libdir/libore.so" | grep -q STATIC_TLS; then
    echo "libore.so cannot be loaded late: it has static thread-local variables" >&2
    exit 1
fi

cmake -S "$here" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/configure.log"
cmake --build "$work/cmake" >"$work/build.log"
expect "6 12" "$work/cmake/outside_shared"
expect "6 12" "$work/cmake/outside_static"
expect "6" "$work/cmake/outside_cpp"
expect "ore $(cat "$here/../../VERSION")" "$work/prefix/bin/ore" --version
echo "the installed library works with pkg-config and find_package"
