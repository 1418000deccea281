#!/bin/sh
# arm64-sysroot.sh DIR: puts Debian's arm64 packages of the libraries that Ore needs into DIR, for
# building with cmake --preset arm64. The system itself gets no foreign architecture: apt keeps what
# it needs to know in DIR, and takes the packages from where the system's own come from.
set -eu
[ $# -eq 1 ] || { echo "usage: arm64-sysroot.sh DIR" >&2; exit 2; }
packages="libjansson4 libjansson-dev libxxhash0 libxxhash-dev libpng16-16 libpng-dev
    libpcre2-8-0 libpcre2-dev libutf8proc2 libutf8proc-dev
    zlib1g zlib1g-dev libzstd1 libzstd-dev libcmocka0 libcmocka-dev"
[ -e "$1/complete" ] && [ "$(cat "$1/complete")" = "$packages" ] && exit 0
rm -rf "$1"
mkdir -p "$1/apt/lists/partial" "$1/apt/cache/archives/partial"
cd "$1"
dir=$PWD
: >apt/status
cat >apt/conf <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$dir/apt";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt/cache";
END
APT_CONFIG=$dir/apt/conf
export APT_CONFIG
for try in 1 2 3; do
    # shellcheck disable=SC2086
    apt-get update -qq && apt-get download -qq $packages && break
    [ "$try" -lt 3 ]
done
for package in *.deb; do
    dpkg-deb --extract "$package" .
done
rm -r apt ./*.deb
echo "$packages" >complete
