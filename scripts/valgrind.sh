#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# valgrind.sh BUILD RESULTS -- the unit, golden and contract suites under valgrind (a build without sanitizers); writes RESULTS/valgrind.xml.
set -eu
cd "$(dirname "$0")/.."
build=$1
results=$2
[ -f "$build/build.ninja" ] || meson setup "$build" -Dbuildtype=debugoptimized -Dfaults=true >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
ninja -C "$build"
export G_SLICE=always-malloc G_DEBUG=gc-friendly PT_TEST_QUICK=1
meson test -C "$build" --no-rebuild --num-processes "$(nproc)" --timeout-multiplier 20 --suite unit --suite golden --suite contract --print-errorlogs \
    --wrapper 'valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=tests/valgrind.supp' || status=$?
cp "$build/meson-logs/testlog.junit.xml" "$results/valgrind.xml"
exit "${status:-0}"
