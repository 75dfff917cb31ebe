# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that are not ours, to see what a server of the lab does: smbclient, curl, Python's smtplib."""

import smtplib
import ssl
import subprocess

HOST = "127.0.0.1"
FILE = b"seq,user_name\r\n1,\xe7\x94\xb0\xe4\xb8\xad\r\n"
MESSAGE = (
    b"From: printtrail@example.com\r\nTo: boss@example.com\r\nSubject: =?utf-8?B?5bGl5q20?=\r\n"
    b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    b"--B\r\nContent-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename*=UTF-8''%E5%B1%A5.csv\r\n\r\nYSxiDQo=\r\n--B--\r\n"
)


def put(samba, path, folder="", **options):
    target = f"{folder}/a.csv" if folder else "a.csv"
    done = samba.client(f'put "{path}" "{target}"', **options)
    return (done.stdout + done.stderr).decode()


def curl(*arguments):
    return subprocess.run(
        ["curl", "-sS", "--tls-max", "1.2", *map(str, arguments)], capture_output=True, timeout=30
    )


def upload(server, path, target, *options):
    scheme = "ftps" if server.tls == "implicit" else "ftp"
    address = f"{scheme}://{HOST}:{server.port}/{target}"
    return curl("-T", path, "-u", f"{server.user}:{server.password}", *options, address)


def send(
    server, ca, recipients, port=None, tls=None, login=True, sender="printtrail@example.com", message=MESSAGE
):
    context = ssl.create_default_context(cafile=ca.ca)
    port = port or server.port
    client = (
        smtplib.SMTP_SSL(HOST, port, timeout=15, context=context)
        if tls == "implicit"
        else smtplib.SMTP(HOST, port, timeout=15)
    )
    with client:
        if tls == "starttls":
            client.starttls(context=context)
        if login:
            client.login(server.user, server.password)
        return client.sendmail(sender, recipients, message)


def refusal(caught):
    """Code of a refusal, whatever step it came at."""
    error = caught.value
    return (
        list(error.recipients.values())[0][0]
        if isinstance(error, smtplib.SMTPRecipientsRefused)
        else error.smtp_code
    )
