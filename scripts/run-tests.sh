#!/bin/sh
# run-tests.sh BUILD [CTEST ARGUMENT..]: runs the tests of a build and counts single cases.
# Every cmocka program prints its cases; a skipped one says why. The last line is for machines.
set -eu
build=$1
shift
log=$build/tests.log
status=0
ctest --test-dir "$build" --parallel "$(getconf _NPROCESSORS_ONLN)" --output-on-failure --no-tests=error "$@" || status=$?
cp "$build/Testing/Temporary/LastTest.log" "$log"
passed=$(grep -c '^\[       OK \]' "$log" || true)
# each program ends with its numbers, below which it names the cases once more
count() {
    sed -n "s/^\[ *$1 *\] \([0-9]*\) test(s), listed below:.*/\1/p" "$log" |
        awk '{ sum += $1 } END { print sum + 0 }'
}
failed=$(count FAILED)
skipped=$(count SKIPPED)
# programs without cases of their own (lint, install, docs, fuzz, example) count as one each
programs=$(ctest --test-dir "$build" -N "$@" | grep -E -c 'Test +#[0-9]+: (lint|bench_scripts|faults|install|docs|coverage|fuzz_|example_)' || true)
[ "$status" -eq 0 ] && passed=$((passed + programs))
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
if [ "$skipped" -gt 0 ]; then
    echo "Skipped cases, and why:"
    grep -E '^\[  SKIPPED \] [A-Za-z_]|^skipped:' "$log" | sort | uniq || true
fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
