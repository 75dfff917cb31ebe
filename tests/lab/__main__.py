# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts one server by hand: python3 -m lab SERVER [OPTION=VALUE…]; Ctrl-C stops it."""

import inspect
import signal
import sys

import lab

SERVERS = {
    "samba": "Samba",
    "ftp": "Ftp",
    "exim": "Exim",
    "fault-smtp": "FaultSmtp",
    "cups": "Cups",
    "printer": "IppPrinter",
    "postgres": "Postgres",
    "bad-ipp": "BadIpp",
    "deaf": "Deaf",
    "black-hole": "BlackHole",
}


def usage():
    lines = ["usage: python3 -m lab SERVER [OPTION=VALUE...]", ""]
    for name, server in SERVERS.items():
        options = [
            f"{p.name}={'' if p.default is None else p.default}"
            for p in inspect.signature(getattr(lab, server)).parameters.values()
        ]
        lines.append(f"  {name:12} {' '.join(options)}")
    return "\n".join(lines)


def value(text):
    return {"true": True, "false": False, "none": None, "": None}.get(
        text.lower(), int(text) if text.isdigit() else text
    )


def main(arguments):
    if not arguments or arguments[0] not in SERVERS or not all("=" in a for a in arguments[1:]):
        print(usage(), file=sys.stderr)
        return 2
    # SIGTERM ends it as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options = {key: value(text) for key, text in (a.split("=", 1) for a in arguments[1:])}
        with getattr(lab, SERVERS[arguments[0]])(**options) as server:
            lines = server.answers()
            if arguments[0] == "cups":
                printer = lab.IppPrinter().start()
                lines += printer.answers() + [f"queue        {server.add_queue('demo', printer)}"]
            print("\n".join(lines), "\nrunning; Ctrl-C stops it", sep="", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except (lab.LabError, TypeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        lab.stop_all()


sys.exit(main(sys.argv[1:]))
