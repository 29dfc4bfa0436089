"""The shim: one small detached process per container, which outlives the kubelet.

Run as `python -I -S shim.py FOLDER STATUS_FD`. Standard library only, so that it starts fast and stays small. It reads
FOLDER/spec.json, starts the command in its namespaces, writes its output as CRI log lines, serves attach on the socket
FOLDER/attach.sock, waits, and records how it ended in FOLDER/exit.json. On STATUS_FD it tells one line: `ok <pid>`
once the command was executed, or `error <code> <message>`. Mirrors containerd-shim.

Invariants: exit.json is written (whole, then renamed) before the shim ends, by the shim alone; when the shim dies, its
container dies with it (parent-death signal), so a container without a shim has always ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import pty
import selectors
import signal
import socket
import struct
import sys
import termios
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

if TYPE_CHECKING:
    from minik8s.kubelet.runtimes.process import syscalls
    from minik8s.kubelet.runtimes.process.rootfs import build_root
else:  # run as a script: its folder is all that it may import from
    import syscalls
    from rootfs import build_root

LINE_LIMIT = 16 * 1024
FRAME_STDIN, FRAME_STDOUT, FRAME_STDERR, FRAME_RESIZE, FRAME_CLOSE_STDIN = 0, 1, 2, 4, 255
NAMES = {1: b"stdout", 2: b"stderr"}


class Log:
    """CRI lines to a file; long lines in pieces."""

    def __init__(self, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._rest = {1: b"", 2: b""}

    def reopen(self) -> None:
        """After a rotation (SIGUSR1)."""
        os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)

    def write(self, stream: int, data: bytes) -> None:
        """Output in any pieces."""
        *lines, rest = (self._rest[stream] + data).split(b"\n")
        out = b"".join(self._line(stream, line, b"F") for line in lines)
        while len(rest) >= LINE_LIMIT:
            out += self._line(stream, rest[:LINE_LIMIT], b"P")
            rest = rest[LINE_LIMIT:]
        self._rest[stream] = rest
        self._put(out)

    def finish(self) -> None:
        """What came without an end of line."""
        for stream, rest in self._rest.items():
            if rest:
                self._put(self._line(stream, rest, b"F"))
                self._rest[stream] = b""

    def _put(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk must not stop the container
            while data:
                data = data[os.write(self._file, data) :]

    @staticmethod
    def _line(stream: int, line: bytes, tag: bytes) -> bytes:
        seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanos:09d}Z"
        return b"%b %b %b %b\n" % (stamp.encode(), NAMES[stream], tag, line)


def become(spec: dict[str, Any], folder: str) -> None:
    """In the child: everything between fork and exec."""
    if spec["isolated"]:
        syscalls.unshare(syscalls.CLONE_NEWNS)
        build_root(spec, folder)
    os.umask(0o022)
    if spec["oom_score_adj"] > 0:
        Path("/proc/self/oom_score_adj").write_text(str(spec["oom_score_adj"]))
    if spec["isolated"] and not spec["privileged"]:
        syscalls.drop_capabilities(frozenset(spec["capabilities"]))
    if spec["no_new_privileges"]:
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
    if os.geteuid() == 0:
        os.setgroups(spec["groups"])
        os.setgid(spec["gid"])
        os.setuid(spec["uid"])
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    directory = spec["working_dir"]
    if spec["isolated"] and not Path(directory).is_dir():
        Path(directory).mkdir(parents=True)
    os.chdir(directory)


def execute(command: list[str], env: dict[str, str]) -> None:
    """execvpe with the container's own PATH; raises what the kernel says."""
    if "/" in command[0]:
        os.execve(command[0], command, env)
    failure: OSError = FileNotFoundError(errno.ENOENT, "executable file not found in $PATH", command[0])
    for folder in env.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(":"):
        try:
            os.execve(f"{folder}/{command[0]}", command, env)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as exc:
            failure = exc
    raise failure


def start_child(spec: dict[str, Any], folder: str) -> tuple[int, int | None, dict[int, int]]:
    """→ pid, descriptor of its stdin (None when it has none), {descriptor: stream}. Raises OSError of the child's."""
    tty = spec["tty"]
    master, slave = pty.openpty() if tty else (-1, -1)
    ends = {name: (slave, master) if tty else os.pipe() for name in ("in", "out", "err")}
    if not tty:
        ends["in"] = ends["in"] if spec["stdin"] else (os.open("/dev/null", os.O_RDONLY), -1)
    told, tell = os.pipe()
    for namespace in spec["join"]:
        syscalls.enter(spec["sandbox_pid"], namespace)
    if spec["target_pid"]:
        syscalls.enter(spec["target_pid"], "pid")
    elif spec["own_pid_namespace"]:
        syscalls.unshare(syscalls.CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            child = (slave, slave, slave) if tty else (ends["in"][0], ends["out"][1], ends["err"][1])
            for number, descriptor in enumerate(child):
                os.dup2(descriptor, number)
            if tty:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            for path in spec["cgroups"]:
                Path(path, "cgroup.procs").write_text("0")
            become(spec, folder)
            for number in range(1, signal.NSIG):
                if number not in (signal.SIGKILL, signal.SIGSTOP) and signal.getsignal(number) is signal.SIG_IGN:
                    signal.signal(number, signal.SIG_DFL)
            execute(spec["command"], spec["env"])
        except OSError as exc:
            text = json.dumps([exc.errno or 1, f"{exc.filename or spec['command'][0]}: {exc.strerror or exc}"])
            os.write(tell, text.encode())
        finally:
            os._exit(127)
    os.close(tell)
    for descriptor in {slave} if tty else {ends["in"][0], ends["out"][1], ends["err"][1]}:
        os.close(descriptor)
    with os.fdopen(told, "rb") as pipe:
        failure = pipe.read()
    if failure:
        os.waitpid(pid, 0)
        raise OSError(*json.loads(failure))
    if tty:
        return pid, master, {master: 1}
    return pid, (ends["in"][1] if spec["stdin"] else None), {ends["out"][0]: 1, ends["err"][0]: 2}


class Supervisor:
    """Copies, logs and serves until the container has ended and its output was read."""

    def __init__(self, spec: dict[str, Any], pid: int, stdin: int | None, outputs: dict[int, int]) -> None:
        self._spec = spec
        self._pid = pid
        self._stdin = stdin
        self._outputs = outputs
        self._log = Log(spec["log_path"])
        self._selector = selectors.DefaultSelector()
        self._clients: dict[socket.socket, bytearray] = {}
        self._status: int | None = None
        self._ended_at = 0.0

    def run(self, listener: socket.socket) -> int:
        """→ the wait status."""
        for descriptor, stream in self._outputs.items():
            os.set_blocking(descriptor, False)
            self._on(descriptor, partial(self._output, descriptor, stream))
        self._on(listener, lambda: self._accept(listener))
        wake, wake_end = socket.socketpair()
        for end in (wake, wake_end):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGUSR1, lambda *_: self._log.reopen())
        signal.set_wakeup_fd(wake_end.fileno(), warn_on_full_buffer=False)
        self._on(wake, lambda: wake.recv(64))
        # A grandchild may hold the pipes open after the container has ended: then its output is not waited for.
        while self._status is None or (self._outputs and time.monotonic() < self._ended_at + 0.5):
            for key, _ in self._selector.select(timeout=0.05 if self._status is not None else None):
                key.data()
            self._reap()
        self._log.finish()
        for client in list(self._clients):
            client.close()
        return self._status

    def _on(self, source: Any, handler: Callable[[], Any]) -> None:
        self._selector.register(source, selectors.EVENT_READ, handler)

    def _reap(self) -> None:
        """Orphans too: the shim is their reaper where there is no pid namespace."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._pid:
                self._status, self._ended_at = status, time.monotonic()

    def _output(self, descriptor: int, stream: int) -> None:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        except OSError:  # a terminal whose other end is closed
            data = b""
        if not data:
            self._selector.unregister(descriptor)
            del self._outputs[descriptor]
            return
        self._log.write(stream, data.replace(b"\r\n", b"\n") if self._spec["tty"] else data)
        for client in list(self._clients):
            self._send(client, struct.pack(">BI", stream, len(data)) + data)

    # attach
    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.setblocking(False)
        self._clients[client] = bytearray()
        self._on(client, lambda: self._input(client))

    def _send(self, client: socket.socket, data: bytes) -> None:
        try:
            if client.send(data) == len(data):
                return
        except OSError:
            pass
        self._drop(client)  # gone, or it does not read: the container is not held up for it

    def _drop(self, client: socket.socket) -> None:
        if self._clients.pop(client, None) is not None:
            self._selector.unregister(client)
            client.close()

    def _input(self, client: socket.socket) -> None:
        try:
            data = client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        buffer = self._clients[client]
        buffer += data
        while len(buffer) >= 5:
            kind, length = struct.unpack_from(">BI", buffer)
            if len(buffer) < 5 + length:
                return
            self._frame(kind, bytes(buffer[5 : 5 + length]))
            del buffer[: 5 + length]

    def _frame(self, kind: int, data: bytes) -> None:
        if self._stdin is None:
            return
        if kind == FRAME_STDIN:
            with contextlib.suppress(OSError):
                os.write(self._stdin, data)
        elif kind == FRAME_RESIZE and self._spec["tty"]:
            width, height = struct.unpack(">HH", data)
            fcntl.ioctl(self._stdin, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        elif kind == FRAME_CLOSE_STDIN and not self._spec["tty"]:
            os.close(self._stdin)
            self._stdin = None


def listen() -> socket.socket:
    """For attach. Before the start, so that whoever knows of the start can attach."""
    listener = socket.socket(socket.AF_UNIX)
    Path("attach.sock").unlink(missing_ok=True)
    listener.bind("attach.sock")  # relative: a socket's path may only be about 100 bytes long
    Path("attach.sock").chmod(0o600)
    listener.listen(8)
    listener.setblocking(False)
    return listener


def was_oom_killed(paths: list[str]) -> bool:
    """Whether the kernel's OOM killer struck in one of these cgroups (both versions' files)."""
    for path in paths:
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                for line in Path(path, name).read_text().splitlines():
                    key, value = line.split()
                    if key == "oom_kill" and int(value) > 0:
                        return True
    return False


def record_exit(status: int, spec: dict[str, Any]) -> None:
    """exit.json, whole or not at all."""
    killed = os.WIFSIGNALED(status)
    code = 128 + os.WTERMSIG(status) if killed else os.WEXITSTATUS(status)
    oom = code == 137 and was_oom_killed(spec["cgroups"])
    reason = "OOMKilled" if oom else "Completed" if code == 0 else "Error"
    write_json("exit.json", {"exit_code": code, "reason": reason, "finished_at": time.time()})


def write_json(path: str, value: Any) -> None:
    """By a rename, so that a reader never sees half of it."""
    Path(path + ".new").write_text(json.dumps(value))
    Path(path + ".new").replace(path)


def kill_leftovers() -> None:
    """Without a pid namespace: what the container started and left behind is ours now (subreaper): end it."""
    while True:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)


def start_failure(exc: OSError) -> tuple[int, str]:
    """Docker's codes: 127 not found, 126 not executable, 128 anything else."""
    code = {errno.ENOENT: 127, errno.EACCES: 126, errno.ENOEXEC: 126}.get(exc.errno or 0, 128)
    return code, f"failed to start container: {exc.strerror or exc}"


def main() -> int:
    """See the module's docstring."""
    folder, report = sys.argv[1], int(sys.argv[2])
    os.chdir(folder)
    spec = json.loads(Path("spec.json").read_text())
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    listener = listen()
    try:
        pid, stdin, outputs = start_child(spec, folder)
    except OSError as exc:
        code, message = start_failure(exc)
        write_json(
            "exit.json",
            {"exit_code": code, "reason": "ContainerCannotRun", "message": message, "finished_at": time.time()},
        )
        os.write(report, f"error {code} {message}\n".encode())
        return 1
    write_json("run.json", {"pid": pid, "started_at": time.time()})
    os.write(report, f"ok {pid}\n".encode())
    os.close(report)
    status = Supervisor(spec, pid, stdin, outputs).run(listener)
    kill_leftovers()
    record_exit(status, spec)
    return 0


if __name__ == "__main__":
    ctypes.set_errno(0)
    sys.exit(main())
