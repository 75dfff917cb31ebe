# SPDX-License-Identifier: GPL-3.0-or-later
"""What all servers of the lab share: folders, ports, starting, waiting, stopping, logs."""

import atexit
import functools
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
HOST = "127.0.0.1"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabError(Exception):
    """A server that did not start, a deadline that passed, a tool that failed."""


def wait_until(function, timeout=10, what="the awaited state", pause=0.02):
    """The first true result of function(); LabError when there is none within timeout seconds."""
    deadline = time.monotonic() + timeout
    while True:
        result = function()
        if result:
            return result
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {timeout} s")
        time.sleep(pause)


def free_port():
    """A TCP port on loopback that nobody listens on, chosen by the kernel."""
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def environment(extra=None):
    """The environment of every tool: English, all of PATH, nothing of the user's printing settings."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CUPS_", "IPP_", "LC_", "PG"))}
    env.update(PATH=PATH, LANG="C.UTF-8", **(extra or {}))
    return env


def run(command, timeout=60, check=True, input=None, env=None):
    """Runs a tool; returns the CompletedProcess with bytes; LabError with its words when it fails."""
    command = [str(c) for c in command]
    try:
        done = subprocess.run(
            command, input=input, capture_output=True, timeout=timeout, env=environment(env)
        )
    except FileNotFoundError:
        raise LabError(f"{command[0]} is not installed: run scripts/deps.sh test") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(command)}: no end within {timeout} s") from None
    if check and done.returncode:
        words = (done.stdout + done.stderr).decode(errors="replace")
        raise LabError(f"{' '.join(command)}: exit status {done.returncode}\n{words}")
    return done


def as_root(command):
    """The command as root, by sudo without a question where we are not root."""
    return list(command) if os.geteuid() == 0 else ["sudo", "-n", "--", *command]


@functools.cache
def have_namespaces():
    """Whether root may make mount namespaces here; unprivileged containers forbid it."""
    return run(as_root(["unshare", "--mount", "true"]), check=False).returncode == 0


@functools.cache
def scratch():
    """This process's folder for certificates and compiled helpers, readable by all, removed at its end."""
    folder = new_folder("common")
    atexit.register(remove_folder, folder)
    return folder


def new_folder(name):
    sweep()
    kind = "kept" if os.environ.get("LAB_KEEP") else "lab"
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"printtrail-{kind}-{name}-{os.getpid()}-"))
    folder.chmod(0o755)
    return folder


@functools.cache
def sweep():
    """Removes what labs of ours left that were killed; their process number is in the folder's name."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob("printtrail-lab-*"):
        owner = folder.name.split("-")[-2]
        try:
            ours = folder.stat().st_uid == os.geteuid()
        except OSError:
            continue  # its owner was quicker
        if ours and owner.isdigit() and not pathlib.Path("/proc", owner).exists():
            remove_folder(folder)


def remove_folder(folder):
    """Removes a folder of the lab, also what servers made in it under other accounts."""
    if os.environ.get("LAB_KEEP"):
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        run(as_root(["rm", "-rf", "--one-file-system", str(folder)]), check=False)


def tail(path, size=4000):
    """The end of a log, or why it cannot be read."""
    try:
        data = pathlib.Path(path).read_bytes()[-size:]
    except PermissionError:
        data = run(as_root(["tail", "-c", str(size), str(path)]), check=False).stdout
    except OSError as error:
        return f"({error})"
    return data.decode(errors="replace")


@functools.cache
def compiled(source, *flags):
    """Path of a helper program or library made from lab/SOURCE (once in a process)."""
    target = scratch() / (pathlib.Path(source).stem + (".so" if "-shared" in flags else ""))
    run(["cc", "-O2", "-Wall", "-Wextra", "-o", target, HERE / source, *flags])
    return target


class Server:
    """A server as a child process. Subclasses give name, configure() and command(), and mostly ready()."""

    name = "server"
    privileged = False
    live = []  # started and not stopped, in this order

    def __init__(self):
        self.host = HOST
        self.dir = None
        self.port = None
        self._process = None

    # --- for subclasses

    def configure(self):
        """Writes files below self.dir, chooses self.port. Called before each start; keeps what is there."""
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    def logs(self):
        """Files that log() shows."""
        return [self.dir / "output"]

    def ready(self):
        try:
            socket.create_connection((self.host, self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def answers(self):
        """What a person wants to know; lines for the command line."""
        return [f"port {self.port}"]

    # --- for everybody

    def start(self, timeout=20):
        """Starts and returns self when the server answers."""
        if self.dir is None:
            self.dir = new_folder(self.name)
        try:
            self.configure()
            self._spawn()
            wait_until(self._up, timeout, f"{self.name} answers")
        except BaseException as error:
            text = self.log()
            self.stop()
            if isinstance(error, LabError):
                raise LabError(f"{error}\n{text}") from None
            raise
        Server.live.append(self)
        return self

    def stop(self, timeout=10):
        """Ends the server politely, then by force, and removes its folder."""
        self.halt(timeout)
        if self in Server.live:
            Server.live.remove(self)
        if self.dir is not None:
            remove_folder(self.dir)
            self.dir = None

    def halt(self, timeout=10):
        """SIGTERM, and SIGKILL after a while; the folder and the port stay for the next start()."""
        if self._process is None:
            return
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self):
        """SIGKILL to the server and all its children at once; the folder stays for start()."""
        if self._process is None:
            return
        self._send(signal.SIGKILL, -self._process.pid)
        self._process.wait(10)
        self._process.stdin.close()
        self._process = None
        (self.dir / "pid").unlink(missing_ok=True)

    def restart(self):
        self.halt()
        if self in Server.live:
            Server.live.remove(self)
        return self.start()

    def signal(self, number):
        """Sends a signal to the server's own process (SIGSTOP makes it hang)."""
        pid = self.pid
        if pid:
            self._send(number, pid)

    @property
    def pid(self):
        try:
            return int((self.dir / "pid").read_text())
        except (OSError, ValueError, TypeError):
            return None

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def log(self):
        if self.dir is None:
            return f"--- {self.name}: not started"
        return "\n".join(f"--- {self.name}: {path.name}\n{tail(path)}" for path in self.logs())

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    # --- inside

    def _spawn(self):
        command = ["sh", str(HERE / "keep.sh"), str(self.dir / "pid"), *[str(c) for c in self.command()]]
        with open(self.dir / "output", "ab") as output:
            self._process = subprocess.Popen(
                self.wrapped(command),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment(self.environment()),
                start_new_session=True,
                cwd="/",
            )

    def wrapped(self, command):
        return as_root(command) if self.privileged else command

    def _up(self):
        if self._process.poll() is not None:
            raise LabError(f"{self.name} ended at once, exit status {self._process.returncode}")
        return self.pid and self.ready()

    def _send(self, number, pid):
        """Signals only what this object started; as root where the server is root's."""
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            run(as_root(["kill", f"-{int(number)}", "--", str(pid)]), check=False)


def stop_all():
    for server in reversed(list(Server.live)):
        server.stop()


atexit.register(stop_all)
