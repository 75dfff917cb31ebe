# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that misbehave: the right error in both languages, within the deadline, and no job lost or doubled."""

import lab
import pytest
from ipp_source import Source
from lab import ipp

MODES = {"hang": "S01", "401": "S02", "junk": "S03", "html": "S03", "trunc": "S03", "endless-bytes": "S03", "endless-jobs": "S03",
         "endless-header": "S03", "dribble": "S01", "huge-length": "S03", "error-500": "S01", "closed": "S01"}
TIMEOUT, SLACK = 1500, 1500  # ms; half a second is promised, the rest is for a busy machine
OK, PRINTER = 0x0000, [(ipp.NAME, "printer-name", "one"), (ipp.URI, "printer-uuid", "urn:uuid:42")]


def answer(jobs=(), code=OK, printer=(), operation=()):
    return ipp.message(code, 1, operation, jobs=jobs, printer=printer)


def sample(number, **changes):
    return ipp.sample_job(number, **changes)


@pytest.mark.parametrize("kind", ["cups", "printer"])
@pytest.mark.parametrize("mode", MODES)
def test_a_server_that_misbehaves_gets_its_code_in_time(mode, kind, tmp_path):
    assert set(MODES) == set(lab.BadIpp.MODES)
    with lab.BadIpp(mode=mode) as server:
        source = Source(kind, server.uri, tmp_path, timeout=TIMEOUT)
        for result in (source.poll(), source.test()):
            assert result.code == MODES[mode] and result.jobs == []
            assert result.error["ms"] < TIMEOUT + SLACK
            assert f"{server.host}:{server.port}" in result.error["en"]
            assert any(ord(c) > 0x3000 for c in result.error["ja"])


@pytest.mark.parametrize("scheme", ["ipp", "ipps"])
@pytest.mark.parametrize("server", [lab.Deaf, lab.BlackHole])
def test_silence_is_cut_off(server, scheme, tmp_path):
    with server() as silent:
        result = Source("printer", f"{scheme}://{silent.host}:{silent.port}/ipp/print", tmp_path, timeout=TIMEOUT).poll()
    assert result.code == "S01" and result.error["ms"] < TIMEOUT + SLACK


@pytest.mark.parametrize("uri, code", [("ipp://127.0.0.1:1/", "S01"), ("ipps://127.0.0.1:1/", "S01"), ("/nonexistent/cups.sock", "S01"),
                                       ("ipp://no-such-host.invalid/", "S01"), ("http://127.0.0.1/", "INPUT")])
def test_nobody_there(uri, code, tmp_path):
    assert Source("cups", uri, tmp_path).poll().code == code


@pytest.mark.parametrize("status, code", [(0x0507, "S01"), (0x0502, "S01"), (0x0500, "S01"), (0x0401, "S02"), (0x0402, "S02"),
                                          (0x0403, "S02"), (0x0501, "S03"), (0x0400, "S03"), (0x7fff, "S03")])
def test_refusals_by_ipp_status(status, code, tmp_path):
    with lab.BadIpp(replies=[answer(code=status)]) as server:
        assert Source("cups", server.uri, tmp_path).poll().code == code
        assert Source("printer", server.uri, tmp_path).poll().code == code


def test_an_old_printer_is_asked_in_its_own_version(tmp_path):
    replies = [answer(code=0x0503), answer(printer=PRINTER), answer(), answer([sample(1)])]
    with lab.BadIpp(replies=replies) as server:
        poll = Source("printer", server.uri, tmp_path).poll()
        assert len(poll.new) == 1
        assert [request[1][:2] for request in server.requests] == [b"\2\0", b"\1\1", b"\1\1", b"\1\1"]


def test_every_question_names_its_attributes(tmp_path):
    with lab.BadIpp(replies=[answer(printer=PRINTER), answer([sample(1)])]) as server:
        Source("cups", server.uri, tmp_path).poll()
        for _, request in server.requests:
            _, groups = ipp.parse(request)
            wanted = groups[0][1]["requested-attributes"]
            assert len(wanted) > 5 and "all" not in wanted
            assert groups[0][1]["requesting-user-name"] == ["root"]


def test_hidden_users_are_unknown_and_reported(tmp_path):
    hidden = sample(1, job_name=None, job_originating_user_name=None)
    with lab.BadIpp(replies=[answer(printer=PRINTER), answer([hidden])]) as server:
        source = Source("cups", server.uri, tmp_path)
        poll = source.poll()
        assert poll.report["hidden"] and "user_name" not in poll.new[0] and "document_name" not in poll.new[0]
        assert source.test().report["hidden"]


def test_a_server_that_ignores_first_job_id_is_not_asked_for_ever(tmp_path):
    with lab.BadIpp(replies=[answer(printer=PRINTER), answer([sample(n) for n in range(1, 101)])]) as server:
        source = Source("cups", server.uri, tmp_path)
        assert len(source.poll().new) == 100 and len(server.requests) < 10
        assert source.poll().new == [] and len(source.jobs()) == 100


def test_jobs_of_a_printer_that_came_and_went_between_two_polls_are_a_gap(tmp_path):
    replies = [answer(printer=PRINTER), answer(), answer([sample(1), sample(2)]),
               answer(), answer([sample(2), sample(3)]),
               answer(), answer([sample(4)]),
               answer(), answer([sample(7)])]
    with lab.BadIpp(replies=replies) as server:
        source = Source("printer", server.uri, tmp_path)
        assert [source.poll().report["gap"] for _ in range(4)] == [False, False, False, True]
        assert sorted(job["job_id"] for job in source.jobs()) == [1, 2, 3, 4, 7]


def test_a_job_that_vanished_from_a_printer_is_lost(tmp_path):
    waiting = sample(3, job_state=5, time_at_completed=None, job_name="gone")
    with lab.BadIpp(replies=[answer(printer=PRINTER), answer([waiting]), answer([sample(2)]), answer(), answer([sample(2)])]) as server:
        source = Source("printer", server.uri, tmp_path)
        first, second, third = source.poll(), source.poll(), source.poll()
        assert first.report["open"] == 1 and first.report["open_jobs"] == "3 processing gone\n"
        assert second.report["lost"] == 1 and second.report["open"] == 0
        lost, = second.new
        assert (lost["result"], lost["job_id"], lost["document_name"], lost["device_id"]) == ("--", 3, "gone", "urn:uuid:42")
        assert third.report["lost"] == 0 and third.new == []


def test_a_printer_without_uuids_and_with_times_since_its_start(tmp_path):
    def job(number, created, completed, up_time):
        return sample(number, job_uuid=None, time_at_creation=created, time_at_processing=None, time_at_completed=completed,
                      job_printer_up_time=up_time)

    replies = [answer(printer=PRINTER), answer(), answer([job(1, 10, 20, 1000)]),
               answer(), answer([job(1, 10, 20, 1031), job(2, 1005, 1010, 1031)]),
               answer(), answer([job(1, 10, 20, 60)])]  # switched off and on: the same numbers, another job
    now = 1_790_000_000
    with lab.BadIpp(replies=replies) as server:
        source = Source("printer", server.uri, tmp_path)
        first, second, third = source.poll(now=now), source.poll(now=now + 30), source.poll(now=now + 600)
        assert [job["ended_at"] for job in first.new] == [now - 980]
        assert [job["ended_at"] for job in second.new] == [now + 10] and source.repeats == 0  # a second's difference moves nothing
        assert third.report["reset"] and [job["ended_at"] for job in third.new] == [now + 600 - 40]
        assert len({job["key"] for job in source.jobs()}) == 3


def test_the_reasons_of_a_new_cupsd_are_believed(tmp_path):
    bad = sample(1, job_state_reasons="job-completed-with-errors")
    for version, result in (("2.4.7", "OK"), ("2.4.8", "NG"), ("2.10.0", "NG"), (None, "OK")):
        printer = PRINTER + ([(ipp.TEXT, "cups-version", version)] if version else [])
        with lab.BadIpp(replies=[answer(printer=printer), answer([bad])]) as server:
            job, = Source("cups", server.uri, tmp_path / str(version)).poll(cursor=tmp_path / f"c{version}").new
            assert job["result"] == result, version


def test_collections_without_end_and_other_traps_do_no_harm(tmp_path):
    deep = b"\x34\x00\x01c\x00\x00" + b"\x4a\x00\x00\x00\x01m\x34\x00\x00\x00\x00" * 100_000
    whole = answer()
    with lab.BadIpp(replies=[whole[:-1] + deep + b"\x03"]) as server:
        poll = Source("printer", server.uri, tmp_path).poll()
        assert poll.code == "S03" and poll.error["ms"] < 2000
