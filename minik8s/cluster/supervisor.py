"""The processes' keeper: supervisord, its configuration rendered from programs, and its XML-RPC socket.

supervisord is what kept many an early kubelet alive. It restarts what dies: at once after a run of over a
second, and with one more second of waiting each time after a shorter one.

Invariants: the configuration is a pure function of the programs; this process never signals a component itself.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from minik8s.cluster.config import ClusterConfig, write_atomic
from minik8s.cluster.programs import Program

#: How long a component may take to stop before SIGKILL: a kubelet flushes statuses, an apiserver drains watches.
STOP_SECONDS = 8


class SupervisorError(RuntimeError):
    """supervisord could not be started or does not answer."""


def render_config(programs: list[Program], data_dir: Path) -> str:
    """supervisord.conf for the programs; pure."""
    lines = [
        "[supervisord]",
        f"logfile={data_dir}/logs/supervisord.log",
        f"pidfile={data_dir}/supervisord.pid",
        f"childlogdir={data_dir}/logs",
        "identifier=minik8s",
        "[unix_http_server]",
        f"file={data_dir}/supervisor.sock",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        lines += [
            f"[program:{program.name}]",
            "command=" + " ".join(_quote(word) for word in program.command),
            f"priority={program.priority}",
            "autorestart=true",
            "startsecs=1",
            "startretries=1000000",
            f"stopwaitsecs={STOP_SECONDS}",
            "redirect_stderr=true",
            f"stdout_logfile={data_dir}/logs/{program.name}.log",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=3",
        ]
    return "\n".join(lines) + "\n"


def _quote(word: str) -> str:
    """Quote for supervisord's shlex and its ``%(name)s`` expansion."""
    word = word.replace("%", "%%")
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word) else '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def start(config: ClusterConfig, programs: list[Program]) -> None:
    """Write the configuration and start supervisord, which starts everything else and outlives us.

    Raises SupervisorError with supervisord's own words when it refuses.
    """
    config.logs.mkdir(parents=True, exist_ok=True)
    file = config.data_dir / "supervisord.conf"
    write_atomic(file, render_config(programs, config.data_dir).encode(), mode=0o600)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # where this is set, every process would compile all its modules at every start: a second for the cluster
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=config.data_dir, check=False)
    if done.returncode != 0:
        raise SupervisorError(f"supervisord did not start: {(done.stdout + done.stderr).strip()}")
    _wake(config.data_dir)


def running_pid(data_dir: Path) -> int | None:
    """The pid of this cluster's supervisord, or None when it does not run."""
    try:
        pid = int((data_dir / "supervisord.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if str(data_dir).encode() in command else None


def stop(data_dir: Path, timeout: float = 40) -> None:
    """Stop every component, then supervisord; returns when it is gone."""
    pid = running_pid(data_dir)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while running_pid(data_dir) is not None:
        if time.monotonic() > deadline:
            raise SupervisorError(f"supervisord (pid {pid}) did not stop within {timeout:.0f} s")
        _wake(data_dir)
        time.sleep(0.05)


def _wake(data_dir: Path) -> None:
    """End supervisord's current wait: it looks at programs and signals only after a poll of up to one second."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        knock.settimeout(1)
        knock.connect(str(data_dir / "supervisor.sock"))


def process_states(data_dir: Path) -> dict[str, dict[str, object]]:
    """supervisord's view of every program: ``name → {statename, pid, spawnerr, …}``."""
    try:
        infos: Any = _proxy(data_dir / "supervisor.sock").supervisor.getAllProcessInfo()
    except (OSError, xmlrpc.client.Error) as error:
        raise SupervisorError(f"supervisord does not answer: {error}") from error
    return {str(info["name"]): info for info in infos}


def count_restarts(log: str, name: str) -> int:
    """How often ``name`` was started again, by supervisord's own log; it keeps no such count itself."""
    last_start = log.rfind("supervisord started with pid")
    spawned = len(re.findall(rf"spawned: '{re.escape(name)}' with pid", log[max(last_start, 0) :]))
    return max(spawned - 1, 0)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket, for the standard library's XML-RPC client."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        self.sock.connect(str(self.path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        return _UnixConnection(self.path)


def _proxy(path: Path) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(path))
