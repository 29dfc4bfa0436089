"""Exec and attach streams of the Docker engine.

Without a terminal the engine sends frames: one byte for the stream (1 stdout, 2 stderr), three zero bytes, four bytes
of length (big-endian), then the data. With a terminal the bytes are bare and all are stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from minik8s.serving import StreamPair


class Demultiplexer:
    """Frames in, (stream, data) out; keeps what is incomplete. No I/O."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The frames (or parts of a long frame) that `data` completes."""
        self._buffer += data
        while len(self._buffer) >= 8:
            stream, length = struct.unpack_from(">BxxxI", self._buffer)
            if len(self._buffer) < 8 + length:
                return
            yield (2 if stream == 2 else 1), bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]


async def demultiplex(source: AsyncIterator[bytes], tty: bool) -> AsyncIterator[bytes]:
    """A log's body without its frames."""
    frames = Demultiplexer()
    async for data in source:
        if tty:
            yield data
        elif piece := b"".join(part for _, part in frames.feed(data)):
            yield piece


class DockerExecStream:
    """→ base.ExecStream over a hijacked connection."""

    def __init__(
        self,
        pair: StreamPair,
        first: bytes,
        tty: bool,
        resize: Callable[[int, int], Awaitable[None]],
        exit_code: Callable[[], Awaitable[int]],
    ) -> None:
        self._pair = pair
        self._tty = tty
        self._resize = resize
        self._exit_code = exit_code
        self._frames = Demultiplexer()
        self._ready: list[tuple[int, bytes]] = []
        self._eof = asyncio.Event()
        self._take(first)

    def _take(self, data: bytes) -> None:
        if not data:
            return
        self._ready.extend([(1, data)] if self._tty else self._frames.feed(data))

    async def read(self) -> tuple[int, bytes] | None:
        """→ base.ExecStream."""
        while not self._ready:
            if self._eof.is_set():
                return None
            data = b""
            with contextlib.suppress(ConnectionError):
                data = await self._pair.read()
            if not data:
                self._eof.set()
            self._take(data)
        return self._ready.pop(0)

    async def write_stdin(self, data: bytes) -> None:
        """→ base.ExecStream."""
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            await self._pair.write(data)

    async def close_stdin(self) -> None:
        """→ base.ExecStream."""
        with contextlib.suppress(OSError):
            await self._pair.write_eof()

    async def resize(self, width: int, height: int) -> None:
        """→ base.ExecStream."""
        await self._resize(width, height)

    async def wait(self) -> int:
        """→ base.ExecStream; once all output has been read."""
        await self._eof.wait()
        return await self._exit_code()

    async def close(self) -> None:
        """→ base.ExecStream."""
        self._eof.set()
        await self._pair.close()
