#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the Debian 12 packages that a task needs; does nothing when all are there.
# usage: deps.sh build|demo|test|bench        root, or a user with sudo

set -eu

BUILD="gcc libc6-dev make meson ninja-build pkg-config libglib2.0-dev libsqlite3-dev libcups2-dev
libsmbclient-dev libcurl4-openssl-dev libgmime-3.0-dev libjansson-dev libsodium-dev libsystemd-dev libssl-dev"
DEMO="python3 samba smbclient cups cups-client cups-ipp-utils cups-filters poppler-utils openssl"
BENCH="vsftpd curl sqlite3 postgresql-15 procps"
TEST="python3-pytest python3-aiosmtpd exim4-daemon-light valgrind strace faketime clang libclang-rt-14-dev
clang-format clang-tidy tzdata"

# these would serve the whole network after their installation, and again after each boot
UNITS="samba:smbd.service,nmbd.service,samba-ad-dc.service cups-daemon:cups.service,cups.socket,cups.path
exim4-base:exim4.service vsftpd:vsftpd.service postgresql-common:postgresql.service"

POLICY=/usr/sbin/policy-rc.d
LOCK_SECONDS=900

say() {
    echo "deps: $*"
}

fail() {
    say "$*" >&2
    exit 1
}

usage() {
    echo "usage: scripts/deps.sh build|demo|test|bench" >&2
    exit 2
}

wanted() {
    case "$1" in
    build) echo $BUILD ;;
    demo) echo $BUILD $DEMO ;;
    bench) echo $BUILD $DEMO $BENCH ;;
    test) echo $BUILD $DEMO $BENCH $TEST ;;
    *) usage ;;
    esac
}

# names of the arguments that are not installed
missing() {
    for package in "$@"; do
        status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || echo "$package"
    done
}

# apt-get waits for dpkg's lock by itself, but not for that of the package lists
read_lists() {
    deadline=$(($(date +%s) + LOCK_SECONDS))
    until apt-get update -qq >"$log" 2>&1; do
        grep -q 'Could not get lock' "$log" && [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 2
    done
}

keep_daemons_quiet() {
    [ -e "$POLICY" ] || [ -L "$POLICY" ] && return
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
    made_policy=yes
}

clean_up() {
    [ -z "$made_policy" ] || rm -f "$POLICY"
    rm -f "$log"
}

# of the daemons that were not there before, none starts at the next boot
disable_new_daemons() {
    command -v systemctl >/dev/null || return 0
    for entry in $UNITS; do
        case " $new_daemons " in
        *" ${entry%%:*} "*)
            systemctl --quiet disable $(echo "${entry#*:}" | tr ',' ' ') >/dev/null 2>&1 || true
            ;;
        esac
    done
}

[ $# -eq 1 ] || usage
task=$1
packages=$(wanted "$task")
command -v apt-get >/dev/null || fail "no apt-get here; needed are: $packages"
absent=$(missing $packages)
if [ -z "$absent" ]; then
    say "all packages for '$task' are there"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; let root install:" $absent
    exec sudo -- "$0" "$task"
fi

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
made_policy=
log=$(mktemp)
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

daemons=$(for entry in $UNITS; do echo "${entry%%:*}"; done)
new_daemons=$(missing $daemons | tr '\n' ' ')
say "$(echo "$absent" | wc -l) of $(echo $packages | wc -w) packages for '$task' are missing; reading lists"
read_lists || { tail -n 15 "$log" >&2; fail "apt-get update failed (see above)"; }
say "installing:" $absent
keep_daemons_quiet
# --no-remove: rather fail than replace, say, the mail server of this machine
apt-get install -y -qq --no-install-recommends --no-remove -o DPkg::Lock::Timeout=$LOCK_SECONDS $absent \
    >"$log" 2>&1 || {
    tail -n 25 "$log" >&2
    fail "apt-get could not install these (see above):" $(missing $absent)
}
disable_new_daemons
still=$(missing $packages)
[ -z "$still" ] || fail "still missing after the installation:" $still
say "all packages for '$task' are there now"
