"""Exec and attach streams of the process runtime: a child of the kubelet's own, and the shim's socket."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import socket
import struct
import termios
from collections.abc import Mapping, Sequence

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.process.records import ContainerRecord
from minik8s.kubelet.runtimes.process.shim import FRAME_CLOSE_STDIN, FRAME_RESIZE, FRAME_STDIN

READ_SIZE = 65536
TIOCGPTN, TIOCSPTLCK = 0x80045430, 0x40045431  # asm-generic/ioctls.h; Python's termios has no name for them


class ChildStream:
    """→ base.ExecStream over a subprocess with pipes or a terminal."""

    def __init__(self, process: asyncio.subprocess.Process, master: int | None) -> None:
        self._process = process
        self._master = master
        self._pieces: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue(16)
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(
        cls, command: Sequence[str], env: Mapping[str, str], cwd: str | None, stdin: bool, tty: bool, pid: int = 0
    ) -> ChildStream:
        """Runs `command`; its failure to start is told by exit code and stderr, as a shell would.

        With a terminal: a command for the container of `pid` makes its session itself, any other is given one.
        """
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        if not tty:
            process = await asyncio.create_subprocess_exec(
                *command, env=env, cwd=cwd, stdin=pipe if stdin else null, stdout=pipe, stderr=pipe,
                start_new_session=True,
            )  # fmt: skip
            stream = cls(process, None)
            assert process.stdout is not None and process.stderr is not None
            stream._follow([(1, process.stdout), (2, process.stderr)])
            return stream
        master, slave = open_terminal(pid)
        try:
            process = await asyncio.create_subprocess_exec(
                *([] if pid else ["setsid", "--ctty", "--wait"]), *command, env=env, cwd=cwd,
                stdin=slave, stdout=slave, stderr=slave, start_new_session=bool(pid),
            )  # fmt: skip
        finally:
            os.close(slave)
        stream = cls(process, master)
        reader = asyncio.StreamReader()
        os.set_blocking(master, False)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(master), "rb", buffering=0)
        )
        stream._follow([(1, reader)])
        return stream

    def _follow(self, readers: list[tuple[int, asyncio.StreamReader]]) -> None:
        left = len(readers)

        async def pump(number: int, reader: asyncio.StreamReader) -> None:
            nonlocal left
            with contextlib.suppress(OSError):  # EIO: the terminal's other end is closed
                while data := await reader.read(READ_SIZE):
                    await self._pieces.put((number, data))
            left -= 1
            if not left:
                await self._pieces.put(None)

        self._tasks = [asyncio.create_task(pump(number, reader)) for number, reader in readers]

    async def read(self) -> tuple[int, bytes] | None:
        """→ base.ExecStream."""
        return await self._pieces.get()

    async def write_stdin(self, data: bytes) -> None:
        """→ base.ExecStream."""
        if self._master is not None:
            await asyncio.to_thread(_write_all, self._master, data)
        elif self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(data)
                await self._process.stdin.drain()

    async def close_stdin(self) -> None:
        """→ base.ExecStream; on a terminal: its end-of-file character."""
        if self._master is not None:
            await asyncio.to_thread(_write_all, self._master, b"\x04")
        elif self._process.stdin is not None:
            self._process.stdin.close()

    async def resize(self, width: int, height: int) -> None:
        """→ base.ExecStream."""
        if self._master is not None:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    async def wait(self) -> int:
        """→ base.ExecStream."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        """The whole session of it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, 9)

    async def close(self) -> None:
        """→ base.ExecStream."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._master is not None:
            os.close(self._master)
            self._master = None


def open_terminal(pid: int) -> tuple[int, int]:
    """→ master, slave: of the devpts that the container of `pid` has mounted, so that it finds its terminal's name."""
    folder = f"/proc/{pid}/root/dev/pts"
    try:
        master = os.open(f"{folder}/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:  # no container, or one without a devpts of its own
        return pty.openpty()
    fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
    (number,) = struct.unpack("i", fcntl.ioctl(master, TIOCGPTN, struct.pack("i", 0)))
    try:
        return master, os.open(f"{folder}/{number}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        os.close(master)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    import select

    while data:
        select.select([], [descriptor], [], 5)
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            continue
        except OSError:
            return  # the process has ended


class AttachStream:
    """→ base.ExecStream over a shim's socket: frames of one byte kind, four bytes length, data."""

    def __init__(self, record: ContainerRecord, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._record = record
        self._reader = reader
        self._writer = writer
        self._ended = asyncio.Event()

    @classmethod
    async def start(cls, record: ContainerRecord) -> AttachStream:
        """ContainerNotFound when its shim does not answer."""
        folder = os.open(record.folder, os.O_RDONLY | os.O_DIRECTORY)
        sock = socket.socket(socket.AF_UNIX)
        try:  # by way of /proc: a socket's path may only be about 100 bytes long
            sock.connect(f"/proc/self/fd/{folder}/attach.sock")
            sock.setblocking(False)
        except OSError as exc:
            sock.close()
            raise base.ContainerNotFound(f"container {record.id} is not running") from exc
        finally:
            os.close(folder)
        return cls(record, *await asyncio.open_unix_connection(sock=sock))

    async def read(self) -> tuple[int, bytes] | None:
        """→ base.ExecStream."""
        try:
            kind, length = struct.unpack(">BI", await self._reader.readexactly(5))
            return kind, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._ended.set()
            return None

    async def _send(self, kind: int, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(struct.pack(">BI", kind, len(data)) + data)
            await self._writer.drain()

    async def write_stdin(self, data: bytes) -> None:
        """→ base.ExecStream."""
        await self._send(FRAME_STDIN, data)

    async def close_stdin(self) -> None:
        """→ base.ExecStream; only a container with `stdinOnce` ends with its client's input."""
        if self._record.labels.get("minik8s.io/stdin-once") == "true":
            await self._send(FRAME_CLOSE_STDIN, b"")

    async def resize(self, width: int, height: int) -> None:
        """→ base.ExecStream."""
        await self._send(FRAME_RESIZE, struct.pack(">HH", width, height))

    async def wait(self) -> int:
        """→ base.ExecStream."""
        await self._ended.wait()
        for _ in range(100):  # the shim closes the socket a moment before it records the end
            if self._record.refresh().exit is not None:
                return int(self._record.exit["exit_code"]) if self._record.exit else 0
            await asyncio.sleep(0.02)
        return 0

    async def close(self) -> None:
        """→ base.ExecStream."""
        self._ended.set()
        self._writer.close()
