# SPDX-License-Identifier: GPL-3.0-or-later
"""What grows with the number of jobs: memory must not, and one day's export must not."""

import datetime
import shutil

from lab import Samba
from measure import interleave, peak_memory, quoted, say, shell
from row_deliver import emptied
from table import Row, at_most

LIMIT_MB = 32
SAME = 1.1


def memory_row(what, small, large, world):
    """Both below the limit, and the large one no more than a tenth above the small one."""
    text = f"{small / 1e6:.1f} MB at {world.small:,}, {large / 1e6:.1f} MB at {world.large:,} jobs"
    ok = max(small, large) < LIMIT_MB * 1e6 and large < small * SAME
    return Row(f"peak memory of {what} (PSS, helper included)", text, "", f"{large / small:.2f}", f"< {LIMIT_MB} MB, the same", ok)


def take_in(world, name, days):
    """A state with `days` days of world.small jobs, the last one being yesterday; returns it and the import's peak."""
    state = world.state(name)
    csv = world.dir / f"{name}.csv"
    first = world.day - datetime.timedelta(days=days - 1)
    # The last day holds the same jobs in both stores.
    world.generate(first, days, world.small, "csv", csv, skip=world.large - days * world.small)
    seconds, peak = peak_memory(world.printtrail(state, "jobs", "import", "--format", "csv", csv))
    say(f"      {days * world.small:,} jobs imported in {seconds:.1f} s, {peak / 1e6:.1f} MB")
    csv.unlink()
    if days > 1:
        until = world.day - datetime.timedelta(days=1)
        world.cli(state, "export", "waive", "--until", until.isoformat(), "--reason", "benchmark")
    return state, peak


def one_export(world, state, folder):
    world.fresh_ledger(state)
    emptied(folder)
    return shell(quoted(*world.printtrail(state, "export", "run")))


def export_peak(world, state, folder):
    world.fresh_ledger(state)
    emptied(folder)
    seconds, peak = peak_memory(world.printtrail(state, "export", "run"))
    say(f"      {sum(path.stat().st_size for path in folder.path.iterdir()) / 1e6:.0f} MB delivered in {seconds:.1f} s, {peak / 1e6:.1f} MB")
    emptied(folder)
    return peak


def measure(world):
    world.drop_office()
    small, import_small = take_in(world, "small", 1)
    large, import_large = take_in(world, "large", world.large // world.small)
    with Samba() as samba:
        folder = samba.folder()
        for state in (small, large):
            world.cli(state, "settings", "set", *samba.settings(folder))
        took = interleave(world.runs + 4, lambda: one_export(world, large, folder), lambda: one_export(world, small, folder))
        peak_small = export_peak(world, small, folder)
        shutil.rmtree(large)
        say(f"   one day of {world.large:,} jobs …")
        day = world.state("day")
        world.generate(world.day, 1, world.large, "store", day / "printtrail.db")
        world.cli(day, "settings", "set", *samba.settings(folder))
        peak_large = export_peak(world, day, folder)
        shutil.rmtree(day)
        shutil.rmtree(small)
    what = f"one day's export ({world.small:,} jobs) out of {world.large:,} against the same day out of {world.small:,}"
    return [
        memory_row("an export in one file", peak_small, peak_large, world),
        memory_row("an import", import_small, import_large, world),
        at_most(what, took[0], took[1], 1.1),
    ]
