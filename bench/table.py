# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as a table, and the machine that they come from."""

import datetime
import json
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass

BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


@dataclass
class Row:
    what: str
    ours: str
    peer: str
    ratio: str
    goal: str
    reached: bool | None

    def cells(self):
        reached = {True: "yes", False: "**no**", None: ""}[self.reached]
        return [self.what, self.ours, self.peer, self.ratio, self.goal, reached]


def faster(what, ours, peer, peer_name, goal):
    """Our seconds against a peer's: how many times as fast? goal None: only told."""
    ratio = peer / ours
    reached = None if goal is None else ratio >= goal
    text = "" if goal is None else f"≥ {goal}"
    return Row(what, f"{ours:.2f} s", f"{peer:.2f} s, {peer_name}", f"{ratio:.2f}", text, reached)


def at_most(what, ours, peer, goal, unit="s", scale=1.0, peer_name=""):
    """How many times as long as the peer?"""
    ratio = ours / peer
    text = f"{peer * scale:.2f} {unit}" + (f", {peer_name}" if peer_name else "")
    return Row(what, f"{ours * scale:.2f} {unit}", text, f"{ratio:.2f}", f"≤ {goal}", ratio <= goal)


def below(what, value, unit, goal, digits=1):
    return Row(what, f"{value:.{digits}f} {unit}", "", "", f"< {goal} {unit}", value < goal)


def markdown(rows):
    head = ["what", "ours", "peer", "ratio", "goal", "reached"]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def plain(rows):
    head = ["what", "ours", "peer", "ratio", "goal", "reached"]
    cells = [head, *(row.cells() for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in cells)


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return "not installed"
    return (done.stdout or done.stderr).strip().splitlines()[0]


def version(*command):
    found = re.search(r"\d+(\.\d+)+[-\w.]*", first_line(*command))
    return found.group() if found else "?"


def machine():
    """What the numbers were measured with, a list of lines."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    tools = {
        "SQLite": version("sqlite3", "--version"),
        "PostgreSQL": version("psql", "--version"),
        "Samba": version("smbclient", "--version"),
        "curl": version("curl", "--version"),
        "cupsd": version("cups-config", "--version") if os.path.exists("/usr/bin/cups-config") else "",
    }
    return [
        f"Machine: {os.cpu_count()} cores ({model}), {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB, "
        f"Linux {platform.release()}.",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in tools.items() if number) + ".",
        f"Date: {datetime.date.today().isoformat()}. Load of the machine when it began: {os.getloadavg()[0]:.1f}.",
    ]


def write(document, command, about, rows):
    """Puts the table into the document, between its two marks."""
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in rest:
        raise ValueError(f"{document}: the marks {BEGIN} and {END} are missing")
    lines = "".join(f"{line}\n" for line in [f"Made by `{command}`.", *about])
    document.write_text(f"{before}{BEGIN}\n{lines}\n{markdown(rows)}{END}{after}", encoding="utf-8")


def save(path, results):
    path.write_text(json.dumps({name: [asdict(row) for row in rows] for name, rows in results.items()}), encoding="utf-8")


def load(path):
    if not path.exists():
        return {}
    return {
        name: [Row(**row) for row in rows]
        for name, rows in json.loads(path.read_text(encoding="utf-8")).items()
    }
