"""What a fake container does, and the streams it talks on (see `fake.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minik8s.kubelet.runtimes.base import ExecResult


@dataclass(slots=True)
class Behaviour:
    """Defaults: starts at once, runs for ever, stops at once on its stop signal with 143, every exec succeeds."""

    start_delay: float = 0.0
    start_error: str = ""  # start fails with this message
    run_for: float | None = None  # seconds until it ends by itself
    exit_code: int = 0  # of ending by itself
    oom_killed: bool = False  # ... by the OOM killer
    stop_seconds: float | None = 0.0  # from stop signal to death; None: ignores the signal (killed after the grace)
    stop_exit_code: int = 143
    pull_error: str = ""  # keyed by image
    log_lines: tuple[str, ...] | list[str] = ()
    exec: Callable[[Sequence[str]], ExecResult] | None = None
    exec_exit_code: int = 0  # when `exec` is None; may be changed while it runs (a probe that begins to fail)
    exec_seconds: float = 0.0
    cpu_millis: int = 1
    memory_bytes: int = 1 << 20
    disk_bytes: int = 0  # of the writable layer

    def run_exec(self, command: Sequence[str]) -> ExecResult:
        """The outcome of a command in the container."""
        if self.exec is not None:
            return self.exec(command)
        return ExecResult(self.exec_exit_code, (" ".join(command) + "\n").encode(), b"")


class FakeByteStream:
    """Gives back what was written."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self, limit: int = 65536) -> bytes:
        """→ base.ByteStream."""
        return await self._queue.get()

    async def write(self, data: bytes) -> None:
        """→ base.ByteStream."""
        if data:
            self._queue.put_nowait(data)

    async def write_eof(self) -> None:
        """→ base.ByteStream."""
        self._queue.put_nowait(b"")

    async def close(self) -> None:
        """→ base.ByteStream."""
        self._queue.put_nowait(b"")


class FakeExecStream:
    """Prints a result; with `echo` it then repeats stdin until that ends."""

    def __init__(self, result: ExecResult, echo: bool) -> None:
        self._result = result
        self._pieces: asyncio.Queue[tuple[int, bytes] | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self.size = (0, 0)
        for number, data in ((1, result.stdout), (2, result.stderr)):
            if data:
                self._pieces.put_nowait((number, data))
        if not echo:
            self._end()

    def _end(self) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._pieces.put_nowait(None)

    async def read(self) -> tuple[int, bytes] | None:
        """→ base.ExecStream."""
        return await self._pieces.get()

    async def write_stdin(self, data: bytes) -> None:
        """→ base.ExecStream."""
        if data and not self._ended.is_set():
            self._pieces.put_nowait((1, data))

    async def close_stdin(self) -> None:
        """→ base.ExecStream."""
        self._end()

    async def resize(self, width: int, height: int) -> None:
        """→ base.ExecStream."""
        self.size = (width, height)

    async def wait(self) -> int:
        """→ base.ExecStream."""
        await self._ended.wait()
        return self._result.exit_code

    async def close(self) -> None:
        """→ base.ExecStream."""
        self._end()
