# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away Samba with shares and accounts for all that a delivery by SMB can meet."""

from .accounts import Accounts, full_folder, need_full
from .base import HOST, Server, as_root, free_port, run, scratch
from .folder import Folder, fresh
from .secret import secret_file

SHARES = ("export", "crypt", "ro", "other", "nowrite", "full")


class Samba(Server):
    """Shares: export; crypt (the same folder, encryption required); ro (read-only); other (only other_user);
    nowrite (share writable, folder not); full (a file system of 16 MB)."""

    name = "samba"
    privileged = True
    domain = "PTDOM"
    password = "S3cret-pass"  # of every account
    user = "ptuser"
    other_user = "ptother"
    disabled_user = "ptoff"
    locked_user = "ptlocked"
    expired_user = "ptexpired"
    must_change_user = "ptstale"

    def __init__(self, encrypt="default", min_protocol="SMB2", max_protocol="SMB3"):
        super().__init__()
        self.encrypt, self.min_protocol, self.max_protocol = encrypt, min_protocol, max_protocol
        self._accounts = None

    def unc(self, share="export", *folders):
        if share == "full":
            need_full()
        return "\\\\" + "\\".join([f"{self.host}@{self.port}", share, *folders])

    def root(self, share="export"):
        """The share's folder on this machine. (full is seen through the server's own mounts: root only.)"""
        if share == "full":
            return full_folder(self.pid, self.dir / "full")
        return self.dir / ("export" if share == "crypt" else share)

    def folder(self, share="export"):
        path = fresh(self.root(share))
        return Folder(self.unc(share, path.name), path)

    def settings(self, folder=None, user=None, password=None):
        """Arguments for `settings set`; folder: a Folder, an address, or None for the share export itself."""
        address = folder.address if isinstance(folder, Folder) else folder or self.unc()
        secret = secret_file(self.password if password is None else password)
        return [
            "export.method=smb",
            f"smb.path={address}",
            f"smb.user={user or self.user}",
            f"smb.password=@{secret}",
        ]

    def client(self, command, share="export", user=None, password=None, options=()):
        """Runs smbclient -c COMMAND; returns the CompletedProcess, whatever its exit status."""
        if share == "full":
            need_full()
        login = f"{self.domain}/{user or self.user}%{self.password if password is None else password}"
        return run(
            [
                "smbclient",
                "-s",
                "/dev/null",
                "-p",
                str(self.port),
                "-U",
                login,
                *options,
                f"//{self.host}/{share}",
                "-c",
                command,
            ],
            check=False,
        )

    def configure(self):
        if self._accounts is not None:
            return
        self.port = free_port()
        for name in ("lock", "state", "cache", "run", "log", "ncalrpc"):
            (self.dir / name).mkdir()
        for name in ("export", "ro", "other", "nowrite", "full"):
            (self.dir / name).mkdir()
            (self.dir / name).chmod(0o755 if name == "nowrite" else 0o777)
        (self.dir / "smb.conf").write_text(self._conf())
        users = (
            self.user,
            self.other_user,
            self.disabled_user,
            self.locked_user,
            self.expired_user,
            self.must_change_user,
        )
        self._accounts = Accounts(self.dir, dict.fromkeys(users))
        self._fill_private(users)

    def wrapped(self, command):
        return self._accounts.wrapped(command, full=self.dir / "full")

    def command(self):
        return ["smbd", "--foreground", "--no-process-group", f"--configfile={self.dir}/smb.conf"]

    def logs(self):
        return [*super().logs(), self.dir / "log" / "log.smbd"]

    def stop(self, timeout=10):
        super().stop(timeout)
        self._accounts = None

    def answers(self):
        return [
            f"address      {self.unc()}",
            f"other shares {' '.join(SHARES[1:])}",
            f"user         {self.user} (also {self.domain}\\{self.user}), {self.other_user}; "
            f"disabled {self.disabled_user}, locked {self.locked_user}, expired {self.expired_user}, "
            f"password must change {self.must_change_user}",
            f"password     {self.password}",
            f"folder       {self.root()}",
        ]

    def _fill_private(self, users):
        """The password database; made once in a process, later ones are copies, because it takes a second."""
        ready, ours = scratch() / "samba-private", self.dir / "private"
        if ready.exists():
            run(as_root(["cp", "-a", str(ready), str(ours)]))
            return
        ours.mkdir(mode=0o700)
        (self.dir / "users.sh").write_text(self._users_script(users))
        run(self._accounts.wrapped(["sh", "-e", str(self.dir / "users.sh")]))
        run(as_root(["cp", "-a", str(ours), str(ready)]))

    def _users_script(self, users):
        conf = f"{self.dir}/smb.conf"
        both = f"{self.password}\\n{self.password}\\n"
        lines = [f"printf '{both}' | smbpasswd -c {conf} -s -a {user}" for user in users]
        pdbedit = f"pdbedit -s {conf}"
        lines += [
            f"smbpasswd -c {conf} -d {self.disabled_user}",
            f"{pdbedit} -P 'bad lockout attempt' -C 10000",  # a whole session's wrong passwords lock nobody
            f"{pdbedit} -P 'lockout duration' -C 4294967295",
            f"{pdbedit} -c '[L]' {self.locked_user}",
            f"{pdbedit} --kickoff-time=1000000000 {self.expired_user}",
            f"net -s {conf} sam set pwdmustchangenow {self.must_change_user} yes",
        ]
        return "\n".join(lines) + "\n"

    def _conf(self):
        base = self.dir
        folders = {
            "export": "",
            "crypt": "server smb encrypt = required",
            "ro": "read only = yes",
            "other": f"valid users = {self.other_user}",
            "nowrite": "",
            "full": "",
        }
        text = f"""[global]
   workgroup = {self.domain}
   netbios name = PTLAB
   server role = standalone server
   interfaces = {HOST}/8
   bind interfaces only = yes
   smb ports = {self.port}
   disable netbios = yes
   server smb encrypt = {self.encrypt}
   server min protocol = {self.min_protocol}
   server max protocol = {self.max_protocol}
   security = user
   passdb backend = tdbsam:{base}/private/passdb.tdb
   map to guest = never
   load printers = no
   printing = bsd
   printcap name = /dev/null
   disable spoolss = yes
   private dir = {base}/private
   lock directory = {base}/lock
   state directory = {base}/state
   cache directory = {base}/cache
   pid directory = {base}/run
   ncalrpc dir = {base}/ncalrpc
   usershare path =
   log file = {base}/log/log.smbd
   log level = 1
   max log size = 0
   strict sync = yes
   rpc start on demand helpers = no
   force create mode = 0644
   force directory mode = 0755
"""
        for share, line in folders.items():
            text += f"[{share}]\n   path = {base}/{'export' if share == 'crypt' else share}\n   {line}\n"
            text += "" if "read only" in line else "   read only = no\n"
        return text
