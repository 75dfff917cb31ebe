# SPDX-License-Identifier: GPL-3.0-or-later
"""The same day end to end: `export run` onto Samba and FTP, against a pipe into smbclient and curl."""

import pathlib

from lab import Ftp, Samba
from measure import BenchError, interleave, quoted, shell
from table import faster


def emptied(folder):
    for path in pathlib.Path(folder.path).iterdir():
        path.unlink()


def run_ours(world, state, folder):
    world.fresh_ledger(state)
    emptied(folder)

    def run():
        seconds = shell(quoted(*world.printtrail(state, "export", "run")))
        names = folder.files()
        if len(names) != 1:
            raise BenchError(f"{names} were delivered instead of one file")
        return seconds

    return run


def check(world, state, folder):
    """The run above sent the whole day, and its bytes are those of the ledger."""
    delivered = [row for row in world.json(state, "deliveries") if row["state"] == "delivered"]
    if len(delivered) != 1 or delivered[0]["rows"] != world.jobs:
        raise BenchError(f"the ledger says {delivered}")
    if delivered[0]["bytes"] != (folder.path / folder.files()[0]).stat().st_size:
        raise BenchError("the delivered file has another size than the ledger says")


def compete(world, state, folder, peer):
    def ours():
        return run_ours(world, state, folder)()

    def theirs():
        emptied(folder)
        return shell(peer)

    # ours is prepared outside of its time; so is the peer's empty folder
    took = interleave(world.runs, ours, theirs)
    ours()
    check(world, state, folder)
    emptied(folder)
    return took


def measure(world):
    state = world.office()
    rows = world.sqlite_day(state)
    what = f"that day end to end onto {{}}: hash, fsync and ledger included"
    with Samba() as samba:
        folder = samba.folder()
        world.cli(state, "settings", "set", *samba.settings(folder))
        put = quoted("smbclient", "-s", "/dev/null", "-p", samba.port, "-U", f"{samba.domain}/{samba.user}%{samba.password}",
                     f"//{samba.host}/export", "-D", folder.path.name, "-c", "put - peer.csv")
        smb = compete(world, state, folder, f"{rows} | {put}")
    with Ftp() as ftp:
        folder = ftp.folder()
        world.cli(state, "settings", "set", *ftp.settings(folder))
        url = f"ftp://{ftp.user}:{ftp.password}@{ftp.host}:{ftp.port}/in/{folder.path.name}/peer.csv"
        plain = compete(world, state, folder, f"{rows} | {quoted('curl', '-sS', '-T', '-', url)}")
    return [
        faster(what.format("Samba"), smb[0], smb[1], "`sqlite3 -csv \\| smbclient -c 'put -'`", 2),
        faster(what.format("FTP"), plain[0], plain[1], "`sqlite3 -csv \\| curl -T -`", 1.5),
    ]
