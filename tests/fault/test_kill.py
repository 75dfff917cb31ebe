# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 of the program and of the helper at each named step of an export, against real servers: nothing missing, nothing twice (SPEC RW8)."""

import signal

import pytest

from ledger import FolderReceiver, MailReceiver, check_exactly_once, run_until_done, write_jobs

PROGRAM = ("export.started", "export.collected", "export.planning", "export.planned", "spool.written", "export.spooled", "export.sending", "deliver.uploaded",
           "export.uploaded", "export.closing", "deliver.go", "export.answered", "export.delivered", "export.ended")
HELPER = ("helper.start", "helper.uploaded", "helper.go", "helper.finished")
# A mail may come twice, with the same Message-ID and bytes, only from here on: between the final dot and the commit of its 250.
MAIL_WINDOW = {"deliver.go", "export.answered", "helper.go", "helper.finished"}


@pytest.fixture(params=["smb", "ftp", "mail"])
def receiver(request):
    method = request.param
    if method == "smb":
        samba = request.getfixturevalue("samba")
        folder = samba.folder()
        return FolderReceiver(folder, samba.settings(folder))
    if method == "ftp":
        ftp = request.getfixturevalue("ftp")
        folder = ftp.folder()
        return FolderReceiver(folder, ftp.settings(folder))
    exim = request.getfixturevalue("exim")
    exim.clear()
    return MailReceiver(exim, exim.settings(to="archive@example.com", port=exim.plain_port))


@pytest.fixture
def jobs(cli, receiver, tmp_path):
    names = write_jobs(tmp_path / "jobs.ndjson")
    cli("settings", "set", *receiver.settings).ok()
    cli("jobs", "import", "--format", "ndjson", tmp_path / "jobs.ndjson").ok()
    return names


@pytest.mark.parametrize("passage", [1, 2])
@pytest.mark.parametrize("point", PROGRAM)
def test_a_program_killed_at_any_step_loses_and_doubles_nothing(cli, receiver, jobs, point, passage):
    killed = cli("export", "run", env={"PT_FAULT": f"{point}:{passage}"})
    per_file = point not in ("export.started", "export.collected", "export.planning", "export.planned", "export.ended")
    if passage == 1 or per_file:
        assert killed.code == -signal.SIGKILL, f"{point} was never reached: {killed}"
    run_until_done(cli)
    check_exactly_once(receiver, jobs, cli)
    if isinstance(receiver, MailReceiver) and point not in MAIL_WINDOW:
        assert receiver.repeats == 0


@pytest.mark.parametrize("point", HELPER)
def test_a_helper_killed_at_any_step_loses_and_doubles_nothing(cli, receiver, jobs, point):
    first = cli("export", "run", env={"PT_FAULT": point})
    assert first.code != -signal.SIGKILL
    run_until_done(cli)
    check_exactly_once(receiver, jobs, cli)
    if isinstance(receiver, MailReceiver) and point not in MAIL_WINDOW:
        assert receiver.repeats == 0


@pytest.mark.parametrize("point", ["export.closing", "deliver.go", "export.answered"])
def test_a_kill_during_the_resolution_of_a_kill_is_resolved_too(cli, receiver, jobs, point):
    assert cli("export", "run", env={"PT_FAULT": point}).code == -signal.SIGKILL
    cli("export", "run", env={"PT_FAULT": "export.resolved"})
    run_until_done(cli)
    check_exactly_once(receiver, jobs, cli)


def test_late_jobs_after_a_crash_come_in_a_revision_and_once(cli, receiver, jobs, tmp_path):
    assert cli("export", "run", env={"PT_FAULT": "export.closing:2"}).code == -signal.SIGKILL
    late = write_jobs(tmp_path / "late.ndjson", days=(2,), tag="late")
    cli("jobs", "import", "--format", "ndjson", tmp_path / "late.ndjson").ok()
    run_until_done(cli)
    check_exactly_once(receiver, jobs + late, cli)
    assert any("_2.csv" in name for name in receiver.files())
