#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# valgrind.sh BUILD RESULTS -- the unit, golden, contract and fuzz corpus tests under valgrind (a build without sanitizers); writes RESULTS/valgrind.xml.
set -eu
cd "$(dirname "$0")/.."
build=$1
results=$2
# These live through years of every time zone, or kill children for half a minute; their code is run by the others too, and fifty times slower they say nothing new.
slow='schedule-zones|calendar|csv-round|csv-write|cp932|store-crash|store-faults|store-random|plan'
[ -f "$build/build.ninja" ] || meson setup "$build" -Dbuildtype=debugoptimized -Dfaults=true >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
ninja -C "$build"
tests=$(meson test -C "$build" --list --suite unit --suite golden --suite contract --suite fuzz 2>/dev/null | sed -n 's/.* \/ //p' | grep -Evx "$slow")
status=0
# shellcheck disable=SC2086 # one name a word
meson test -C "$build" --no-rebuild --num-processes "$(nproc)" --timeout-multiplier 20 --print-errorlogs --logbase valgrind \
    --wrapper "valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=$PWD/tests/valgrind.supp" $tests || status=$?
cp "$build"/meson-logs/valgrind*.junit.xml "$results/valgrind.xml"
exit "$status"
