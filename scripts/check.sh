#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# check.sh BUILD -- builds with sanitizers and runs every suite; the last line is "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")/.."
build=${1:-build-check}
results=$build/results
python=/usr/bin/python3

say() { printf '== %s\n' "$*"; }

say "build with sanitizers, fault points and warnings as errors"
[ -f "$build/build.ninja" ] || meson setup "$build" -Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Dwerror=true -Dfaults=true >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
ninja -C "$build"
rm -rf "$results"
mkdir -p "$results"

# A suite that fails does not keep the others from running; the summary counts them all.
export ASAN_OPTIONS=detect_leaks=1:verify_asan_link_order=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export LSAN_OPTIONS="suppressions=$PWD/tests/leaks.supp:print_suppressions=0"
PRINTTRAIL=$PWD/$build/printtrail
export PRINTTRAIL

say "units, golden bytes, contract, simulation, fuzz corpora"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "$(nproc)" || status=$?
echo "$status" >"$results/meson.status"
cp "$build/meson-logs/testlog.junit.xml" "$results/meson.xml"

say "layers, documents, integration and crash tests against real servers"
status=0
$python -m pytest -q --junitxml="$results/pytest.xml" tests/project tests/integration tests/fault || status=$?
echo "$status" >"$results/pytest.status"

say "valgrind"
status=0
scripts/valgrind.sh build-valgrind "$results" || status=$?
echo "$status" >"$results/valgrind.status"

$python tests/summary.py "$results"
