#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up the JUnit files of a directory; the last line is "N passed, N failed, N skipped"; fails when a test failed or none ran."""
import re
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

# A test's output can hold what XML cannot; Meson writes it all the same.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PARTS = ("meson", "pytest", "valgrind")


def main(directory):
    passed = failed = skipped = 0
    for part in PARTS:
        path, status = Path(directory, f"{part}.xml"), Path(directory, f"{part}.status")
        before = failed
        if not path.exists() or not status.exists():
            print(f"FAILED {part}: this part left no result")
            failed += 1
            continue
        text = NOT_XML.sub("?", path.read_text(encoding="utf-8", errors="replace"))
        for case in tree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text)).iter("testcase"):
            label = f"{case.get('classname', '')} {case.get('name', '')}".strip()
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                print(f"FAILED {label}")
            elif case.find("skipped") is not None:
                skipped += 1
                print(f"SKIPPED {label}: {case.find('skipped').get('message', 'no reason given')}")
            else:
                passed += 1
        if status.read_text().strip() != "0" and failed == before:
            # A program that crashed after its last test, say: no case tells of it.
            print(f"FAILED {part}: ended with status {status.read_text().strip()}")
            failed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
