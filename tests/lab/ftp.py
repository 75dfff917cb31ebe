# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away vsftpd: plain, with TLS required, or with implicit TLS."""

from .accounts import Accounts, full_folder, need_full
from .base import HOST, Server, as_root, free_port, run
from .certificates import certificates
from .folder import Folder, fresh
from .secret import secret_file


class Ftp(Server):
    """The log-in directory holds in (writable), ro (not writable) and full (a file system of 16 MB)."""

    name = "vsftpd"
    privileged = True
    user = "ptftp"
    password = "F7p-secret"

    def __init__(self, tls=None, certificate="server"):
        super().__init__()
        self.tls, self.certificate = tls, certificate
        self._accounts = None

    def url(self, *folders):
        if "full" in folders[:1]:
            need_full()
        scheme = "ftps:" if self.tls == "implicit" else "ftp:"
        return scheme + "\\\\" + "\\".join([f"{self.host}:{self.port}", *folders])

    def root(self, name="in"):
        """That folder on this machine. (full is seen through the server's own mounts: root only.)"""
        if name == "full":
            return full_folder(self.pid, self.dir / "home" / "full")
        return self.dir / "home" / name

    def folder(self):
        path = fresh(self.root())
        return Folder(self.url("in", path.name), path)

    def settings(self, folder=None, user=None, password=None):
        """Arguments for `settings set`; folder is a Folder, an address, or None for the folder in."""
        address = folder.address if isinstance(folder, Folder) else folder or self.url("in")
        secret = secret_file(self.password if password is None else password)
        values = [
            "export.method=ftp",
            f"ftp.path={address}",
            f"ftp.user={user or self.user}",
            f"ftp.password=@{secret}",
            f"ftp.security={self.tls or 'none'}",
        ]
        return values + ([f"tls.ca_file={certificates().ca}"] if self.tls else [])

    def configure(self):
        if self._accounts is not None:
            return
        self.port = free_port()
        home = self.dir / "home"
        for folder in (home, home / "in", home / "ro", home / "full", self.dir / "empty"):
            folder.mkdir()
        for name in ("in", "full"):
            (home / name).chmod(0o777)
        self._accounts = Accounts(self.dir, {self.user: self.password}, pam_service="ptftp")
        (self.dir / "vsftpd.conf").write_text(self._conf())
        # vsftpd takes only settings that belong to root, and an empty folder that nobody else may write to
        run(as_root(["chown", "root:root", str(self.dir / "vsftpd.conf"), str(self.dir / "empty")]))

    def wrapped(self, command):
        return self._accounts.wrapped(command, full=self.dir / "home" / "full")

    def command(self):
        # it complains to file 0, as if a client were there
        return ["sh", "-c", 'exec vsftpd "$0" 0>&1', self.dir / "vsftpd.conf"]

    def logs(self):
        return [*super().logs(), self.dir / "vsftpd.log"]

    def stop(self, timeout=10):
        super().stop(timeout)
        self._accounts = None

    def answers(self):
        return [
            f"address      {self.url('in')}",
            "other        ro full (instead of in)",
            f"user         {self.user}",
            f"password     {self.password}",
            f"folder       {self.root()}",
            *([f"CA           {certificates().ca}"] if self.tls else []),
        ]

    def _conf(self):
        text = f"""listen=YES
listen_ipv6=NO
listen_address={HOST}
listen_port={self.port}
background=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
local_umask=022
chroot_local_user=YES
allow_writeable_chroot=YES
local_root={self.dir}/home
secure_chroot_dir={self.dir}/empty
pam_service_name=ptftp
check_shell=NO
pasv_enable=YES
pasv_address={HOST}
port_enable=YES
connect_from_port_20=NO
utf8_filesystem=YES
xferlog_enable=YES
log_ftp_protocol=YES
vsftpd_log_file={self.dir}/vsftpd.log
xferlog_file={self.dir}/xfer.log
dual_log_enable=YES
seccomp_sandbox=NO
idle_session_timeout=60
data_connection_timeout=20
"""
        if self.tls:
            ca = certificates()
            text += f"""ssl_enable=YES
implicit_ssl={'YES' if self.tls == 'implicit' else 'NO'}
force_local_data_ssl=YES
force_local_logins_ssl=YES
ssl_tlsv1=YES
ssl_sslv2=NO
ssl_sslv3=NO
rsa_cert_file={ca.named(self.certificate)}
rsa_private_key_file={ca.key}
require_ssl_reuse=YES
ssl_ciphers=HIGH
"""
        return text
