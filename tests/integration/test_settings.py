# SPDX-License-Identifier: GPL-3.0-or-later
"""printtrail settings show, set and check, as scripts rely on them."""

import lab
import pytest

SMB = ("smb.path=¥¥canon¥share¥", "smb.user=domain_name¥user_name")


def shown(cli, *keys):
    return cli("settings", "show", *keys).ok().out.splitlines()


def test_reading_creates_no_state(cli, state):
    assert shown(cli, "export.hour") == ["export.hour=3"]
    cli("settings", "check", *SMB).ok()
    cli("settings", "check", "smb.path=//canon/share/").ok(2)
    assert not state.exists()


def test_every_setting_is_shown_with_its_key(cli):
    cli("settings", "set", "export.hour=03").ok()
    lines = shown(cli)
    as_json = cli("settings", "show", "--json").ok().json()
    assert [line.split("=", 1)[0] for line in lines] == list(as_json)
    assert "export.hour=3" in lines and as_json["export.hour"] == 3
    assert "export.enabled=false" in lines and as_json["export.enabled"] is False
    assert "smb.password=(not set)" in lines


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_yen_signs_are_taken_whatever_the_locale(cli, locale):
    cli("settings", "set", *SMB, env={"LC_ALL": locale}).ok()
    assert shown(cli, "smb.path", "smb.user") == [
        "smb.path=\\\\canon\\share\\",
        "smb.user=domain_name\\user_name",
    ]


@pytest.mark.parametrize(
    "pair, words",
    [
        ("smb.path=//canon/share/", ("smb.path", "\\\\", "243")),
        ("smb.path=\\\\canon\\" + 236 * "s", ("smb.path", "longer", "243")),
        ("ftp.path=ftp://h/" + 167 * "d", ("ftp.path", "longer", "174")),
        ("ftp.path=ftp://someone:hunter2@h/", ("ftp.path", "password", "174")),
        ("smb.user=a\\b\\c", ("smb.user", "24")),
        ("mail.server=" + 54 * "a", ("mail.server", "53")),
        ("mail.server=" + 48 * "a" + ":25", ("mail.server", "47")),
        ("mail.to=a@b, c@d", ("mail.to", "120")),
        ("export.hour=24", ("export.hour", "0 to 23")),
        ("export.method=SMB", ("export.method", "smb|mail|ftp")),
        ("export.huor=3", ("export.huor", "export.hour")),
    ],
)
def test_a_refusal_names_key_reason_and_limit_and_stores_nothing(cli, pair, words):
    cli("settings", "set", "csv.header=en").ok()
    for verb in ("set", "check"):
        result = cli("settings", verb, "csv.header=ja", pair).ok(2)
        assert result.out == ""
        for word in words:
            assert word in result.err
        assert "hunter2" not in result.err
    assert shown(cli, "csv.header") == ["csv.header=en"]


def test_messages_follow_the_locale(cli):
    assert (
        "0~23"
        in cli("settings", "check", "export.hour=24", env={"LC_ALL": "ja_JP.UTF-8"}).ok(2).err
    )


def test_a_check_stores_nothing(cli):
    cli("settings", "set", "export.hour=5").ok()
    cli("settings", "check", "export.hour=6", *SMB).ok()
    assert shown(cli, "export.hour", "smb.path") == ["export.hour=5", "smb.path="]


@pytest.mark.parametrize(
    "content, stored",
    [
        (b"Office", "Office"),
        (b"Office\n", "Office"),
        (b"Office\r\n", "Office"),
        (b"Office \n", "Office "),
        ("3階の¥複合機".encode(), "3階の¥複合機"),
        (b"@x", "@x"),
        (b"a=b", "a=b"),
    ],
)
def test_a_value_is_read_from_a_file_without_its_final_line_end(cli, tmp_path, content, stored):
    (tmp_path / "value").write_bytes(content)
    cli("settings", "set", f"preferences.device_name=@{tmp_path}/value").ok()
    assert shown(cli, "preferences.device_name") == [f"preferences.device_name={stored}"]
    cli("settings", "set", "preferences.device_name=").ok()
    cli("settings", "set", "preferences.device_name=@-", input=content).ok()
    assert shown(cli, "preferences.device_name") == [f"preferences.device_name={stored}"]


NO_VALUE = {
    "two line ends": b"Office\n\n",
    "two lines": b"a\nb",
    "NUL": b"a\0b",
    "broken UTF-8": b"a\xff",
    "64 KiB and one": 65537 * b"a",
    "20 MB": 20_000_000 * b"a",
}


@pytest.mark.parametrize("content", NO_VALUE.values(), ids=NO_VALUE.keys())
def test_what_is_no_value_is_refused_from_a_file_too(cli, content):
    result = cli("settings", "set", "preferences.device_name=@-", input=content).ok(2)
    assert "preferences.device_name" in result.err


def test_an_at_sign_is_doubled(cli):
    cli("settings", "set", "preferences.device_name=@@x").ok()
    assert shown(cli, "preferences.device_name") == ["preferences.device_name=@x"]


def test_standard_input_is_read_once_only(cli):
    assert (
        "once" in cli("settings", "set", "smb.password=@-", "ftp.password=@-", input="x").ok(2).err
    )


def test_a_missing_file_is_named(cli, tmp_path):
    assert "nowhere" in cli("settings", "set", f"smb.password=@{tmp_path}/nowhere").ok(2).err


def test_secrets_never_come_by_argv_and_are_never_shown(cli, state):
    refused = cli("settings", "set", "smb.password=hunter2").ok(2)
    assert "hunter2" not in refused.err and "@FILE" in refused.err
    cli("settings", "set", "smb.password=@@hunter2").ok(2)
    cli("settings", "set", "smb.password=@-", input='h¥n\\"2,; \n').ok()
    assert shown(cli, "smb.password") == ["smb.password=(set)"]
    assert cli("settings", "show", "--json", "smb.password").ok().json() == {
        "smb.password": "(set)"
    }
    assert all(
        "h¥n".encode() not in file.read_bytes() for file in state.iterdir() if file.is_file()
    )
    assert (state / "secret.key").stat().st_mode & 0o777 == 0o600
    cli("settings", "set", "smb.password=").ok()
    assert shown(cli, "smb.password") == ["smb.password=(not set)"]


def test_a_password_typed_in_the_wrong_place_is_not_repeated(cli):
    assert "hunter2" not in cli("settings", "set", "export.hour=5", "hunter2").ok(2).err


def test_switching_on_needs_a_complete_destination(cli):
    assert "smb.path" in cli("settings", "set", "export.enabled=true").ok(2).err
    cli("settings", "set", "export.enabled=true", *SMB).ok()
    assert "smb.user" in cli("settings", "set", "smb.user=").ok(2).err
    assert "ftp.path" in cli("settings", "set", "export.method=ftp").ok(2).err
    assert shown(cli, "export.enabled", "export.method") == [
        "export.enabled=true",
        "export.method=smb",
    ]


def test_device_limits_name_every_longer_value(cli):
    cli(
        "settings",
        "set",
        "limits=extended",
        "smb.path=\\\\canon\\" + 300 * "s",
        "mail.to=a@b, c@d",
        "ftp.password=@-",
        input=25 * "p",
    ).ok()
    err = cli("settings", "set", "limits=device").ok(2).err
    assert "smb.path" in err and "mail.to" in err and "ftp.password" in err and "limits" in err
    assert shown(cli, "limits", "mail.to") == ["limits=extended", "mail.to=a@b,c@d"]


def test_ftps_is_implicit_tls(cli):
    cli("settings", "set", "ftp.path=ftps://host/folder").ok()
    assert shown(cli, "ftp.path", "ftp.security") == [
        "ftp.path=ftp:\\\\host\\folder",
        "ftp.security=implicit",
    ]
    assert (
        "ftp.security"
        in cli("settings", "set", "ftp.path=ftps://host", "ftp.security=none").ok(2).err
    )


def test_what_is_shown_can_be_set_again(cli, tmp_path, state):
    cli(
        "settings",
        "set",
        *SMB,
        "ftp.path=ftp://h:2121/a b/",
        "mail.server=h:25",
        "preferences.time_zone=Asia/Tokyo",
    ).ok()
    lines = [line for line in shown(cli) if ".password=" not in line]
    other = tmp_path / "other"
    lab.run_cli("settings", "set", *lines, state=other).ok()
    assert [
        line
        for line in lab.run_cli("settings", "show", state=other).ok().out.splitlines()
        if ".password=" not in line
    ] == lines


def test_an_unknown_key_is_no_setting_to_show(cli):
    assert "export.hour" in cli("settings", "show", "export.huor").ok(2).err


def test_nothing_to_set_is_a_usage_error(cli, state):
    assert "Usage" in cli("settings", "set").ok(2).err
    assert not state.exists()


def test_many_at_once_lose_nothing(cli, state):
    cli("settings", "set", "export.hour=1").ok()
    pairs = [
        "export.hour=9",
        "csv.header=en",
        "csv.separator=tab",
        "ftp.user=f",
        "mail.user=m",
        "export.retries=4",
    ]
    started = [lab.start_cli("settings", "set", pair, state=state) for pair in pairs]
    assert [process.communicate(timeout=60) and process.returncode for process in started] == [
        0
    ] * len(pairs)
    assert shown(cli, *[pair.split("=")[0] for pair in pairs]) == pairs
