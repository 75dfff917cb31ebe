# SPDX-License-Identifier: GPL-3.0-or-later
"""printtrail jobs import: every line judged by itself, nothing stored twice, nothing by halves."""

import json
import os
import pathlib
import random
import subprocess

import clock
import lab
import pytest

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "golden" / "corpus.page_log"
BASE = {"ended_at": "2026-06-09T10:30:25+09:00", "job_type": "print"}
CLOCK = clock.at("2026-06-10 12:00:00")


def line(**values):
    return json.dumps({**BASE, **values}, ensure_ascii=False) + "\n"


def imported(cli, text, *more, format="ndjson", code=0):
    return cli("jobs", "import", "--format", format, "-", "--json", *more, input=text, prefix=CLOCK).ok(code)


def jobs(cli, *more):
    return cli("jobs", "list", "--json", *more).ok().json()


@pytest.mark.parametrize(
    "bad, reason",
    [
        ('{"job_type":"print"}', "ended_at"),
        ('{"ended_at":"2026-06-09T10:30:25Z"}', "job_type"),
        (line(bogus=1), "bogus"),
        (line(ended_at="2026-06-09T10:30:25"), "ended_at"),
        (line(ended_at="0000-06-09T10:30:25Z"), "ended_at"),
        (line(ended_at="0001-06-09T10:30:25Z"), "ended_at"),
        (line(ended_at="1979-12-31T23:59:59Z"), "ended_at"),
        (line(ended_at="2026-06-11T12:00:02Z"), "ended_at"),
        (line(ended_at="9999-12-31T23:59:59Z"), "ended_at"),
        (line(ended_at="10000-01-01T00:00:00Z"), "ended_at"),
        (line(job_type="teleport"), "job_type"),
        (line(sheets=-1), "sheets"),
        (line(sheets=1.5), "sheets"),
        (line(sheets="many"), "sheets"),
        (line(department_id="0000"), "department_id"),
        (line(user_name="a\0b"), "JSON"),
        (b'{"ended_at":"2026-06-09T10:30:25Z","job_type":"print","user_name":"\xff\xfe"}', "JSON"),
        (b'{"ended_at":"2026-06-09T10:30:25Z","job_type":"print","user_name":"a\x00b"}', "JSON"),
        ("not json", "JSON"),
        ("[1,2]", "object"),
        (line(source_key="k" * 256), "source_key"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_stored(cli, bad, reason):
    good = (line(user_name="before") + "%s" + line(user_name="after")).encode()
    bad = bad.encode() if isinstance(bad, str) else bad
    result = imported(cli, good % (bad.rstrip(b"\n") + b"\n"), code=3)
    assert result.json() == {
        "lines": 3, "stored": 2, "duplicates": 0, "conflicts": 0, "refused": 0, "rejected": 1, "cut": 0,
    }  # fmt: skip
    said = [text for text in result.err.splitlines() if "line 2:" in text]
    assert len(said) == 1 and reason in said[0]
    assert [job["user_name"] for job in jobs(cli)] == ["before", "after"]


def test_a_file_of_bad_lines_only_makes_no_source(cli):
    assert imported(cli, "x\n" * 250, code=3).json()["rejected"] == 250
    assert cli("sources", "list", "--json").ok().json() == []


def test_a_flood_of_bad_lines_is_not_a_flood_of_messages(cli):
    result = imported(cli, "x\n" * 50000 + line(), code=3)
    assert result.json()["stored"] == 1 and result.json()["rejected"] == 50000
    assert len(result.err.splitlines()) < 110 and "49900" in result.err


def test_values_are_kept_exactly(cli):
    given = {
        "seq": 77, "device_id": "SN-1", "device_name": "3階 複合機", "job_id": "18", "job_type": "copy",
        "accepted_at": "2026-06-09T10:30:20+09:00", "started_at": "2026-06-09T01:30:21.5Z", "ended_at": "2026-06-09T10:30:25+09:00",
        "ended_at_utc": "1999-01-01T00:00:00Z", "result": "NG", "end_code": "#801", "department_id": "321", "user_name": "=cmd|x",
        "domain": "CORP", "client_host": "PC-1", "client_address": "192.0.2.7", "source": "driver", "protocol": "ipp",
        "document_name": "見積書\r\n\"2\", 'x'\t", "destination": "", "destination_count": None, "original_pages": 2, "faces_total": 0,
        "faces_color": "0", "faces_mono": 4, "sheets": 2, "sheets_duplex": 2, "copies_requested": 1, "copies_completed": 1,
        "color_mode": "mono", "sides": "two-sided", "n_up": 1, "paper_size": "A4", "paper_type": "plain", "finishing": "staple",
        "size_bytes": 9007199254740992, "account_code": "-", "count_source": "printer", "origin": "cups", "format_version": 99,
        "source_key": "k1",
    }  # fmt: skip
    imported(cli, json.dumps(given) + "\n")
    cli("settings", "set", "preferences.time_zone=Asia/Tokyo").ok()
    expected = {
        **given, "seq": 1, "job_id": 18, "started_at": "2026-06-09T10:30:21+09:00", "ended_at_utc": "2026-06-09T01:30:25Z",
        "department_id": "0000321", "destination": None, "faces_color": 0, "count_source": "unknown", "origin": "api", "format_version": 1,
    }  # fmt: skip
    del expected["source_key"]
    assert jobs(cli) == [expected]


@pytest.mark.parametrize("size, cut", [(1023, 0), (1024, 1), (1_000_000, 1), (1 << 20, 1)])
def test_a_long_title_is_cut_and_counted(cli, size, cut):
    assert imported(cli, line(document_name="あ" * (size // 3) + "x" * (size % 3))).json()["cut"] == cut
    title = jobs(cli)[0]["document_name"]
    assert len(title.encode()) <= 1023 and title.startswith("あああ")


def test_a_line_without_end_costs_no_memory_and_is_refused(cli):
    def endless():
        yield line(user_name="before").encode()
        for _ in range(64):
            yield b"x" * (1 << 20)
        yield b"\n" + line(user_name="after").encode()

    result = imported(cli, b"".join(endless()), code=3)
    assert "line 2: longer" in result.err and result.json()["rejected"] == 1
    assert [job["user_name"] for job in jobs(cli)] == ["before", "after"]


def test_the_same_file_twice_stores_nothing_twice(cli):
    text = "".join(line(user_name=f"u{i % 40}", sheets=i % 7) for i in range(3000))
    assert imported(cli, text).json()["stored"] == 3000
    again = imported(cli, text).json()
    assert again["stored"] == 0 and again["duplicates"] == 3000
    more = imported(cli, text + line(user_name="u0", sheets=0)).json()
    assert more["stored"] == 1 and more["duplicates"] == 3000


def test_the_same_key_with_other_content_is_a_conflict(cli):
    imported(cli, line(source_key="a", sheets=1))
    result = imported(cli, line(source_key="a", sheets=1) + line(source_key="a", sheets=2)).json()
    assert result["duplicates"] == 1 and result["conflicts"] == 1
    assert [job["sheets"] for job in jobs(cli)] == [1]


def test_sources_are_kept_apart(cli):
    imported(cli, line(), "--source", "tokyo")
    assert imported(cli, line(), "--source", "osaka").json()["stored"] == 1
    assert imported(cli, line(), "--source", "TOKYO").json()["duplicates"] == 1
    cli("sources", "add", "cups", "ipp://127.0.0.1:1/").ok()
    imported(cli, line(), "--source", "cups", code=2)


def test_blank_lines_bom_and_crlf_do_no_harm(cli):
    text = "\ufeff" + line(user_name="a").replace("\n", "\r\n") + "\r\n  \n\n" + line(user_name="b").rstrip("\n")
    assert imported(cli, text).json()["lines"] == 2
    assert [job["user_name"] for job in jobs(cli)] == ["a", "b"]


def test_what_a_slow_sender_has_sent_is_stored_before_the_rest_comes(cli, state):
    words = [lab.program(), "--state", str(state), "jobs", "import", "--format", "ndjson", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdin.write((line(user_name="first") + '{"ended_at":').encode())
        process.stdin.flush()
        lab.wait_until(lambda: cli("jobs", "list", "--json").code == 0 and len(jobs(cli)) == 1)
        process.stdin.write(b'"2026-06-09T10:30:25Z","job_type":"print"}')
        process.stdin.close()
        assert process.wait(30) == 0
    assert len(jobs(cli)) == 2


def test_an_import_that_is_killed_is_finished_by_the_same_file(cli, state, tmp_path):
    random.seed(7)
    lines = [line(user_name=f"u{random.randrange(50)}", sheets=random.randrange(4)).encode() for _ in range(60000)]
    words = [lab.program(), "--state", str(state), "jobs", "import", "--format", "ndjson", "-"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdin.write(b"".join(lines[:45000]))
        lab.wait_until(lambda: cli("status", "--json").code == 0 and cli("status", "--json").json()["jobs"] > 0)
        process.kill()
        process.wait()
    held = cli("status", "--json").ok().json()["jobs"]
    assert 0 < held <= 45000
    file = tmp_path / "jobs.ndjson"
    file.write_bytes(b"".join(lines))
    result = cli("jobs", "import", file, "--json").ok().json()
    assert result["stored"] == 60000 - held and result["duplicates"] == held
    assert cli("status", "--json").ok().json()["jobs"] == 60000
    cli("store", "check").ok()


def test_two_imports_at_once_store_everything_once(cli, state, tmp_path):
    text = "".join(line(user_name=f"u{i}") for i in range(5000))
    file = tmp_path / "jobs.ndjson"
    file.write_text(text, encoding="utf-8")
    first, second = (lab.product.start_cli("jobs", "import", file, "--json", state=state) for _ in range(2))
    stored = [json.loads(process.communicate(timeout=60)[0])["stored"] for process in (first, second)]
    assert first.returncode == 0 and second.returncode == 0
    assert sorted(stored) == [0, 5000]


def header_and_rows(cli, tmp_path):
    cli("export", "range", "--from", "2026-06-08", "--to", "2026-06-09", "--download", tmp_path).ok()
    files = list(tmp_path.glob("rangeexport_*.csv"))
    assert len(files) == 1
    return files[0]


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("csv.encoding=utf-8", "csv.header=en", "csv.separator=semicolon"),
        ("csv.separator=tab", "preferences.date_format=dmy", "preferences.time_zone=America/New_York"),
        ("csv.formula_guard=false", "preferences.date_format=mdy"),
        ("csv.encoding=cp932", "preferences.time_zone=Asia/Tokyo"),
        ("csv.encoding=cp932", "csv.header=en"),
    ],
)
def test_our_own_csv_reads_back_to_the_same_jobs(tmp_path, values):
    first, second = tmp_path / "first", tmp_path / "second"
    texts = ["=1+1", "'quoted", "''", "見積書, \"2\"", "a\r\nb", " \t x", "@x", "-", "+", "  =x", "テスト"]
    text = "".join(line(document_name=t, user_name=t, sheets=i, faces_total=None, department_id="12") for i, t in enumerate(texts))
    for state in (first, second):
        lab.run_cli("settings", "set", "users.own_jobs=true", *values, state=state).ok()
    lab.run_cli("jobs", "import", "--format", "ndjson", "-", state=first, input=text).ok()
    folder = tmp_path / "files"
    folder.mkdir()
    file = header_and_rows(lambda *words: lab.run_cli(*words, state=first), folder)
    lab.run_cli("jobs", "import", file, state=second).ok()

    def held(state):
        return [{**job, "origin": None} for job in lab.run_cli("jobs", "list", "--json", state=state).ok().json()]

    assert held(second) == held(first)
    assert {job["origin"] for job in lab.run_cli("jobs", "list", "--json", state=second).json()} == {"csv"}
    assert lab.run_cli("jobs", "import", file, "--json", state=second).ok().json()["duplicates"] == len(texts)


CSV = "seq,job_type,ended_at_utc,user_name,sheets\r\n"


@pytest.mark.parametrize(
    "text, words",
    [
        ("seq,job_type,ended_at_utc,colour\r\n1,print,2026-06-09T01:00:00Z,x\r\n", "colour"),
        ("a,b,c\r\n1,2,3\r\n", ""),
        ("seq,user_name\r\n1,x\r\n", ""),
        ("job_type,ended_at_utc,ended_at_utc\r\n", "ended_at_utc"),
        ("", ""),
        (b"\x00\x01\x02\x03" * 1000, ""),
        (b"\x7fELF" + bytes(range(256)) * 100, ""),
    ],
)
def test_a_csv_with_wrong_columns_is_refused_whole(cli, text, words):
    result = imported(cli, text, format="csv", code=2)
    assert words in result.err and result.err
    assert cli("status", "--json").ok().json()["jobs"] == 0


def test_a_bad_csv_line_is_named_and_the_others_are_stored(cli):
    rows = [
        "1,print,2026-06-09T01:00:00Z,a,1",
        "2,print,2026-06-09T01:00:00Z,b",
        "3,print,2026-06-09T01:00:00Z,c,x",
        "4,dance,2026-06-09T01:00:00Z,d,1",
        "5,print,0000-06-09T01:00:00Z,e,1",
        "6,print,9999-06-09T01:00:00Z,f,1",
        '7,print,2026-06-09T01:00:00Z,"g\r\ng",',
        "8,print,2026-06-09T01:00:00Z,h,0",
    ]
    result = imported(cli, CSV + "\r\n".join(rows) + "\r\n", format="csv", code=3)
    assert result.json()["rejected"] == 5 and result.json()["stored"] == 3
    for number in (3, 4, 5, 6, 7):
        assert f"line {number}:" in result.err
    assert [(job["user_name"], job["sheets"]) for job in jobs(cli)] == [("a", 1), ("g\r\ng", None), ("h", 0)]


def test_a_page_log_reads_as_jobs_and_torn_lines_are_told(cli):
    text = CORPUS.read_bytes()
    first = cli("jobs", "import", "--format", "page_log", "-", "--json", input=text)
    assert first.code == 3 and first.json()["rejected"] == 12 and first.json()["stored"] == first.json()["lines"] - 12
    again = cli("jobs", "import", "--format", "page_log", "-", "--json", input=text).ok(3).json()
    assert again["stored"] == 0 and again["duplicates"] == first.json()["stored"]
    job = jobs(cli, "--limit", "1")[0]
    assert job["origin"] == "page_log" and job["result"] == "--" and job["job_type"] == "print"


def test_a_file_that_is_not_there_is_named(cli, tmp_path):
    assert "nowhere.csv" in cli("jobs", "import", tmp_path / "nowhere.csv").ok(4).err
    assert "folder" in cli("jobs", "import", "--format", "csv", tmp_path).ok(2).err
    assert not (tmp_path / "state").exists()


def test_memory_does_not_grow_with_the_file(cli, state, tmp_path):
    """The peak of the process itself; a sanitizer would keep what was freed."""
    options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))

    def peak(count):
        file = tmp_path / f"{count}.ndjson"
        with open(file, "w", encoding="utf-8") as out:
            for i in range(count):
                out.write(line(user_name=f"u{i}", document_name="見積書" * 100))
        words = [lab.program(), "--state", str(state), "jobs", "import", str(file)]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL, env={**os.environ, "ASAN_OPTIONS": options}) as process:
            _, code, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(code)
        assert process.returncode == 0
        return usage.ru_maxrss, file.stat().st_size // 1024

    small, _ = peak(5000)
    large, kept = peak(60000)
    assert large - small < kept / 3
