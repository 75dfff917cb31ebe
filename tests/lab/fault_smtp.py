# SPDX-License-Identifier: GPL-3.0-or-later
"""A mail server that fails on request, inside this process: python3-aiosmtpd in a thread."""

import asyncio
import logging
import ssl
import threading

from aiosmtpd.smtp import SMTP, AuthResult

from .base import HOST, wait_until
from .certificates import certificates
from .inside import InsideServer
from .mail import Mail
from .secret import secret_file

REFUSALS = {
    "defer": "451 4.3.0 try again later",
    "full": "452 4.2.2 mailbox full",
    "deny": "550 5.7.1 recipient refused by policy",
}
LATE_REFUSALS = {
    "latebad": "554 5.6.0 content refused",
    "latetmp": "451 4.3.0 late temporary failure",
    "latefull": "552 5.3.4 message too big",
}


def local_part(address):
    return address.split("@")[0]


class _Smtp(SMTP):
    """Notes each command."""

    async def _call_handler_hook(self, command, *args):
        self.event_handler.commands.append(" ".join([command, *[a for a in args[:1] if isinstance(a, str)]]))
        return await super()._call_handler_hook(command, *args)


class FaultSmtp(InsideServer):
    """Recipients choose the fault; see the lab's README."""

    name = "fault-smtp"
    user = "ptmail"
    password = "M4il-secret"

    def __init__(self, tls=None, auth=False, size=40 << 20, certificate="server"):
        super().__init__()
        self.tls, self.auth, self.size, self.certificate = tls, auth, size, certificate
        self.commands = []  # names of the SMTP commands that reached a handler, in order
        self._mails = []
        self._loop = self._thread = None

    def mails(self):
        return list(self._mails)

    def wait_mails(self, count, timeout=10):
        wait_until(lambda: len(self._mails) >= count, timeout, f"{count} mails in the fault server")
        return self.mails()

    def clear(self):
        self._mails.clear()
        self.commands.clear()

    def settings(self, to="boss@example.com", sender="printtrail@example.com", password=None):
        """Arguments for `settings set`."""
        values = [
            "export.method=mail",
            f"mail.to={to}",
            f"mail.from={sender}",
            f"mail.server={self.host}:{self.port}",
            f"mail.security={ {None: 'none', 'implicit': 'tls'}.get(self.tls, self.tls) }",
        ]
        if self.tls:
            values.append(f"tls.ca_file={certificates().ca}")
        if not self.auth:
            return values + ["mail.auth=false"]
        secret = secret_file(self.password if password is None else password)
        return values + ["mail.auth=true", f"mail.user={self.user}", f"mail.password=@{secret}"]

    def start(self):
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def stop(self):
        if self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop = None

    def log(self):
        return f"--- {self.name}: commands\n" + "\n".join(self.commands)

    def answers(self):
        return [
            f"server       {self.host}:{self.port} (TLS: {self.tls or 'none'}, AUTH: {self.auth})",
            f"user         {self.user}",
            f"password     {self.password}",
            f"CA           {certificates().ca}",
        ]

    # --- handlers of aiosmtpd

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [line for line in responses if self.auth or not line.startswith("250-AUTH")]

    async def handle_MAIL(self, server, session, envelope, address, options):
        if local_part(address) == "greylist":
            return "421 4.7.0 come back later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = local_part(address)
        if name in REFUSALS:
            return REFUSALS[name]
        if name in ("cut", "drop"):
            server.transport.abort()
        if name == "hangrcpt":
            await asyncio.sleep(3600)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        names = {local_part(a) for a in envelope.rcpt_tos}
        for name in names & LATE_REFUSALS.keys():
            return LATE_REFUSALS[name]
        self._mails.append(Mail(envelope.original_content, envelope.rcpt_tos))
        if "lost250" in names:
            server.transport.abort()
        if "hang" in names:
            await asyncio.sleep(3600)
        if "slow" in names:
            await asyncio.sleep(8)
        return f"250 2.0.0 stored as {len(self._mails)}"

    # --- inside

    def _serve(self, started):
        asyncio.set_event_loop(self._loop)
        context = None
        if self.tls:
            ca = certificates()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(ca.named(self.certificate), ca.key)
        options = {"hostname": "fault.lab.example", "loop": self._loop, "data_size_limit": self.size or 0}
        if self.auth:
            options.update(authenticator=self._authenticate, auth_required=True)
        if self.tls == "starttls":
            options.update(tls_context=context, require_starttls=True)

        def connection():
            smtp = _Smtp(self, **options)
            # implicit TLS counts as none for aiosmtpd; set here because its constructor would warn each time
            smtp._auth_require_tls = self.tls == "starttls"
            return smtp

        logging.getLogger("mail.log").setLevel(logging.ERROR)
        server = self._loop.run_until_complete(
            self._loop.create_server(
                connection, HOST, self.port or 0, ssl=context if self.tls == "implicit" else None
            )
        )
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _authenticate(self, server, session, envelope, mechanism, data):
        right = data.login == self.user.encode() and data.password == self.password.encode()
        return AuthResult(success=right, handled=False)
