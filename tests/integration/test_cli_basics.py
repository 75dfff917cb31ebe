# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line itself: help, state directory, locale, output that fails, exit statuses."""

import os
import pathlib
import stat
import subprocess

import clock
import lab
import pytest

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
JOB = '{"ended_at":"2026-06-09T10:30:25+09:00","job_type":"print","user_name":"田中","document_name":"見積書"}\n'
READING = [
    ("status",),
    ("status", "--json"),
    ("jobs", "list"),
    ("jobs", "stats"),
    ("sources", "list"),
    ("sources", "test", "cups"),
    ("sources", "poll"),
    ("sources", "remove", "cups"),
    ("accounts", "list"),
    ("accounts", "remove", "admin"),
    ("deliveries",),
    ("why", "1"),
    ("store", "check"),
    ("store", "compact"),
    ("store", "backup", "/nonexistent/copy"),
    ("export", "preview"),
    ("export", "range", "--from", "2026-06-01", "--to", "2026-06-02"),
    ("export", "resend", "--day", "2026-06-01", "--reason", "x"),
    ("export", "waive", "--day", "2026-06-01", "--reason", "x"),
]


def filled(cli):
    cli("jobs", "import", "--format", "ndjson", "-", input=JOB).ok()
    return cli


def commands():
    """Every command that the help lists."""
    lines = lab.run_cli("help").ok().out.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    return [line[2:20].strip() for line in lines]


def all_help(language):
    env = {"LC_ALL": language}
    texts = [lab.run_cli("help", env=env).ok().out]
    for name in commands():
        if name != "help":
            texts.append(f"--- {name}\n" + lab.run_cli("help", *name.split(), env=env).ok().out)
    return "".join(texts)


@pytest.mark.parametrize("language, name", [("C", "help.en"), ("ja_JP.UTF-8", "help.ja")])
def test_help_is_what_it_was(language, name, tmp_path):
    now = all_help(language)
    if os.environ.get("GOLDEN_WRITE"):
        pathlib.Path(os.environ["GOLDEN_WRITE"], name).write_text(now, encoding="utf-8")
    assert now == (GOLDEN / name).read_text(encoding="utf-8")


def test_help_of_a_command_is_the_same_by_option_and_by_word():
    for name in commands():
        if name != "help":
            assert lab.run_cli(*name.split(), "--help").ok().out == lab.run_cli("help", *name.split()).ok().out


def test_help_stands_anywhere():
    assert lab.run_cli("--help").ok().out == lab.run_cli("help").ok().out
    assert lab.run_cli("-h", "jobs", "list").ok().out == lab.run_cli("jobs", "list", "-h").ok().out
    assert "jobs import" in lab.run_cli("jobs", "--help").ok().out
    assert "jobs import" in lab.run_cli("help", "jobs").ok().out
    lab.run_cli("help", "frobnicate").ok(2)


def test_the_version_is_told():
    assert lab.run_cli("--version").ok().out.startswith("printtrail 0.")


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_reading_creates_no_state(cli, state, command):
    result = cli(*command).ok(4)
    assert str(state) in result.err and result.out == ""
    assert not state.exists()


@pytest.mark.parametrize("command", [("export", "run"), ("export", "test")], ids=" ".join)
def test_a_first_export_without_state_says_what_the_destination_lacks(cli, command):
    assert "smb.path" in cli(*command).ok(2).err


def test_a_first_test_export_needs_no_stored_setting(cli, share, samba, tmp_path):
    values = samba.settings(share)
    result = cli("export", "test", *(part for value in values for part in ("--with", value)), "--json").ok()
    assert result.json()["ok"] and len(share.files()) == 1


@pytest.mark.parametrize("to", ["2026-07-02", "2026-05-31"])
def test_a_wrong_period_is_told_before_there_is_any_state(cli, state, to):
    cli("export", "range", "--from", "2026-06-01", "--to", to).ok(2)
    assert not state.exists()


def test_check_without_state_is_unknown(cli, state):
    assert "UNKNOWN" in cli("check").ok(3).out
    assert not state.exists()


def test_the_state_stands_before_or_after_the_command(state):
    lab.run_cli("jobs", "import", "--format", "ndjson", "-", "--state", state, input=JOB).ok()
    before = lab.run_cli("--state", state, "jobs", "list", "--json").ok().json()
    after = lab.run_cli("jobs", "list", "--json", "--state", state).ok().json()
    assert before == after and len(before) == 1
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_the_default_state_follows_xdg(tmp_path):
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        tmp_path.chmod(0o777)
        for parent in tmp_path.parents:
            if parent == pathlib.Path("/tmp"):
                break
            parent.chmod(0o755)
    else:
        command = []
    env = {"XDG_STATE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    result = lab.run_cli("status", env=env, prefix=command)
    assert result.code == 4 and f"{tmp_path}/xdg/printtrail" in result.err
    env["XDG_STATE_HOME"] = ""
    result = lab.run_cli("status", env=env, prefix=command)
    assert f"{tmp_path}/.local/state/printtrail" in result.err


def test_root_goes_on_as_the_owner_of_the_state(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    lab.base.run(lab.base.as_root(["chown", "65534:65534", str(state)]))
    folder = tmp_path
    while folder != pathlib.Path("/tmp") and folder != folder.parent:
        lab.base.run(lab.base.as_root(["chmod", "a+rx", str(folder)]))
        folder = folder.parent
    lab.run_cli("jobs", "import", "--format", "ndjson", "-", state=state, input=JOB, prefix=lab.base.as_root([])).ok()
    listing = lab.base.run(lab.base.as_root(["find", str(state), "-printf", "%U %p\n"])).stdout.decode().splitlines()
    assert len(listing) > 1 and all(line.startswith("65534 ") for line in listing)
    lab.base.run(lab.base.as_root(["rm", "-rf", str(state)]))


@pytest.mark.parametrize(
    "words",
    [
        ("frobnicate",),
        ("jobs",),
        ("jobs", "frobnicate"),
        ("jobs", "list", "extra"),
        ("jobs", "list", "--frobnicate"),
        ("jobs", "list", "--since", "2026-02-30"),
        ("jobs", "list", "--since", "2026/06/09"),
        ("jobs", "list", "--since", "yesterday"),
        ("jobs", "list", "--limit", "-1"),
        ("jobs", "list", "--limit", "0x10"),
        ("jobs", "list", "--limit"),
        ("jobs", "stats", "--by", "document_name"),
        ("why",),
        ("why", "0"),
        ("why", "one"),
        ("why", "1", "2"),
        ("status", "-P"),
        ("status", "now"),
        ("export", "range", "--from", "2026-06-01"),
        ("export", "waive", "--day", "2026-06-01"),
        ("export", "waive", "--day", "2026-06-01", "--until", "2026-06-01", "--reason", "x"),
        ("export", "resend", "--day", "2026-06-01"),
        ("sources", "add", "one"),
        ("sources", "add", "", "ipp://localhost/"),
        ("sources", "add", "a\nb", "ipp://localhost/"),
        ("sources", "add", "a", "http://localhost/"),
        ("sources", "add", "a", "ipp://localhost/", "--kind", "scanner"),
        ("accounts", "add"),
        ("accounts", "add", "admin", "--password", "secret-in-argv"),
        ("jobs", "import", "--format", "xml", "-"),
        ("jobs", "import", "x.unknown"),
        ("--state", "", "status"),
        (),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2_and_stores_nothing(cli, state, words):
    result = cli(*words, input="").ok(2)
    assert result.err and result.out == ""
    assert "secret-in-argv" not in result.err
    assert not state.exists()


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "ja_JP.UTF-8", "ja_JP.eucJP"])
def test_text_is_utf_8_whatever_the_locale(cli, locale):
    env = {"LC_ALL": locale}
    cli("jobs", "import", "--format", "ndjson", "-", "--source", "複合機¥1", input=JOB, env=env).ok()
    assert "見積書" in cli("jobs", "list", "--user", "田中", env=env).ok().out
    assert cli("jobs", "list", "--json", "--user", "田中", env=env).ok().json()[0]["user_name"] == "田中"
    assert cli("sources", "list", "--json", env=env).ok().json()[0]["name"] == "複合機¥1"


def test_messages_follow_lc_messages(cli):
    assert "ありません" in cli("status", env={"LC_MESSAGES": "ja_JP.UTF-8"}).err
    assert "there is no" in cli("status", env={"LC_MESSAGES": "ja_JP.UTF-8", "LC_ALL": "C"}).err


OUTPUTS = [("jobs", "list"), ("jobs", "list", "--json"), ("jobs", "list", "-P"), ("status",), ("status", "--json"), ("help",)]


@pytest.mark.parametrize("command", OUTPUTS, ids=" ".join)
def test_output_that_cannot_be_written_is_an_error(cli, state, command):
    filled(cli)
    words = [lab.program(), "--state", str(state), *command]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1 and b"No space left" in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert done.returncode == 1 and b"Broken pipe" in done.stderr
    done = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *words], stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1 and done.stderr


def test_arguments_are_utf_8(cli, state):
    for words in [("jobs", "list", "--user", b"\xff"), (b"\xe3\x81",), ("sources", "add", b"a\xc0\xaf", "ipp://localhost/")]:
        done = subprocess.run([lab.program(), "--state", str(state), *words], capture_output=True, timeout=60)
        assert done.returncode == 2 and b"UTF-8" in done.stderr
    assert not state.exists()


def test_progress_is_for_terminals_only(cli, state, tmp_path):
    file = tmp_path / "jobs.ndjson"
    file.write_text("".join(JOB.replace("田中", f"u{i}") for i in range(60000)), encoding="utf-8")
    main, terminal = os.openpty()
    done = subprocess.Popen([lab.program(), "--state", str(state), "jobs", "import", str(file)], stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    seen = b""
    while True:
        try:
            seen += os.read(main, 65536)
        except OSError:  # the terminal is gone with the program
            break
    os.close(main)
    assert done.wait(60) == 0 and b"import ndjson" in seen and b" %" in seen and b"60000 stored" in seen
    assert "\r" not in cli("jobs", "import", file).ok().err


def test_what_faketime_says_is_now(cli):
    filled(cli)
    status = cli("status", "--json", prefix=clock.at("2026-06-10 12:00:00")).ok().json()
    assert status["now"].startswith("2026-06-10T12:00:")
    assert status["pending"]["days"] == ["2026-06-09"]
    status = cli("status", "--json", prefix=clock.at("2026-06-09 12:00:00")).ok().json()
    assert status["pending"] == {"jobs": 0, "days": [], "first_day": None, "closing": []}


def test_nothing_from_outside_reaches_the_terminal_raw(cli):
    title = '{"ended_at":"2026-06-09T10:30:25Z","job_type":"print","document_name":"a\\u001b[2Jb\\nc\\u009b1m"}\n'
    cli("jobs", "import", "--format", "ndjson", "-", input=title).ok()
    table = cli("jobs", "list").ok().out
    assert "\x1b" not in table and "\x9b" not in table and len(table.splitlines()) == 2
    assert cli("jobs", "list", "--json").ok().json()[0]["document_name"] == "a\x1b[2Jb\nc\x9b1m"
    refused = cli("jobs", "import", "--format", "ndjson", "-", input='{"\x1b[2J":1}\n'.replace("\x1b", "\\u001b")).ok(3)
    assert "\x1b" not in refused.err
