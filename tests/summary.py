#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up the JUnit files of a directory; the last line is "N passed, N failed, N skipped"; fails when a test failed or none ran."""
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

EXPECTED = ("meson.xml", "pytest.xml", "valgrind.xml")


def main(directory):
    passed = failed = skipped = 0
    for name in EXPECTED:
        path = Path(directory, name)
        if not path.exists():
            print(f"FAILED {name}: this part left no result")
            failed += 1
            continue
        for case in tree.parse(path).iter("testcase"):
            label = f"{case.get('classname', '')} {case.get('name', '')}".strip()
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                print(f"FAILED {label}")
            elif case.find("skipped") is not None:
                skipped += 1
                print(f"SKIPPED {label}: {case.find('skipped').get('message', 'no reason given')}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
