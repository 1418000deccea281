#!/bin/sh
# check-arm64.sh: cross-compiles Ore for 64-bit ARM in build-arm64/ and runs its unit tests under
# qemu-user. docs/porting.md says what runs and what does not.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

# shellcheck disable=SC2086
need $BUILD_PACKAGES $ARM64_PACKAGES
scripts/arm64-sysroot.sh build-arm64/sysroot
{ cmake --preset arm64 -DORE_WERROR=ON && cmake --build --preset arm64; } >build-arm64/log 2>&1 ||
    { tail -40 build-arm64/log; exit 1; }
# The roofline's own loop, which no test program calls.
qemu-aarch64 -L /usr/aarch64-linux-gnu build-arm64/ore bench kernels --only norm --seconds 0 \
    --threads 1 >build-arm64/log
grep 'neon kernels' build-arm64/log
# Left out: what starts build-arm64/ore as a program of its own, which this system cannot run.
scripts/run-tests.sh build-arm64 -R '^test_|^fuzz_|^example_' \
    -E '^test_cli_|^test_lab$|^fuzz_calls$|^fuzz_objects$'
