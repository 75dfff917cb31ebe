# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents name exists; what the project forbids does not."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith("build") for part in path.relative_to(ROOT).parts))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
PATHS = re.compile(r"(?<![\w/.-])((?:src|tests|scripts|docs|bench|\.ci)/[A-Za-z0-9_./-]+[A-Za-z0-9_])")
BANNED = re.compile(
    r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|strtok|atoi|atol|gets|scanf|sscanf|fscanf|gmtime|localtime|system|popen|alloca)\s*\(")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document):
    text = document.read_text(encoding="utf-8")
    missing = [name for name in PATHS.findall(text) if not (ROOT / name).exists()]
    missing += [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (document.parent / link).exists()]
    assert not missing, f"{document.name} names {missing}"


def c_files():
    return [ROOT / name for name in TRACKED if name.startswith("src/") and name.endswith((".c", ".h"))]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group()), text, flags=re.DOTALL)


def test_no_banned_function_is_called():
    wrong = []
    for path in c_files():
        for number, line in enumerate(without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
            wrong += [f"{path.relative_to(ROOT)}:{number}: {name}" for name in BANNED.findall(re.sub(r'"(\\.|[^"\\])*"', '""', line))]
    assert not wrong, "\n".join(wrong)


def test_every_source_file_begins_with_its_licence_and_its_purpose():
    wrong = []
    for path in c_files():
        lines = path.read_text(encoding="utf-8").splitlines()[:2]
        if len(lines) < 2 or "SPDX-License-Identifier: GPL-3.0-or-later" not in lines[0] or not lines[1].startswith("/* "):
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, "\n".join(wrong)


def test_no_source_file_is_longer_than_six_hundred_lines():
    wrong = [f"{path.relative_to(ROOT)}: {len(path.read_text(encoding='utf-8').splitlines())}" for path in c_files()]
    wrong = [entry for entry in wrong if int(entry.rsplit(" ", 1)[1]) > 600]
    assert not wrong, "\n".join(wrong)


def test_the_code_is_formatted():
    files = [str(path) for path in c_files()]
    result = subprocess.run(["clang-format", "--dry-run", "--Werror", *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[:4000]


def test_every_command_of_the_readme_is_a_command(build):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"^ {4}printtrail ((?:[a-z]+)(?: (?:add|test|set|import|range))?)", text, re.MULTILINE))
    assert len(commands) > 8
    for command in sorted(commands):
        result = subprocess.run([build / "printtrail", "help", *command.split()], capture_output=True, text=True)
        assert result.returncode == 0, f"printtrail help {command}: {result.stderr}"


def test_every_make_target_of_the_documents_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        used = set(re.findall(r"`?make ([a-z]+)", document.read_text(encoding="utf-8")))
        assert used - {"install"} <= targets, f"{document.name}: {used - targets}"
