"""The five streams of exec and attach, over WebSocket channels or over SPDY streams, behind one shape.

Mirrors pkg/kubelet/cri/streaming/remotecommand/{httpstream.go,websocket.go}. `open_remote` negotiates the protocol,
takes the connection over and gives a `Remote`; what runs behind it (`execute.py`) does not know which one it is.

Protocol versions: v1 writes errors as text and has no terminal size (SPDY) ; v2 half-closes stdin; v3 adds the terminal
size; v4 tells the outcome as a Status in JSON; v5 (WebSocket) adds the half-close there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from minik8s.kubelet.server.spdy_session import SpdySession, SpdyStream
from minik8s.kubelet.server.websocket import (
    CLOSE_CHANNEL,
    V1,
    V1_BASE64,
    V4,
    V4_BASE64,
    V5,
    Channels,
    WebSocket,
    choose_protocol,
    render_handshake,
)
from minik8s.serving import Connection

CHANNEL_NAMES = ("stdin", "stdout", "stderr", "error", "resize")
SPDY_PROTOCOLS = ("v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io")
WEBSOCKET_PROTOCOLS = (V5, V4, V4_BASE64, V1, V1_BASE64)
STREAMS_SECONDS = 30.0  # a SPDY client opens its streams within that time


class UpgradeRefused(Exception):
    """Answered plainly: `status` and `message`, with `headers`."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which streams the client asked for."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool


class Remote(Protocol):
    """The client's end of an exec or attach."""

    json_status: bool

    def receive(self) -> AsyncIterator[tuple[str, bytes | None]]:
        """("stdin" | "resize", data); data None when that stream has ended. Ends when the client is gone."""
        ...

    async def send(self, name: str, data: bytes) -> None:
        """To "stdout", "stderr" or "error"."""
        ...

    async def close(self) -> None:
        """After everything was sent."""
        ...


async def open_remote(connection: Connection, headers: dict[bytes, list[bytes]], wanted: Wanted) -> Remote:
    """Negotiates and takes over. UpgradeRefused before anything was written."""
    if connection.upgrade == "websocket":
        return await _open_websocket(connection, headers, wanted)
    if connection.upgrade == "spdy/3.1":
        return await _open_spdy(connection, headers, wanted)
    raise UpgradeRefused(400, "you must specify at least 1 of stdin, stdout, stderr over an upgraded connection")


def split_header(values: list[bytes]) -> list[str]:
    """Comma-separated values of a header that may come several times."""
    return [part.strip() for value in values for part in value.decode("latin-1").split(",") if part.strip()]


async def accept_websocket(
    connection: Connection, headers: dict[bytes, list[bytes]], supported: tuple[str, ...]
) -> tuple[WebSocket, str]:
    """→ the WebSocket and the protocol agreed upon ("" when the client named none)."""
    offered = split_header(headers.get(b"sec-websocket-protocol", []))
    protocol = choose_protocol(offered, supported)
    key = headers.get(b"sec-websocket-key", [b""])[0]
    if protocol is None or not key:
        raise UpgradeRefused(400, f"unable to upgrade: requested protocols {offered}, supported {list(supported)}")
    duplex = connection.hijack()
    await duplex.write(render_handshake(key, protocol))
    return WebSocket(duplex), protocol


async def accept_spdy(
    connection: Connection, headers: dict[bytes, list[bytes]], supported: tuple[str, ...]
) -> tuple[SpdySession, str]:
    """→ a running session and the protocol agreed upon. Clients of old name none: then the last supported holds."""
    offered = split_header(headers.get(b"x-stream-protocol-version", []))
    protocol = choose_protocol(offered, supported)
    if protocol is None:
        accepted = tuple((b"x-accepted-stream-protocol-versions", name.encode()) for name in supported)
        raise UpgradeRefused(
            403, f"unable to upgrade: unable to negotiate protocol: client supports {offered}", accepted
        )
    duplex = connection.hijack()
    lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: SPDY/3.1"]
    if protocol:
        lines.append(f"X-Stream-Protocol-Version: {protocol}")
    await duplex.write("\r\n".join([*lines, "", ""]).encode("ascii"))
    session = SpdySession(duplex)
    session.start()
    return session, protocol or supported[-1]


class WebSocketRemote:
    """Streams as channels."""

    def __init__(self, channels: Channels, protocol: str) -> None:
        self._channels = channels
        self.json_status = protocol in (V5, V4, V4_BASE64)

    async def receive(self) -> AsyncIterator[tuple[str, bytes | None]]:
        """→ Remote."""
        while (message := await self._channels.receive()) is not None:
            channel, data = message
            if channel == CLOSE_CHANNEL and data[:1] == b"\x00":
                yield "stdin", None
            elif channel == 0 and data:
                yield "stdin", data
            elif channel == 4:
                yield "resize", data

    async def send(self, name: str, data: bytes) -> None:
        """→ Remote."""
        await self._channels.send(CHANNEL_NAMES.index(name), data)

    async def close(self) -> None:
        """→ Remote."""
        await self._channels.close()


async def _open_websocket(connection: Connection, headers: dict[bytes, list[bytes]], wanted: Wanted) -> Remote:
    socket, protocol = await accept_websocket(connection, headers, WEBSOCKET_PROTOCOLS)
    remote = WebSocketRemote(Channels(socket, protocol), protocol)
    # An empty message on the lowest channel we write tells the client that the connection stands.
    first = "stdout" if wanted.stdout else "stderr" if wanted.stderr else "error"
    await remote.send(first, b"")
    return remote


class SpdyRemote:
    """Streams as SPDY streams, told apart by their header `streamType`."""

    def __init__(self, session: SpdySession, protocol: str) -> None:
        self._session = session
        self._streams: dict[str, SpdyStream] = {}
        self.json_status = protocol == "v4.channel.k8s.io"

    async def collect(self, names: set[str]) -> None:
        """Waits for the client to open its streams; SPDY clients open one after the other."""
        async with asyncio.timeout(STREAMS_SECONDS):
            async for stream in self._session.accept():
                self._streams[stream.headers.get("streamtype", "")] = stream
                if names <= set(self._streams):
                    return
        raise ConnectionResetError("the client went away before it had opened its streams")

    async def receive(self) -> AsyncIterator[tuple[str, bytes | None]]:
        """→ Remote."""
        queue: asyncio.Queue[tuple[str, bytes | None] | None] = asyncio.Queue(8)

        async def pump(name: str, stream: SpdyStream) -> None:
            while data := await stream.read():
                await queue.put((name, data))
            if not self._session.ended.is_set():
                await queue.put((name, None))

        async def end() -> None:
            await self._session.ended.wait()
            await queue.put(None)

        pumps = [pump(name, self._streams[name]) for name in ("stdin", "resize") if name in self._streams]
        tasks = [asyncio.create_task(work) for work in (*pumps, end())]
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            for task in tasks:
                task.cancel()

    async def send(self, name: str, data: bytes) -> None:
        """→ Remote."""
        if stream := self._streams.get(name):
            await stream.write(data)

    async def close(self) -> None:
        """→ Remote."""
        for stream in self._streams.values():
            await stream.write_eof()
        # The client closes once it has read the error stream's end; closing first could lose the outcome.
        try:
            await asyncio.wait_for(self._session.ended.wait(), 10)
        except TimeoutError:
            pass
        finally:
            await self._session.close()


async def _open_spdy(connection: Connection, headers: dict[bytes, list[bytes]], wanted: Wanted) -> Remote:
    session, protocol = await accept_spdy(connection, headers, SPDY_PROTOCOLS)
    remote = SpdyRemote(session, protocol)
    names = {"error"} | {name for name in ("stdin", "stdout", "stderr") if getattr(wanted, name)}
    if wanted.tty:
        names.discard("stderr")
        if protocol in SPDY_PROTOCOLS[:2]:
            names.add("resize")
    try:
        await remote.collect(names)
    except (TimeoutError, ConnectionError):
        await session.close()
        raise
    return remote
