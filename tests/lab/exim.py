# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away Exim that keeps all mail in one Maildir and refuses some recipients."""

from .accounts import Accounts
from .base import HOST, Server, free_port, run, wait_until
from .certificates import certificates
from .mail import Mail
from .secret import secret_file


class Exim(Server):
    """port: STARTTLS, then AUTH required; tls_port: implicit TLS, AUTH required; plain_port: neither."""

    name = "exim"
    privileged = True
    user = "ptmail"
    password = "M4il-secret"

    def __init__(self, max_size="40M", certificate="server"):
        super().__init__()
        self.max_size, self.certificate = max_size, certificate
        self.tls_port = self.plain_port = None
        self._accounts = None

    def mails(self):
        """All mails so far, oldest first."""
        folder = self.dir / "mail" / "new"
        paths = sorted(folder.iterdir(), key=lambda p: (p.stat().st_mtime_ns, p.name))
        return [self._mail(path) for path in paths]

    def wait_mails(self, count, timeout=10):
        wait_until(
            lambda: len(list((self.dir / "mail" / "new").iterdir())) >= count,
            timeout,
            f"{count} mails in Exim",
        )
        return self.mails()

    def clear(self):
        for path in (self.dir / "mail" / "new").iterdir():
            path.unlink()

    def settings(self, to="boss@example.com", port=None, sender="printtrail@example.com", password=None):
        """Arguments for `settings set`: the port decides what they ask for."""
        port = port or self.port
        values = [
            "export.method=mail",
            f"mail.to={to}",
            f"mail.from={sender}",
            f"mail.server={self.host}:{port}",
            f"tls.ca_file={certificates().ca}",
        ]
        if port == self.plain_port:
            return values + ["mail.security=none", "mail.auth=false"]
        secret = secret_file(self.password if password is None else password)
        return values + [
            f"mail.security={'tls' if port == self.tls_port else 'starttls'}",
            "mail.auth=true",
            f"mail.user={self.user}",
            f"mail.password=@{secret}",
        ]

    def configure(self):
        if self._accounts is not None:
            return
        self.port, self.tls_port, self.plain_port = free_port(), free_port(), free_port()
        for name in ("spool", "log", "mail", "mail/new", "mail/cur", "mail/tmp"):
            (self.dir / name).mkdir()
            (self.dir / name).chmod(0o777)
        # Exim refuses a configuration that others than root may write to
        (self.dir / "exim.conf").write_text(self._conf())
        self._accounts = Accounts(self.dir, {"ptmbox": None})
        run(self._accounts.wrapped(["chown", "root:root", str(self.dir / "exim.conf")]))
        run(
            self._accounts.wrapped(
                ["chown", "-R", "ptmbox:ptmbox", str(self.dir / "spool"), str(self.dir / "log")]
            )
        )

    def wrapped(self, command):
        return self._accounts.wrapped(command)

    def command(self):
        return ["exim4", "-C", self.dir / "exim.conf", "-bdf"]

    def logs(self):
        return [*super().logs(), *sorted((self.dir / "log").glob("*log"))]

    def stop(self, timeout=10):
        super().stop(timeout)
        self._accounts = None

    def answers(self):
        return [
            f"STARTTLS     {self.host}:{self.port}",
            f"TLS          {self.host}:{self.tls_port}",
            f"plain        {self.host}:{self.plain_port}",
            f"user         {self.user}",
            f"password     {self.password}",
            f"CA           {certificates().ca}",
            f"mails        {self.dir}/mail/new",
        ]

    @staticmethod
    def _mail(path):
        mail = Mail(path.read_bytes())
        mail.recipients = [a.strip() for a in str(mail.message["Envelope-to"] or "").split(",") if a.strip()]
        return mail

    def _conf(self):
        base, plain, ca = self.dir, self.plain_port, certificates()
        return f"""exim_user = ptmbox
exim_group = ptmbox
exim_path = /usr/sbin/exim4
spool_directory = {base}/spool
log_file_path = {base}/log/%slog
pid_file_path = {base}/exim.pid
primary_hostname = mail.lab.example
local_interfaces = <; [{HOST}]:{self.port} ; [{HOST}]:{self.tls_port} ; [{HOST}]:{plain}
tls_on_connect_ports = {self.tls_port}
tls_advertise_hosts = ${{if eq{{$received_port}}{{{plain}}}{{}}{{*}}}}
tls_certificate = {ca.named(self.certificate)}
tls_privatekey = {ca.key}
message_size_limit = {self.max_size}
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
acl_smtp_mail = acl_mail
smtp_accept_max = 50
never_users =
keep_environment =
begin acl
acl_mail:
  defer senders = greylist@*
        message = 421 4.7.0 come back later
  accept
acl_rcpt:
  deny  condition = ${{if and{{{{!eq{{$received_port}}{{{plain}}}}}{{eq{{$authenticated_id}}{{}}}}}}}}
        message = 530 5.7.0 Authentication required
  defer local_parts = defer
        message = 451 4.3.0 try again later
  defer local_parts = full
        message = 452 4.2.2 mailbox full
  deny  local_parts = deny
        message = 550 5.7.1 recipient refused by policy
  defer local_parts = drop
        message = 421 4.3.2 shutting down
  warn  local_parts = slow
        delay = 8s
  accept
acl_data:
  deny  condition = ${{if match{{$recipients}}{{latebad@}}}}
        message = 554 5.6.0 content refused
  defer condition = ${{if match{{$recipients}}{{latetmp@}}}}
        message = 451 4.3.0 late temporary failure
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = {base}/mail
  maildir_format
  mode = 0644
  user = ptmbox
  group = ptmbox
  batch_max = 100
  envelope_to_add
  return_path_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{self.user}}}}}{{eq{{$auth3}}{{{self.password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${{if and{{{{eq{{$auth1}}{{{self.user}}}}}{{eq{{$auth2}}{{{self.password}}}}}}}}}
  server_set_id = $auth1
"""
