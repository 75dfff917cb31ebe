#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# fuzz.sh [TARGET] [SECONDS] -- libFuzzer on one parser, or on all of tests/fuzz; new inputs stay in build-fuzz/corpus. A run whose coverage does not grow is a failure.
set -eu
cd "$(dirname "$0")/.."
target=${1:-}
seconds=${2:-60}
build=build-fuzz
[ -f "$build/build.ninja" ] || CC=clang meson setup "$build" -Dbuildtype=debugoptimized -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
targets=${target:-$(ls tests/fuzz/corpus)}
for name in $targets; do
    ninja -C "$build" "tests/fuzz/fuzz-$name"
    mkdir -p "$build/corpus/$name"
    set -- "-max_total_time=$seconds" -timeout=20 -rss_limit_mb=2048 "-artifact_prefix=$build/$name-"
    [ ! -f "tests/fuzz/$name.dict" ] || set -- "$@" "-dict=tests/fuzz/$name.dict"
    echo "== $name, $seconds s"
    "$build/tests/fuzz/fuzz-$name" "$@" "$build/corpus/$name" "tests/fuzz/corpus/$name" 2>"$build/$name.log" || { tail -40 "$build/$name.log"; exit 1; }
    first=$(sed -n 's/.*INITED *cov: \([0-9]*\).*/\1/p' "$build/$name.log" | head -1)
    last=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$build/$name.log" | tail -1)
    grep -E '^Done [0-9]+ runs' "$build/$name.log"
    echo "coverage $first -> $last"
    [ "${first:-0}" -gt 10 ] || { echo "fuzz-$name runs blind: no coverage"; exit 1; }
done
