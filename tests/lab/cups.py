# SPDX-License-Identifier: GPL-3.0-or-later
"""A private cupsd and virtual IPP Everywhere printers, without D-Bus, Avahi or systemd, under any account."""

import getpass
import grp
import os
import re
import shutil
import signal

from . import ipp
from .base import HERE, HOST, LabError, Server, compiled, free_port, run, wait_until

PENDING, HELD, PROCESSING, STOPPED, CANCELED, ABORTED, COMPLETED = range(3, 10)

POLICIES = {
    "open": """  JobPrivateAccess all
  JobPrivateValues none
  SubscriptionPrivateAccess all
  SubscriptionPrivateValues none
""",
    # what Debian ships: strangers do not see names of documents, users and hosts
    "private": """  JobPrivateAccess default
  JobPrivateValues default
  SubscriptionPrivateAccess default
  SubscriptionPrivateValues default
""",
    # reading jobs wants a password
    "login": """  JobPrivateAccess all
  JobPrivateValues none
  <Limit Get-Jobs Get-Job-Attributes>
    AuthType Basic
    Require valid-user
    Order deny,allow
  </Limit>
""",
}

PAGE_LOG = (
    "v1|%{job-uuid}|%j|%p|%u|%T|%P|%C|%{job-impressions-completed}|%{copies}|%{sides}|%{media}|%{job-name}"
)


class Cups(Server):
    """cupsd on a loopback port and on a socket file. Queues are made with add_queue().

    dirty_clean: seconds for which it may keep queues and jobs in memory only. Debian's is 30: a kill -9
    then loses them, and numbers are given out twice.
    """

    name = "cups"

    def __init__(self, policy="open", max_jobs=0, preserve_history="Yes", page_log=True, dirty_clean=0):
        super().__init__()
        self.policy, self.max_jobs, self.preserve_history = policy, max_jobs, preserve_history
        self.page_log, self.dirty_clean = page_log, dirty_clean
        if policy not in POLICIES:
            raise ValueError(f"no policy {policy}; there are {' '.join(POLICIES)}")

    @property
    def uri(self):
        return f"ipp://{self.host}:{self.port}/"

    @property
    def server(self):
        """Value of CUPS_SERVER."""
        return f"{self.host}:{self.port}"

    @property
    def socket(self):
        return self.dir / "run" / "cups.sock"

    def tool(self, *command, **options):
        """Runs a CUPS command (lp, lpadmin, cancel…) on this server; returns the CompletedProcess."""
        return run(command, env={"CUPS_SERVER": self.server}, **options)

    # --- queues and jobs

    def add_queue(self, name, printer=None):
        """printer: an IppPrinter, a device URI (driverless), or None for a raw queue that throws away."""
        uri = getattr(printer, "uri", printer)
        device = ["-v", uri, "-m", "everywhere"] if uri else ["-v", "file:/dev/null", "-m", "raw"]
        self.tool("lpadmin", "-p", name, "-E", *device)
        return name

    def lp(self, queue, path, user="tanaka", title=None, copies=1, hold=False, options=None):
        """Submits a file with lp; returns the job's number."""
        command = ["lp", "-d", queue, "-U", user, "-n", str(copies), "-t", title or os.path.basename(path)]
        for key, value in (options or {}).items():
            command += ["-o", f"{key}={value}"]
        answer = self.tool(*command, *(["-H", "hold"] if hold else []), "--", str(path)).stdout.decode()
        match = re.search(r"request id is .*-(\d+) ", answer)
        if not match:
            raise LabError(f"lp said: {answer}")
        return int(match.group(1))

    def print_raw(self, queue, data, user=b"tanaka", title=b"raw", format="application/octet-stream"):
        """Print-Job with these bytes as user and title (None = not sent); returns the job's number."""
        operation = [(ipp.URI, "printer-uri", f"{self.uri}printers/{queue}")]
        operation += [(ipp.NAME, "requesting-user-name", user)] if user is not None else []
        operation += [(ipp.NAME, "job-name", title)] if title is not None else []
        operation += [(ipp.MIME, "document-format", format)]
        body = ipp.message(ipp.PRINT_JOB, 1, operation) + data
        code, groups = ipp.send(self.host, self.port, f"/printers/{queue}", body)
        jobs = [group for tag, group in groups if tag == ipp.JOB]
        if code > 0x00FF or not jobs:
            raise LabError(f"Print-Job: IPP status {code:#06x}")
        return jobs[0]["job-id"][0]

    def jobs(self, which="all", attributes=ipp.JOB_ATTRIBUTES, user="root"):
        """All jobs as dicts, as the user named would see them."""
        return ipp.get_jobs(self.host, self.port, "/", self.uri, which, user, attributes)

    def job(self, number):
        return next(job for job in self.jobs() if job["job-id"] == number)

    def wait_finished(self, *numbers, timeout=60):
        """Until these jobs (none = all) neither wait nor print; held and stopped ones count as finished."""

        def finished():
            active = self.jobs("not-completed", attributes=("job-id", "job-state"))
            return not any(
                job["job-state"] in (PENDING, PROCESSING) and (not numbers or job["job-id"] in numbers)
                for job in active
            )

        wait_until(finished, timeout, "the jobs finish", pause=0.1)

    def wait_state(self, number, *states, timeout=30):
        wait_until(
            lambda: self.job(number)["job-state"] in states,
            timeout,
            f"job {number} in state {states}",
            pause=0.05,
        )

    def cancel(self, number):
        self.tool("cancel", str(number))

    def hold(self, number):
        self._job_operation(ipp.HOLD_JOB, number)

    def release(self, number):
        self._job_operation(ipp.RELEASE_JOB, number)

    def reprint(self, number):
        self._job_operation(ipp.RESTART_JOB, number)

    def move(self, number, queue):
        self.tool("lpmove", str(number), queue)

    def purge(self):
        """Cancels everything and removes the history."""
        self.tool("cancel", "-a", "-x")

    def make_history(self, count, first=None):
        """Stops cupsd, clones the newest finished job count times (numbered from first on), starts it."""
        jobs = self.jobs(attributes=("job-id", "job-state"))
        done = [job["job-id"] for job in jobs if job["job-state"] >= CANCELED]
        if not done:
            raise LabError("make_history wants one finished job to clone")
        template = max(done)
        first = first or max(job["job-id"] for job in jobs) + 1
        self.halt()
        spool = self.dir / "spool"
        run(
            [compiled("mkhistory.c", "-lcups"), spool / f"c{template:05d}", spool, str(first), str(count)],
            timeout=600,
        )
        if os.geteuid() == 0:
            for path in spool.glob("c*"):
                shutil.chown(path, "root", "lp")
        (self.dir / "cache" / "job.cache").unlink(missing_ok=True)
        Server.live.remove(self)
        self.start(timeout=120)

    def forget_numbers(self):
        """Stops cupsd, removes all history, starts it: numbers begin at 1 again."""
        self.halt()
        for path in (self.dir / "spool").glob("[cd][0-9]*"):
            path.unlink()
        (self.dir / "cache" / "job.cache").unlink(missing_ok=True)
        Server.live.remove(self)
        self.start()

    # --- the server

    def configure(self):
        if self.port is not None:
            return
        self.port = free_port()
        base = self.dir
        for name in (
            "etc/ppd",
            "etc/ssl",
            "spool/tmp",
            "cache",
            "run/certs",
            "log",
            "doc",
            "bin/backend",
            "bin/notifier",
        ):
            (base / name).mkdir(parents=True)
        for name in ("cgi-bin", "daemon", "driver", "filter", "monitor"):
            (base / "bin" / name).symlink_to(f"/usr/lib/cups/{name}")
        for name in ("backend/ipp", "backend/http", "backend/socket", "backend/lpd"):
            shutil.copy(f"/usr/lib/cups/{name}", base / "bin" / name)
            (base / "bin" / name).chmod(0o755)
        (base / "etc" / "cups-files.conf").write_text(self._files_conf())
        (base / "etc" / "cupsd.conf").write_text(self._conf())
        if os.geteuid() == 0:
            for name, mode in (
                ("etc", 0o755),
                ("spool", 0o710),
                ("spool/tmp", 0o1770),
                ("cache", 0o770),
                ("run", 0o775),
            ):
                shutil.chown(base / name, "root", "lp")
                (base / name).chmod(mode)

    def command(self):
        etc = self.dir / "etc"
        return ["cupsd", "-f", "-c", etc / "cupsd.conf", "-s", etc / "cups-files.conf"]

    def environment(self):
        return {"CUPS_SERVERBIN": str(self.dir / "bin")}

    def ready(self):
        return b"is running" in run(["lpstat", "-h", self.server, "-r"], check=False).stdout

    def logs(self):
        return [*super().logs(), self.dir / "log" / "error_log"]

    def stop(self, timeout=10):
        super().stop(timeout)
        self.port = None

    def answers(self):
        return [
            f"server       CUPS_SERVER={self.server}",
            f"as a source  {self.uri}",
            f"socket       {self.socket}",
            f"logs         {self.dir}/log",
        ]

    def _files_conf(self):
        base = self.dir
        user, group = (
            ("lp", "lp") if os.geteuid() == 0 else (getpass.getuser(), grp.getgrgid(os.getegid()).gr_name)
        )
        return f"""ServerRoot {base}/etc
ServerBin {base}/bin
DataDir /usr/share/cups
DocumentRoot {base}/doc
RequestRoot {base}/spool
TempDir {base}/spool/tmp
CacheDir {base}/cache
StateDir {base}/run
AccessLog {base}/log/access_log
ErrorLog {base}/log/error_log
PageLog {base}/log/page_log
User {user}
Group {group}
Printcap
SystemGroup root lpadmin {grp.getgrgid(os.getegid()).gr_name}
FileDevice Yes
Sandboxing Relaxed
FatalErrors none
"""

    def _conf(self):
        return f"""Listen {HOST}:{self.port}
Listen {self.socket}
ServerName localhost
ServerAlias *
Browsing No
BrowseLocalProtocols none
DefaultShared No
WebInterface No
DefaultAuthType None
LogLevel info
LogTimeFormat usecs
MaxLogSize 0
AccessLogLevel actions
PageLogFormat {PAGE_LOG if self.page_log else ''}
PreserveJobHistory {self.preserve_history}
PreserveJobFiles Yes
DirtyCleanInterval {self.dirty_clean}
MaxJobs {self.max_jobs}
MaxJobsPerUser 0
MaxJobsPerPrinter 0
MaxClients 200
ErrorPolicy abort-job
JobRetryLimit 1
JobKillDelay 5
KeepAlive On
<Location />
  Order allow,deny
  Allow from {HOST}
</Location>
<Location /admin>
  Order allow,deny
  Allow from {HOST}
</Location>
<Policy default>
{POLICIES[self.policy]}  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""

    def _job_operation(self, operation, number):
        data = ipp.message(
            operation,
            1,
            [
                (ipp.URI, "printer-uri", self.uri),
                (ipp.INTEGER, "job-id", number),
                (ipp.NAME, "requesting-user-name", "root"),
            ],
        )
        code, _ = ipp.send(self.host, self.port, "/jobs/", data)
        if code > 0x00FF:
            raise LabError(f"operation {operation:#x} on job {number}: IPP status {code:#06x}")


class IppPrinter(Server):
    """CUPS's ippeveprinter: history of 60 s, numbers from 1 at each start, times since its start."""

    name = "printer"

    def __init__(self, name="Lab MFP"):
        super().__init__()
        self.printer_name = name

    @property
    def uri(self):
        return f"ipp://localhost:{self.port}/ipp/print"

    def jobs(self, which="completed", user="root"):
        return ipp.get_jobs(self.host, self.port, "/ipp/print", self.uri, which, user)

    def print_raw(self, data, user=b"tanaka", title=b"raw", format="application/pdf"):
        """Print-Job straight to the printer; returns the job's number."""
        operation = [(ipp.URI, "printer-uri", self.uri)]
        operation += [(ipp.NAME, "requesting-user-name", user)] if user is not None else []
        operation += [(ipp.NAME, "job-name", title)] if title is not None else []
        operation += [(ipp.MIME, "document-format", format)]
        body = ipp.message(ipp.PRINT_JOB, 1, operation) + data
        code, groups = ipp.send(self.host, self.port, "/ipp/print", body)
        if code > 0x00FF:
            raise LabError(f"Print-Job: IPP status {code:#06x}")
        return next(group["job-id"][0] for tag, group in groups if tag == ipp.JOB)

    def wait_finished(self, timeout=30):
        wait_until(lambda: not self.jobs("not-completed"), timeout, "the printer's jobs finish", pause=0.1)

    def pause(self):
        """Makes it hang: connections are accepted by the kernel, nobody answers."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def configure(self):
        self.port = self.port or free_port()
        (self.dir / "spool").mkdir(exist_ok=True)

    def command(self):
        return [
            "ippeveprinter",
            "-r",
            "off",
            "-n",
            "localhost",
            "-p",
            str(self.port),
            "-2",
            "-s",
            "30,30",
            "-f",
            "application/pdf,image/jpeg",
            "-d",
            self.dir / "spool",
            "-c",
            HERE / "printer-command.sh",
            "-vv",
            self.printer_name,
        ]

    def environment(self):
        return {"LD_PRELOAD": str(compiled("noavahi.c", "-shared", "-fPIC"))}

    def ready(self):
        return (
            run(
                ["ipptool", "-q", f"ipp://{self.host}:{self.port}/ipp/print", "get-printer-attributes.test"],
                check=False,
            ).returncode
            == 0
        )

    def stop(self, timeout=10):
        super().stop(timeout)
        self.port = None

    def answers(self):
        return [f"printer      {self.uri}"]
