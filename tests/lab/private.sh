#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a command that sees other accounts than the host has, and a small file system, in `unshare --mount`.
# usage: private.sh ETC FULL COMMAND...    ETC holds passwd, group, shadow, pam.d; FULL is a folder or empty

set -e
etc=$1
full=$2
shift 2
for name in passwd group shadow pam.d; do
    mount --bind "$etc/$name" "/etc/$name"
done
if [ -n "$full" ]; then
    mount -t tmpfs -o size=16m,mode=777 tmpfs "$full"
fi
exec "$@"
