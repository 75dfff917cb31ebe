#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench.sh BUILD [--quick] [--only NAME]... [--write] -- measures printtrail against its peers; --help says more.
# Needs some 10 GB below BENCH_DIR (default: TMPDIR) while it runs.
set -eu
cd "$(dirname "$0")/.."
build=${1:?usage: scripts/bench.sh BUILD [--quick] [--only NAME]... [--write]}
shift
[ -f "$build/build.ninja" ] || meson setup "$build" -Dbuildtype=release
if ! meson introspect "$build" --buildoptions | grep -q '"value": "release"'; then
    echo "bench: $build is not a release build: its numbers would say nothing" >&2
    exit 2
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
ninja -C "$build" printtrail printtrail-deliver bench/genjobs bench/render bench/poll >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
/usr/bin/python3 bench/run.py "$build" "$@"
