"""A SPDY session over a byte stream: streams that the client opens, each read and written on its own.

Mirrors moby/spdystream as upstream's kubelet uses it. Like that library it sends no WINDOW_UPDATE and keeps no windows
(the Go clients ignore them); backpressure is the connection's own: when one stream's reader falls behind by `LIMIT`,
the session stops reading.

Leaves out: streams opened by the server, priorities, SETTINGS.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from minik8s.kubelet.server.spdy import (
    GOAWAY,
    PING,
    RST_REFUSED_STREAM,
    RST_STREAM,
    SYN_STREAM,
    Frame,
    FrameReader,
    FrameWriter,
    SpdyError,
)

LIMIT = 1024 * 1024
CHUNK = 64 * 1024


class ByteStream(Protocol):
    """What a session runs over: a taken-over connection, or a WebSocket that tunnels."""

    async def read(self, limit: int = 65536) -> bytes: ...
    async def write(self, data: bytes) -> None: ...
    async def close(self) -> None: ...


class SpdyStream:
    """One stream of a session."""

    def __init__(self, session: SpdySession, number: int, headers: Mapping[str, str]) -> None:
        self.session = session
        self.number = number
        self.headers = headers
        self._buffer = bytearray()
        self._ended = False  # the peer's direction
        self._closed = False  # ours
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    # the session's side
    async def feed(self, data: bytes, fin: bool) -> None:
        """Data came; waits while the reader is far behind."""
        self._buffer += data
        self._ended = self._ended or fin
        self._changed.set()
        if len(self._buffer) > LIMIT:
            self._room.clear()
            await self._room.wait()

    def cut(self) -> None:
        """The session is over, or the peer reset the stream."""
        self._ended = self._closed = True
        self._changed.set()
        self._room.set()

    # the user's side
    async def read(self, limit: int = 65536) -> bytes:
        """b"" at the end."""
        while not self._buffer:
            if self._ended:
                return b""
            self._changed.clear()
            await self._changed.wait()
        data = bytes(self._buffer[:limit])
        del self._buffer[: len(data)]
        if len(self._buffer) <= LIMIT // 2:
            self._room.set()
        return data

    async def write(self, data: bytes) -> None:
        """ConnectionResetError when nobody is there any more."""
        for start in range(0, len(data), CHUNK):
            if self._closed:
                raise ConnectionResetError("stream closed")
            await self.session.send(self.session.writer.data(self.number, data[start : start + CHUNK]))

    async def write_eof(self) -> None:
        """Ends our direction; reading goes on."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(ConnectionError):
                await self.session.send(self.session.writer.data(self.number, b"", fin=True))

    async def close(self) -> None:
        """Ends our direction and throws away what still comes."""
        await self.write_eof()
        self._ended = True
        self._buffer.clear()
        self._changed.set()
        self._room.set()
        self.session.streams.pop(self.number, None)


class SpdySession:
    """The server's side of a connection."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.writer = FrameWriter()
        self.streams: dict[int, SpdyStream] = {}
        self._new: asyncio.Queue[SpdyStream | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.ended = asyncio.Event()
        self._last = 0
        self._sending = asyncio.Lock()

    def start(self) -> None:
        """Begins to read."""
        self._task = asyncio.create_task(self._run(), name="spdy-session")

    async def accept(self) -> AsyncIterator[SpdyStream]:
        """Streams as the client opens them, replied to already; ends with the session."""
        while (stream := await self._new.get()) is not None:
            yield stream
        self._new.put_nowait(None)

    async def send(self, data: bytes) -> None:
        """Writes whole frames, one writer at a time: header blocks must arrive in the order they were compressed."""
        async with self._sending:
            await self._stream.write(data)

    async def _run(self) -> None:
        reader = FrameReader()
        try:
            while data := await self._stream.read():
                for frame in reader.feed(data):
                    if frame.kind == GOAWAY:
                        return
                    await self._handle(frame)
        except (SpdyError, ConnectionError):
            pass  # the session ends below; there is nobody left to tell
        finally:
            self.ended.set()
            for stream in list(self.streams.values()):
                stream.cut()
            self._new.put_nowait(None)

    async def _handle(self, frame: Frame) -> None:
        if frame.kind == SYN_STREAM:
            await self._open(frame)
        elif frame.kind == 0:
            if stream := self.streams.get(frame.stream):
                await stream.feed(frame.data, frame.fin)
        elif frame.kind == RST_STREAM:
            if stream := self.streams.pop(frame.stream, None):
                stream.cut()
        elif frame.kind == PING and frame.number % 2 == 1:  # odd: the client's own, not an answer
            await self.send(self.writer.ping(frame.number))

    async def _open(self, frame: Frame) -> None:
        if frame.stream <= self._last or frame.stream % 2 == 0:
            await self.send(self.writer.rst_stream(frame.stream, RST_REFUSED_STREAM))
            return
        self._last = frame.stream
        stream = SpdyStream(self, frame.stream, frame.headers)
        self.streams[frame.stream] = stream
        await self.send(self.writer.syn_reply(frame.stream, {}))
        if frame.fin:
            await stream.feed(b"", True)
        self._new.put_nowait(stream)

    async def close(self) -> None:
        """Says goodbye and closes the connection."""
        if not self.ended.is_set():
            with contextlib.suppress(ConnectionError):
                await self.send(self.writer.goaway(self._last))
        await self._stream.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
