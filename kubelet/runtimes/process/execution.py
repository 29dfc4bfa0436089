"""Starting processes: shims that outlive us, and commands inside a container's namespaces."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.process.records import ContainerRecord, read_json
from minik8s.kubelet.runtimes.process.streams import ChildStream


async def open_command(
    record: ContainerRecord, command: Sequence[str], isolated: bool, *, stdin: bool, tty: bool
) -> ChildStream:
    """A command in a running container; without namespaces by way of env(1), which tells a missing command by 127."""
    spec = read_json(record.folder / "spec.json") or {}
    env = {**spec.get("env", {}), **({"TERM": "xterm"} if tty else {})}
    if not isolated:
        return await ChildStream.start(["/usr/bin/env", "--", *command], env, str(record.folder), stdin, tty)
    namespaces = container_namespaces(record.pid)
    line = render_nsenter(record.pid, namespaces, spec["cgroups"], spec["uid"], spec["gid"], command, tty)
    return await ChildStream.start(line, env, None, stdin, tty, record.pid)


async def run_to_end(stream: ChildStream, command: Sequence[str], timeout: float) -> base.ExecResult:
    """All its output and its exit code; past the timeout it is killed."""
    output: dict[int, list[bytes]] = {1: [], 2: []}
    try:
        async with asyncio.timeout(timeout or None):
            while (piece := await stream.read()) is not None:
                output[piece[0]].append(piece[1])
            code = await stream.wait()
    except TimeoutError:
        stream.kill()
        raise TimeoutError(f"command {list(command)} timed out after {timeout:g} s") from None
    finally:
        await stream.close()
    return base.ExecResult(code, b"".join(output[1]), b"".join(output[2]))


def render_nsenter(
    pid: int, namespaces: Sequence[str], cgroups: Sequence[str], uid: int, gid: int, command: Sequence[str],
    tty: bool = False,
) -> list[str]:  # fmt: skip
    """A command line that runs `command` as if in the container of `pid`, in its cgroup.

    A shell joins the cgroup first: what is written there is the writer itself, and nsenter cannot do it. The session
    that owns the terminal is made between the two: already among the container's processes, where its shell must find
    it for job control, and still with the host's programs at hand.
    """
    flags = {"mnt": "-m", "uts": "-u", "ipc": "-i", "net": "-n"}
    session = ["nsenter", "-t", str(pid), "-p", "--"] if "pid" in namespaces else []
    session += ["setsid", "--ctty", "--wait"] if tty else []
    enter = ["nsenter", "-t", str(pid), *(flags[name] for name in namespaces if name in flags)]
    if "mnt" in namespaces:
        enter += ["-r", "-w"]  # the root and working directory of that process
    if uid or gid:
        enter += ["-S", str(uid), "-G", str(gid)]
    join = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs"; shift; done 2>/dev/null; shift; exec "$@"'
    return ["/bin/sh", "-c", join, "sh", *cgroups, "--", *session, *enter, "--", *command]


def container_namespaces(pid: int) -> list[str]:
    """Those of the process that are not the kubelet's own."""
    found = []
    for name in ("mnt", "uts", "ipc", "net", "pid"):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/ns/{name}").readlink() != Path(f"/proc/self/ns/{name}").readlink():
                found.append(name)
    return found


def spawn_detached(command: list[str], keep: int) -> int:
    """A process that does not die with us: its own session, none of our files but `keep`."""
    null = subprocess.DEVNULL
    process = subprocess.Popen(
        command, stdin=null, stdout=null, stderr=null, pass_fds=(keep,), start_new_session=True, cwd="/"
    )
    process.returncode = 0  # its end is seen by its pidfd; Popen must not look for it
    return process.pid


async def read_line(descriptor: int, timeout: float) -> str:
    """The first line of a pipe; "" when it is closed without one, or after `timeout`."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        return (await asyncio.wait_for(reader.readline(), timeout)).decode(errors="replace")
    except TimeoutError:
        return ""
    finally:
        transport.close()
