# SPDX-License-Identifier: GPL-3.0-or-later
"""Polling real servers: every finished job once, whatever happens to the server or to us in between."""

import time

import lab
import pytest
from ipp_source import Source, uuids


@pytest.fixture
def server():
    """A cupsd of its own with a raw queue."""
    with lab.Cups() as cups:
        cups.add_queue("raw")
        yield cups


@pytest.fixture
def source(server, tmp_path):
    return Source("cups", server.uri, tmp_path)


def print_many(server, count, **options):
    for _ in range(count):
        server.print_raw("raw", b"data", **options)
    server.wait_finished()


def test_jobs_of_several_users_are_collected_once_across_polls(cups, pdf, tmp_path):
    source = Source("cups", cups.uri, tmp_path)
    source.poll()
    users = ["tanaka", "佐藤 花子", "SALES\\sato", "o'brien"]
    sent = [cups.lp("demo", pdf, user=user, title=f"見積書 {n}") for n, user in enumerate(users)]
    seen = []
    lab.wait_until(lambda: seen.extend(source.poll().new) or len(seen) >= len(users), 60, "all jobs collected")
    seen += source.poll().new
    assert sorted(job["job_id"] for job in seen) == sent
    assert [job["user_name"] for job in sorted(seen, key=lambda j: j["job_id"])] == ["tanaka", "佐藤 花子", "sato", "o'brien"]
    assert [job["result"] for job in seen] == ["OK"] * 4
    assert all(job["faces_total"] == 3 and job["sheets"] == 3 and job["device_id"] == "demo" for job in seen)
    assert source.conflicts == 0


def test_duplex_sheets_and_outcomes(cups, pdf, tmp_path):
    source = Source("cups", cups.uri, tmp_path)
    source.poll()
    duplex = cups.lp("demo", pdf, title="duplex", copies=2, options={"sides": "two-sided-long-edge", "media": "A4"})
    failed = cups.lp("demo", pdf, title="ABORTME")
    held = cups.lp("demo", pdf, title="canceled", hold=True)
    cups.cancel(held)
    cups.wait_finished(duplex, failed)
    jobs = {job["job_id"]: job for job in source.poll().new}
    assert jobs[duplex]["result"] == "OK"
    assert (jobs[duplex]["faces_total"], jobs[duplex]["sheets"], jobs[duplex]["copies_completed"]) == (8, 4, 2)
    assert jobs[duplex]["paper_size"] == "iso_a4_210x297mm"
    assert jobs[duplex]["sides"] == "two-sided-long-edge"
    assert jobs[failed]["result"] == "STOP"  # cupsd says so of what the printer aborted
    assert "faces_total" not in jobs[failed] and jobs[failed]["count_source"] == "unknown"
    assert jobs[held]["result"] == "STOP" and "started_at" not in jobs[held]


def test_a_raw_queue_counts_nothing_and_says_so(server, source):
    number = server.print_raw("raw", b"data")
    server.wait_finished()
    job, = source.poll().new
    assert (job["job_id"], job["result"], job["count_source"]) == (number, "OK", "unknown")
    assert "faces_total" not in job and "sheets" not in job


def test_nasty_titles_and_users_arrive_as_valid_text(server, source):
    titles = ["line1\nline2".encode(), "見積書".encode("shift_jis"), b"=cmd|' /C calc'!A0", "共".encode() * 340]
    numbers = [server.print_raw("raw", b"data", user=b"x\xff", title=title) for title in titles]
    server.wait_finished()
    jobs = {job["job_id"]: job for job in source.poll().new}
    names = [jobs[number]["document_name"] for number in numbers]
    assert names[0] == "line1\nline2"
    assert names[1] and "\ufffd" in names[1]
    assert names[2] == "=cmd|' /C calc'!A0"
    assert names[3] == "共" * 340
    assert {jobs[number]["user_name"] for number in numbers} == {"anonymous"}  # cupsd's word for a name it refuses


def test_more_than_five_hundred_new_jobs_come_in_one_poll(server, source):
    print_many(server, 1)
    source.poll()
    server.make_history(1200)
    poll = source.poll()
    assert len(poll.new) == 1200 and not poll.report["gap"] and not poll.report["reset"]
    assert source.keys() == uuids(server)


def test_a_poll_that_runs_out_of_time_goes_on_next_time(server, source):
    print_many(server, 1)
    server.make_history(1200)
    first = source.poll(deadline=1)
    assert first.report["more"] and 0 < len(first.new) < 1201
    second = source.poll(deadline=1)
    assert second.report["more"] and second.jobs and not {j["key"] for j in second.jobs} & {j["key"] for j in first.jobs}
    assert not source.poll().report["more"]
    assert source.keys() == uuids(server) and len(source.jobs()) == 1201 and source.repeats == 0


def test_a_collector_that_was_away_catches_up(server, source):
    print_many(server, 2)
    source.poll()
    held = server.lp("raw", __file__, hold=True)
    source.poll()
    print_many(server, 60)
    server.release(held)
    server.wait_finished()
    assert len(source.poll().new) == 61
    assert source.keys() == uuids(server)


def test_a_receiver_that_failed_gets_the_jobs_again(server, source):
    print_many(server, 3)
    failed = source.poll("--failing-sink")
    assert failed.code == "X19" and failed.new == []
    assert len(source.poll().new) == 3


def test_a_clean_restart_of_cupsd_loses_and_doubles_nothing(server, source):
    print_many(server, 5)
    source.poll()
    held = server.lp("raw", __file__, hold=True)
    source.poll()
    server.halt()
    down = source.poll()
    assert down.code == "S01"
    server.restart()
    server.release(held)
    print_many(server, 5)
    poll = source.poll()
    assert len(poll.new) == 6 and not poll.report["reset"] and not poll.report["gap"]
    assert source.keys() == uuids(server)


def test_numbers_given_out_twice_after_a_crash_are_other_jobs(tmp_path):
    with lab.Cups(dirty_clean=300) as server:  # keeps queues and unfinished jobs in memory only
        server.add_queue("raw")
        server.restart()
        source = Source("cups", server.uri, tmp_path)
        print_many(server, 3)
        held = [server.lp("raw", __file__, title="held", user="ito", hold=True) for _ in range(4)]
        before = source.poll()
        assert before.report["open"] == 4 and len(before.new) == 3
        server.kill()
        server.start()
        server.add_queue("raw")
        survived = {job["job-id"] for job in server.jobs()}
        assert not survived & set(held)
        time_passes(before)
        print_many(server, 6)  # finished ones may have vanished, too
        again = {job["job-id"] for job in server.jobs()} - survived
        assert again & set(held), "cupsd did not give numbers out twice"
        after = source.poll()
        assert after.report["reset"] and after.report["lost"] == 4
        lost = [job for job in after.new if job["result"] == "--"]
        assert [job["user_name"] for job in lost] == ["ito"] * 4 and all("ended_at" not in job for job in lost)
        assert {job["key"] for job in after.new if job["result"] == "OK"} == uuids(server) - {j["key"] for j in before.new}
        assert source.poll().new == []


def time_passes(poll):
    """Until the next second: creation times have no fractions."""
    last = max(job["accepted_at"] for job in poll.new)
    lab.wait_until(lambda: time.time() >= last + 2, 5, "the next second", pause=0.1)


def test_ids_that_begin_again_at_one_are_new_jobs(server, source):
    print_many(server, 8)
    first = source.poll()
    time_passes(first)
    server.forget_numbers()
    print_many(server, 5)
    poll = source.poll()
    assert poll.report["reset"] and not poll.report["gap"]
    assert sorted(job["job_id"] for job in poll.new) == [1, 2, 3, 4, 5]
    assert not any(job["cumulative"] for job in poll.new)
    assert len(source.jobs()) == 13
    print_many(server, 6)
    poll = source.poll()
    assert sorted(job["job_id"] for job in poll.new) == [6, 7, 8, 9, 10, 11]
    assert not poll.report["reset"] and len(source.jobs()) == 19


def test_history_purged_by_max_jobs_is_a_gap(tmp_path):
    with lab.Cups(max_jobs=10) as server:
        server.add_queue("raw")
        source = Source("cups", server.uri, tmp_path)
        print_many(server, 3)
        assert not source.poll().report["gap"]
        print_many(server, 5)
        assert not source.poll().report["gap"]
        print_many(server, 30)
        poll = source.poll()
        assert poll.report["gap"] and not poll.report["reset"] and 0 < len(poll.new) < 30
        print_many(server, 4)
        poll = source.poll()
        assert not poll.report["gap"] and len(poll.new) == 4


def test_a_purge_of_everything_is_no_reset_and_no_gap(server, source):
    print_many(server, 4)
    source.poll()
    server.purge()
    empty = source.poll()
    assert empty.new == [] and not empty.report["gap"]
    print_many(server, 2)
    poll = source.poll()
    assert len(poll.new) == 2 and not poll.report["reset"] and not poll.report["gap"]


def test_a_server_that_keeps_no_history_is_a_gap_at_each_poll_with_jobs(tmp_path):
    with lab.Cups(preserve_history="No") as server:
        server.add_queue("raw")
        source = Source("cups", server.uri, tmp_path)
        held = server.lp("raw", __file__, title="waits", hold=True)
        assert source.poll().report["open"] == 1
        server.cancel(held)
        poll = source.poll()
        assert poll.report["lost"] == 1 and poll.new[0]["result"] == "--" and poll.new[0]["document_name"] == "waits"
        print_many(server, 3)
        last = server.lp("raw", __file__, hold=True)
        poll = source.poll()
        assert poll.report["gap"] and poll.report["open"] == 1
        server.cancel(last)


def test_a_job_printed_again_is_a_run_of_its_own(cups, pdf, tmp_path):
    source = Source("cups", cups.uri, tmp_path)
    source.poll()
    number = cups.lp("demo", pdf, title="again")
    cups.wait_finished(number)
    first, = source.poll().new
    time_passes_job(first)
    cups.reprint(number)
    cups.wait_finished(number)
    second, = source.poll().new
    assert second["key"] == first["key"] and second["ended_at"] > first["ended_at"]
    assert not first["cumulative"] and second["cumulative"]
    assert (first["faces_total"], second["faces_total"]) == (3, 6)
    assert source.poll().new == []


def test_one_queue_of_a_print_server_can_be_polled_like_a_printer(cups, pdf, tmp_path):
    source = Source("printer", f"{cups.uri}printers/demo", tmp_path)
    source.poll()
    number = cups.lp("demo", pdf, title="as a printer")
    cups.wait_finished(number)
    first, = source.poll().new
    assert (first["job_id"], first["count_source"], first["result"]) == (number, "server", "OK")
    time_passes_job(first)
    cups.reprint(number)
    cups.wait_finished(number)
    again, = source.poll().new
    assert again["cumulative"] and (first["faces_total"], again["faces_total"]) == (3, 6)


def time_passes_job(job):
    lab.wait_until(lambda: time.time() >= job["ended_at"] + 2, 5, "the next second", pause=0.1)


def test_held_and_stopped_jobs_are_shown_and_are_not_history(cups, tmp_path):
    source = Source("cups", cups.uri, tmp_path)
    source.poll()
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\nnothing that could be printed\n")
    held = cups.lp("demo", broken, title="held\nback", hold=True)
    stopped = cups.lp("demo", broken, title="broken")
    cups.wait_state(stopped, 6)
    poll = source.poll()
    assert poll.new == [] and poll.report["open"] == 2
    assert poll.report["open_jobs"].splitlines() == [f"{held} held held back", f"{stopped} stopped broken"]
    cups.cancel(held)
    cups.cancel(stopped)
    ended = {job["job_id"]: job["result"] for job in source.poll().new}
    assert ended == {held: "STOP", stopped: "STOP"}


def test_debians_privacy_policy_hides_nothing_from_us(tmp_path):
    with lab.Cups(policy="private") as server:
        server.add_queue("raw")
        server.print_raw("raw", b"data", user=b"alice", title=b"secret")
        server.wait_finished()
        stranger, = server.jobs(user="nobody")
        assert "job-name" not in stranger and "job-originating-user-name" not in stranger
        source = Source("cups", server.uri, tmp_path)
        poll = source.poll()
        assert not poll.report["hidden"]
        assert (poll.new[0]["user_name"], poll.new[0]["document_name"]) == ("alice", "secret")
        assert not source.test().report["hidden"]


def test_a_server_that_wants_a_log_in_is_read_by_its_socket_file(tmp_path):
    with lab.Cups(policy="login") as server:
        server.add_queue("raw")
        number = server.print_raw("raw", b"data")
        by_network = Source("cups", server.uri, tmp_path)
        assert by_network.poll().code == "S02" and by_network.test().code == "S02"
        by_socket = Source("cups", server.socket, tmp_path)
        lab.wait_until(lambda: by_socket.poll().new or by_socket.jobs(), 20, "the job")
        assert [job["job_id"] for job in by_socket.jobs()] == [number]


def test_moved_jobs_are_one_job(server, source):
    server.add_queue("other")
    number = server.lp("raw", __file__, hold=True)
    source.poll()
    server.move(number, "other")
    server.release(number)
    server.wait_finished()
    job, = source.poll().new
    assert job["device_id"] == "other"


def test_the_same_queue_by_another_name_is_the_same_device(cups, pdf, tmp_path):
    number = cups.lp("demo", pdf)
    cups.wait_finished(number)
    by_name = Source("cups", f"ipp://localhost:{cups.port}/", tmp_path / "..")
    by_address = Source("cups", cups.uri, tmp_path)
    for source in (by_name, by_address):
        source.cursor.unlink(missing_ok=True)
        source.poll()
    assert by_name.keys() == by_address.keys()
    assert {j["device_id"] for j in by_name.jobs()} == {j["device_id"] for j in by_address.jobs()}


def test_a_printer_is_polled_and_its_times_become_absolute(printer, pdf, tmp_path):
    source = Source("printer", printer.uri, tmp_path)
    source.poll()
    start = time.time()
    number = printer.print_raw(pdf.read_bytes(), user=b"tanaka", title="見積書".encode())
    failed = printer.print_raw(pdf.read_bytes(), title=b"ABORTME") if wait_idle(printer) else 0
    printer.wait_finished()
    poll = source.poll()
    jobs = {job["job_id"]: job for job in poll.new}
    assert poll.report["server"]
    assert (jobs[number]["result"], jobs[number]["faces_total"], jobs[number]["count_source"]) == ("OK", 3, "printer")
    assert jobs[number]["origin"] == "ipp" and jobs[number]["device_name"] == "Lab MFP"
    assert jobs[number]["device_id"].startswith("urn:uuid:")
    assert jobs[failed]["result"] == "NG" and "faces_total" not in jobs[failed]
    for job in jobs.values():
        assert start - 2 <= job["accepted_at"] <= job["ended_at"] <= time.time() + 1
    again = source.poll()
    assert again.jobs == [] and source.conflicts == 0


def wait_idle(printer):
    """It takes one job at a time."""
    printer.wait_finished()
    return True


def test_a_printer_that_was_switched_off_begins_a_new_epoch(pdf, tmp_path):
    with lab.IppPrinter() as printer:
        source = Source("printer", printer.uri, tmp_path)
        for _ in range(2):
            printer.print_raw(pdf.read_bytes(), title=b"before")
            printer.wait_finished()
        started = time.time()
        assert len(source.poll().new) == 2
        lab.wait_until(lambda: time.time() >= started + 2, 5, "an up-time that can go back", pause=0.1)
        assert source.poll().new == []
        printer.restart()
        printer.print_raw(pdf.read_bytes(), title=b"after")
        printer.wait_finished()
        poll = source.poll()
        assert poll.report["reset"] and poll.titles() == ["after"]
        assert [job["job_id"] for job in poll.new] == [1]
        assert len(source.jobs()) == 3 and abs(poll.new[0]["ended_at"] - time.time()) < 30


def test_a_hanging_printer_costs_its_timeout_and_no_job(pdf, tmp_path):
    with lab.IppPrinter() as printer:
        source = Source("printer", printer.uri, tmp_path, timeout=1000)
        printer.print_raw(pdf.read_bytes())
        printer.wait_finished()
        printer.pause()
        poll = source.poll()
        printer.resume()
        assert poll.code == "S01" and poll.error["ms"] < 2500
        assert len(source.poll().new) == 1
