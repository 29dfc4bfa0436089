"""Requests to another HTTP server and byte tunnels to it: how the apiserver reaches kubelets, pods and services.

Mirrors k8s.io/apimachinery/pkg/util/proxy (UpgradeAwareHandler). One connection per request: these are rare and long.
`open_request` streams a plain request's answer; `tunnel_upgrade` passes an `Upgrade:` request through and then copies
bytes both ways, whatever protocol they carry.

Invariants: after anything but 101 the client's connection is closed, so that its later requests never reach the
upstream without authentication; hop-by-hop headers do not pass (except those of the upgrade itself).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import httptools

from minik8s.serving.frames import FrameCutter
from minik8s.serving.protocol import Connection

HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade", b"proxy-connection",
})  # fmt: skip
MAX_HEAD = 64 * 1024
RawHeaders = list[tuple[bytes, bytes]]
Cut = Callable[[bytes], list[bytes]]


class ByteStream(Protocol):
    """`Duplex` and `StreamPair` have this shape."""

    async def read(self, limit: int = 65536) -> bytes: ...
    async def write(self, data: bytes) -> None: ...
    async def write_eof(self) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect: a kubelet (with TLS), a pod (plain, or TLS without verification), a local engine's socket."""

    host: str
    port: int = 0
    ssl_context: ssl.SSLContext | None = None
    server_hostname: str | None = None
    timeout: float = 10.0
    unix_path: str = ""  # in place of host and port

    async def connect(self) -> StreamPair:
        """OSError or TimeoutError when it is not reachable."""
        name = (self.server_hostname or self.host) if self.ssl_context is not None else None
        async with asyncio.timeout(self.timeout):
            if self.unix_path:
                reader, writer = await asyncio.open_unix_connection(self.unix_path)
            else:
                reader, writer = await asyncio.open_connection(
                    self.host, self.port, ssl=self.ssl_context, server_hostname=name
                )
        return StreamPair(reader, writer)


class StreamPair:
    """asyncio's reader and writer as one byte stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self, limit: int = 65536) -> bytes:
        """b"" at end of file."""
        return await self.reader.read(limit)

    async def write(self, data: bytes) -> None:
        """Waits for room."""
        self.writer.write(data)
        await self.writer.drain()

    async def write_eof(self) -> None:
        """Half-close where the transport can."""
        if self.writer.can_write_eof():
            self.writer.write_eof()

    async def close(self) -> None:
        """Never raises: the other side may be gone already."""
        self.writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await self.writer.wait_closed()


def render_head(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A request's head. Values with line breaks are refused (they would smuggle headers)."""
    lines = [b"%b %b HTTP/1.1" % (method.encode("ascii"), target)]
    for name, value in headers:
        if b"\n" in value or b"\r" in value or b"\n" in name:
            raise ValueError("line break in a header")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join([*lines, b"", b""])


def end_to_end(headers: Iterable[tuple[bytes, bytes]], drop: frozenset[bytes] = frozenset()) -> RawHeaders:
    """Headers without the hop-by-hop ones and those in `drop`."""
    return [(n, v) for n, v in headers if n.lower() not in HOP_BY_HOP and n.lower() not in drop]


@dataclass(slots=True)
class UpstreamResponse:
    """A response whose body is read as it comes."""

    status: int
    headers: RawHeaders
    _stream: StreamPair
    _parser: _ResponseParser = field(repr=False)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            for piece in self._parser.take_body():
                yield piece
            if self._parser.complete:
                return
            data = await self._stream.read()
            if not data:
                if self._parser.needs_eof:
                    return
                raise ConnectionResetError("upstream closed in the middle of a response")
            self._parser.feed(data)

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self])


class _ResponseParser:
    """httptools' callbacks collected."""

    def __init__(self, method: str) -> None:
        self.headers: RawHeaders = []
        self.head_complete = False
        self.complete = False
        self._no_body = method == "HEAD"
        self._body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)

    @property
    def status(self) -> int:
        return int(self._parser.get_status_code())

    @property
    def needs_eof(self) -> bool:
        names = {name.lower() for name, _ in self.headers}
        return self.head_complete and not names & {b"content-length", b"transfer-encoding"}

    def feed(self, data: bytes) -> None:
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self._parser.feed_data(data)

    def take_body(self) -> list[bytes]:
        body, self._body = self._body, []
        return body

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if 100 <= self.status < 200 and self.status != 101:
            self.headers = []  # 100 Continue: the real head follows
            return
        self.head_complete = True
        self.complete = self.complete or self._no_body or self.status in (204, 304)

    def on_body(self, body: bytes) -> None:
        self._body.append(bytes(body))

    def on_message_complete(self) -> None:
        self.complete = self.complete or self.head_complete


@contextlib.asynccontextmanager
async def open_request(
    endpoint: Endpoint, method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes = b""
) -> AsyncIterator[UpstreamResponse]:
    """Sends a request; the answer's body can be iterated while it comes (follow a log, proxy a download)."""
    stream = await endpoint.connect()
    try:
        sent = end_to_end(headers, frozenset({b"content-length", b"host", b"expect"}))
        sent += [(b"host", _host_header(endpoint)), (b"connection", b"close")]
        if body or method in ("POST", "PUT", "PATCH"):
            sent.append((b"content-length", b"%d" % len(body)))
        await stream.write(render_head(method, target, sent) + body)
        parser = _ResponseParser(method)
        while not parser.head_complete:
            data = await stream.read()
            if not data:
                raise ConnectionResetError("upstream closed without answering")
            parser.feed(data)
        yield UpstreamResponse(parser.status, parser.headers, stream, parser)
    finally:
        await stream.close()


def _host_header(endpoint: Endpoint) -> bytes:
    if endpoint.unix_path:
        return b"localhost"
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}".encode("ascii")


async def tunnel_upgrade(
    connection: Connection, endpoint: Endpoint, method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> None:
    """Passes the current `Upgrade:` request on (with `target` and `headers`, e.g. without the bearer token) and then
    every byte both ways until both sides have ended. OSError/TimeoutError from the connect come before anything was
    written to the client, so the caller can still answer with a Status."""
    headers = list(headers)
    asked = [(n, v) for n, v in headers if n.lower() in (b"connection", b"upgrade")]
    sent = end_to_end(headers, frozenset({b"host", b"content-length", b"expect"}))
    sent += [*asked, (b"host", _host_header(endpoint)), *([(b"content-length", b"0")] if method != "GET" else [])]
    stream = await endpoint.connect()
    try:
        await stream.write(render_head(method, target, sent))
        head, rest = await read_head(stream)
        client = connection.hijack()
        status = int(head.split(b" ", 2)[1])
        try:
            if status == 101:
                await client.write(head)
                cut = FrameCutter().cut if _speaks_websocket(head) else _whole
                for part in cut(rest):
                    await client.write(part)
                await copy_both(client, stream, cut)
            else:
                await _pass_refusal(client, stream, head, rest)
        except ConnectionResetError:
            pass  # either side went away in the middle: the other is closed below, which is all that can be told
        finally:
            await client.close()
    finally:
        await stream.close()


def _speaks_websocket(head: bytes) -> bool:
    return b"\r\nupgrade: websocket\r\n" in head.lower()


def _whole(data: bytes) -> list[bytes]:
    return [data]


async def read_head(stream: StreamPair) -> tuple[bytes, bytes]:
    """→ a response's head, with its empty line, and what followed it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = await stream.read()
        if not piece or len(data) > MAX_HEAD:
            raise ConnectionResetError("upstream closed without answering")
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


async def _pass_refusal(client: ByteStream, stream: StreamPair, head: bytes, rest: bytes) -> None:
    """A plain answer to an upgrade request: body by its length (or until the end), then the connection is closed."""
    lines = head[:-4].split(b"\r\n")
    named = [(line.split(b":", 1)[0].strip().lower(), line) for line in lines[1:]]
    length = next((int(line.split(b":", 1)[1]) for name, line in named if name == b"content-length"), None)
    kept = [line for name, line in named if name not in (b"connection", b"keep-alive")]
    await client.write(b"\r\n".join([lines[0], *kept, b"Connection: close", b"", b""]) + rest)
    left = None if length is None else length - len(rest)
    chunked = any(name == b"transfer-encoding" for name, _ in named)
    tail = rest[-7:]
    while (left is None or left > 0) and not (chunked and tail.endswith(b"0\r\n\r\n")):
        piece = await stream.read()
        if not piece:
            return
        await client.write(piece)
        left = None if left is None else left - len(piece)
        tail = (tail + piece)[-7:]


async def copy_both(left: ByteStream, right: ByteStream, cut: Cut = _whole) -> None:
    """Copies until both directions have ended; one side's end becomes the other's half-close. Over TLS, which knows no
    half-close, the end of either side ends both after the other has had a moment to finish. What goes left is written
    in the parts that `cut` makes of it."""
    tasks = [asyncio.create_task(_copy(left, right, _whole)), asyncio.create_task(_copy(right, left, cut))]
    try:
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if pending:
            _, pending = await asyncio.wait(pending, timeout=HALF_CLOSED_SECONDS)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


HALF_CLOSED_SECONDS = 30.0


async def _copy(source: ByteStream, sink: ByteStream, cut: Cut) -> Any:
    while data := await source.read():
        for part in cut(data):
            await sink.write(part)
    await sink.write_eof()
