# SPDX-License-Identifier: GPL-3.0-or-later
"""A row that waits in `closing` while the world goes on: other runs, lost files, new passwords."""

import signal

import house
import lab


def killed(home, fault):
    process = home.start("export", "run", env={"PT_FAULT": fault})
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_a_file_that_the_server_lost_is_sent_again_although_it_was_planned_in_an_earlier_run(tmp_path, samba, share):
    """The 6th went in the first run and is still there, so nobody takes files away: the 7th, which was planned in that
    run and sent in the next one, is not 'taken' but lost."""
    home = house.House(tmp_path)
    password = house.secret(tmp_path / "password", samba.password)
    home.set(f"smb.path={share.address}", f"smb.user={samba.user}", f"smb.password={password}")
    home.print("2026-06-06", "2026-06-07")
    killed(home, "export.sending:2=kill")
    assert home.delivered() == ["export_20260606.csv"]
    killed(home, "export.closing=kill")
    for left in [path for path in share.path.iterdir() if path.name.startswith(".")]:
        left.unlink()  # what a server may have lost in a power cut
    home.cli("export", "run")
    home.run()
    home.check_exactly_once({name: share.read(name) for name in share.files()})


def test_a_mail_in_closing_is_sent_again_with_the_new_password(tmp_path):
    home = house.House(tmp_path)
    with lab.FaultSmtp(auth=True) as smtp:
        home.set(*smtp.settings())
        home.print("2026-06-06")
        killed(home, "export.closing=kill")
        smtp.password = "N3w-secret"
        home.set(*smtp.settings())
        home.run()
        mail, = smtp.wait_mails(1)
        home.check_exactly_once({name: data for name, _, data in mail.attachments})


def test_a_mail_is_repeated_byte_for_byte_although_encoding_language_and_zone_were_changed(tmp_path):
    home = house.House(tmp_path)
    with lab.FaultSmtp() as smtp:
        home.set(*smtp.settings())
        home.print("2026-06-06")
        killed(home, "export.answered=kill")
        assert [row["state"] for row in home.ledger()] == ["closing"]
        home.set("csv.encoding=cp932", "csv.header=en", "preferences.language=en", "preferences.time_zone=UTC")
        home.at("2026-06-10 12:00:00").run()
        first, second = smtp.wait_mails(2)
        assert first.raw == second.raw
