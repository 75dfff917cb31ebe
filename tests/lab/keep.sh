#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs one server in the foreground and ends it when the lab is gone, that is, when standard input closes.
# usage: keep.sh PIDFILE COMMAND...        the caller makes it leader of a process group of its own

pidfile=$1
shift
exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
echo "$pid" >"$pidfile.new" && mv "$pidfile.new" "$pidfile"
# a signal to group 0 reaches the server, its children and this script
(read -r _ <&3; kill -TERM "$pid"; sleep 2; kill -KILL 0) 2>/dev/null &
watcher=$!
exec 3<&-
wait "$pid"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
