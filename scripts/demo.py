#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make demo: a virtual printer, a private print server and a share on loopback; prints, collects, imports, exports, shows it, stops it all."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from lab import Cups, IppPrinter, Samba, mkpdf, run_cli  # noqa: E402

PRINTS = (
    ("tanaka", "見積書.pdf", 3, {}),
    ("sato", "両面テスト", 5, {"sides": "two-sided-long-edge", "copies": "2"}),
    ("kato", "=SUM(A1:A9)", 1, {}),
    ("mori", "Report, final \"v2\"", 2, {"media": "A4"}),
)
DAYS = 3


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(*args, state, show=True, expect=0):
    print("$ printtrail " + " ".join(a if a and all(c not in a for c in " \\*") else f"'{a}'" for a in args), flush=True)
    result = run_cli(*args, state=state)
    if show or result.code != expect:
        print((result.out + result.err).rstrip(), flush=True)
    if result.code != expect:
        sys.exit(f"printtrail ended with {result.code}, expected {expect}")
    return result


def older_history(path):
    """Jobs of a device that cannot be polled: some days of copies, scans and faxes."""
    now = int(time.time())
    with path.open("w", encoding="utf-8") as out:
        for day in range(DAYS, 0, -1):
            for number, kind in enumerate(("copy", "scan", "fax_send", "print")):
                ended = time.gmtime(now - day * 86400 + number * 60)
                out.write(json.dumps({
                    "job_type": kind, "ended_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", ended), "result": "OK", "device_id": "MFP-2F", "device_name": "複合機 2F",
                    "job_id": 100 * day + number, "user_name": ("tanaka", "sato")[number % 2], "faces_total": 2 * number + 1, "document_name": f"{kind} {day}"},
                    ensure_ascii=False) + "\n")


def main():
    with tempfile.TemporaryDirectory(prefix="printtrail-demo-") as temporary:
        base = Path(temporary)
        base.chmod(0o755)
        state = base / "state"
        say("Starting a virtual IPP printer, a private cupsd and a Samba share on loopback …")
        with IppPrinter(name="Demo MFP") as printer, Cups() as cups, Samba() as samba:
            folder = samba.folder()
            print(f"printer {printer.uri}\nprint server {cups.uri}\nshare {folder.address}")
            cups.add_queue("demo", printer)
            say("Printing documents of several users …")
            for user, title, pages, options in PRINTS:
                cups.lp("demo", mkpdf(base / f"{user}.pdf", pages=pages), user=user, title=title, options=options)
            cups.wait_finished()

            say("Setting up: the source, the destination, the schedule")
            run("sources", "add", "office", cups.uri, "--kind", "cups", state=state)
            run("settings", "set", *samba.settings(folder), "preferences.device_name=Demo", state=state)

            say("Collecting, and importing some days of older history")
            run("sources", "poll", state=state)
            older_history(base / "older.ndjson")
            run("jobs", "import", "--format", "ndjson", "--source", "copier", str(base / "older.ndjson"), state=state)
            run("jobs", "list", "-o", "seq,job_type,user_name,document_name,faces_total,sheets,result", state=state)

            say("Test export: every step")
            run("export", "test", state=state)
            run("settings", "set", "export.enabled=true", state=state, show=False)

            say("The automatic export: one file a day, never today's jobs")
            run("export", "run", state=state)
            for name in sorted(folder.files()):
                print(f"--- {name}")
                for line in folder.read(name).decode("utf-8-sig").splitlines()[:3]:
                    print(line[:150] + (" …" if len(line) > 150 else ""))
            say("Again: nothing is sent twice")
            run("export", "run", state=state)
            run("deliveries", "-o", "day,file_name,rows,bytes,state,sha256", state=state)
            run("status", state=state)
    say("All that was started is stopped.")


if __name__ == "__main__":
    if not os.environ.get("PRINTTRAIL"):
        os.environ["PRINTTRAIL"] = str(ROOT / "build" / "printtrail")
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
