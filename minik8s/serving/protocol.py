"""uvicorn's httptools protocol, with the three things a Kubernetes server needs and stock uvicorn does not offer.

1. **Who is calling**: the client certificate that TLS verified, as `Connection.client_certificate`.
2. **Watch streams**: ready-made chunks written straight to the transport (`ResponseStream`), with the size of the write
   buffer, a drain and a disconnect callback; ASGI's `send` costs about twice as much per event (design §9).
3. **Take-over** of `Upgrade:` requests (SPDY/3.1, WebSocket): `Connection.hijack()` gives the bare duplex.

The application finds all of it in `scope["extensions"]["minik8s"]`, or by `connection_of(scope)`.
Upstream does the same with Go's net/http: `req.TLS.PeerCertificates`, `http.Flusher` and `http.Hijacker`.

uvicorn's class is not a public interface: the version is pinned, and tests/component/serving/test_uvicorn_contract.py
names every attribute used here. Leaves out: HTTP/2, uvicorn's own WebSocket support (`ws="none"`).

Invariants: a request that asked for an upgrade and was answered plainly closes its connection; an `Upgrade:` to
anything else (h2c) is ignored as RFC 9110 allows; bytes that followed the upgrade request are never lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from minik8s.serving.duplex import Duplex

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

#: Upgrades that an application may take over; others are served as if not asked for.
UPGRADES = frozenset({"websocket", "spdy/3.1"})
EXTENSION = "minik8s"


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The verified client certificate: user name and groups as Kubernetes reads them (CN and every O)."""

    common_name: str
    organizations: tuple[str, ...]
    der: bytes


def frame_chunk(data: bytes) -> bytes:
    """One HTTP/1.1 chunk. Frame once, write the same bytes to every watcher."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class ResponseStream:
    """A chunked response under way whose chunks go straight to the transport, without a task switch."""

    __slots__ = ("_connection", "_send")

    def __init__(self, connection: Connection, send: Send) -> None:
        self._connection = connection
        self._send = send

    def write(self, framed: bytes) -> None:
        """Writes bytes already framed by `frame_chunk`; never blocks. After a disconnect nothing happens."""
        if not self._connection.closed:
            self._connection.transport.write(framed)

    def write_data(self, data: bytes) -> None:
        """Frames and writes; empty data is skipped (it would end the response)."""
        if data:
            self.write(frame_chunk(data))

    @property
    def buffered(self) -> int:
        """Bytes that the client has not taken yet: close a watcher that lets it grow beyond its bound."""
        return self._connection.buffered

    @property
    def closed(self) -> bool:
        """The client went away."""
        return self._connection.closed

    async def drain(self) -> None:
        """Waits until the transport's buffer is below its low-water mark, or the client is gone."""
        await self._connection.drain()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Calls back once when the connection is lost (at once when it already is)."""
        self._connection.on_disconnect(callback)

    async def end(self) -> None:
        """Ends the response properly: the connection can serve the next request."""
        if not self._connection.closed:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def abort(self) -> None:
        """Cuts the connection: the client sees a broken stream, not a complete one."""
        self._connection.transport.abort()


class Connection:
    """What an application may know of, and do with, the connection that its request came on."""

    __slots__ = ("_callbacks", "_certificate", "_protocol", "closed", "transport")

    def __init__(self, protocol: Protocol, transport: asyncio.Transport) -> None:
        self._protocol = protocol
        self.transport = transport
        self.closed = False
        self._callbacks: list[Callable[[], None]] = []
        self._certificate: ClientCertificate | bool | None = False  # False: not looked at yet

    @property
    def client_certificate(self) -> ClientCertificate | None:
        """None: plain TCP, or the client showed none. Read once per connection."""
        if isinstance(self._certificate, bool):
            self._certificate = _read_certificate(self.transport)
        return self._certificate

    @property
    def upgrade(self) -> str:
        """ "websocket", "spdy/3.1", or "" when the current request does not ask for either."""
        return self._protocol.requested_upgrade

    @property
    def buffered(self) -> int:
        """Size of the transport's write buffer."""
        return 0 if self.closed else self.transport.get_write_buffer_size()

    async def drain(self) -> None:
        """Waits until writing is possible again."""
        await self._protocol.flow.drain()

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Calls back once when the connection is lost."""
        if self.closed:
            callback()
        else:
            self._callbacks.append(callback)

    def remove_disconnect(self, callback: Callable[[], None]) -> None:
        """Takes a callback back: a stream that ended before its keep-alive connection did."""
        if callback in self._callbacks:
            self._callbacks.remove(callback)

    async def start_stream(self, send: Send, status: int, headers: Headers) -> ResponseStream:
        """Sends the head of a chunked response by ASGI; what follows goes by the stream."""
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, (b"transfer-encoding", b"chunked")],
            }
        )
        return ResponseStream(self, send)

    def hijack(self) -> Duplex:
        """Takes the connection out of HTTP. The caller writes the `101 Switching Protocols` itself, and closes."""
        return self._protocol.hijack()

    def lost(self, exc: Exception | None) -> None:
        """The protocol's call: tells everyone who asked."""
        self.closed = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


def connection_of(scope: Scope) -> Connection | None:
    """The request's connection; None under a test client that calls the application without a socket."""
    extensions = scope.get("extensions") or {}
    connection = extensions.get(EXTENSION)
    return connection if isinstance(connection, Connection) else None


def _read_certificate(transport: asyncio.Transport) -> ClientCertificate | None:
    ssl_object = transport.get_extra_info("ssl_object")
    parsed = ssl_object.getpeercert() if ssl_object is not None else None
    if not parsed:
        return None
    names = [pair for rdn in parsed.get("subject", ()) for pair in rdn]
    common_names = [value for key, value in names if key == "commonName"]
    organizations = tuple(value for key, value in names if key == "organizationName")
    der = ssl_object.getpeercert(binary_form=True) or b""
    return ClientCertificate(common_names[-1] if common_names else "", organizations, der)


class Protocol(HttpToolsProtocol):
    """See the module's docstring."""

    connection: Connection
    requested_upgrade = ""
    _duplex: Duplex | None = None
    _early = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.connection = Connection(self, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.connection.lost(exc)
        if self._duplex is not None:
            self._duplex.feed_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        if self._duplex is None:
            return None
        self._duplex.feed_eof()
        return True  # half-closed: our side may go on writing (TLS closes anyway)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: self.connection}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        self.requested_upgrade = ""
        if self.parser.should_upgrade():
            asked = (self._get_upgrade() or b"").decode("latin-1")
            self.requested_upgrade = asked if asked in UPGRADES else ""
        super().on_headers_complete()
        if self.requested_upgrade:
            self.cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        if self._duplex is not None:
            self._duplex.feed_data(data)
            return
        if self.requested_upgrade and self.cycle is not None:  # the application has not hijacked it yet
            self._early += data
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            self._after_upgrade_request(data[exc.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _after_upgrade_request(self, rest: bytes) -> None:
        if self.requested_upgrade:
            self._early = rest
            return
        self.parser = httptools.HttpRequestParser(self)  # the old one takes nothing more after an upgrade
        if rest:
            self.data_received(rest)

    def _should_upgrade(self) -> bool:
        return False  # uvicorn's own WebSocket protocol is never used

    def hijack(self) -> Duplex:
        """→ `Connection.hijack`."""
        if not self.requested_upgrade or self._duplex is not None or self.cycle.response_started:
            raise RuntimeError("only an unanswered upgrade request can be taken over")
        self.cycle.response_started = self.cycle.response_complete = True
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self._duplex = Duplex(self.transport, self.flow.drain)
        if self._early:
            self._duplex.feed_data(self._early)
            self._early = b""
        if self.connection.closed:
            self._duplex.feed_lost(None)
        return self._duplex

    def shutdown(self) -> None:
        if self._duplex is not None:
            self.transport.close()
        else:
            super().shutdown()
