"""A byte stream in both directions over a transport that somebody else reads: what is left of HTTP after an upgrade.

Mirrors Go's hijacked net.Conn. Invariants: bytes arrive in order and are kept until read; reading stops at the
transport when more than `LIMIT` bytes wait (backpressure to the peer); `write` waits while the peer takes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LIMIT = 256 * 1024


class Duplex:
    """read / write / write_eof / close on a taken-over connection."""

    def __init__(self, transport: asyncio.Transport, drain: Callable[[], Awaitable[None]]) -> None:
        self.transport = transport
        self._drain = drain
        self._buffer = bytearray()
        self._eof = False
        self._lost = False
        self._paused = False
        self._wakeup: asyncio.Future[None] | None = None

    # the protocol's side
    def feed_data(self, data: bytes) -> None:
        """More bytes came."""
        self._buffer += data
        self._wake()
        if len(self._buffer) > LIMIT and not self._paused and not self._lost:
            self._paused = True
            self.transport.pause_reading()

    def feed_eof(self) -> None:
        """The peer will send nothing more."""
        self._eof = True
        self._wake()

    def feed_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._lost = self._eof = True
        self._wake()

    def _wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    # the user's side
    @property
    def closed(self) -> bool:
        """Nothing can be written any more."""
        return self._lost or self.transport.is_closing()

    async def read(self, limit: int = 65536) -> bytes:
        """At least one byte, or b"" at the end. One reader at a time."""
        while not self._buffer:
            if self._eof:
                return b""
            self._wakeup = asyncio.get_running_loop().create_future()
            try:
                await self._wakeup
            finally:
                self._wakeup = None
        data = bytes(self._buffer[:limit])
        del self._buffer[: len(data)]
        if self._paused and len(self._buffer) <= LIMIT // 2 and not self._lost:
            self._paused = False
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """Writes and waits for room. ConnectionResetError when the peer is gone."""
        if self.closed:
            raise ConnectionResetError("connection lost")
        if data:
            self.transport.write(data)
            await self._drain()

    async def write_eof(self) -> None:
        """Half-close where the transport can (plain TCP); over TLS the end is only told by `close`."""
        if not self.closed and self.transport.can_write_eof():
            self.transport.write_eof()

    async def close(self) -> None:
        """Closes after what was written has been sent."""
        if not self._lost:
            self.transport.close()
