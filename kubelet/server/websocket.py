"""WebSocket on a taken-over connection: the handshake, whole messages, and the channel protocols of Kubernetes.

Mirrors staging/src/k8s.io/apiserver/pkg/util/wsstream and apimachinery's remotecommand constants. Framing is wsproto's.
A channel message is one byte of channel and the data: binary in `*.channel.k8s.io`; in the base64 variants a text
message of one digit and base64. From v5 on, channel 255 carries the number of a channel that ends (half-close).

Leaves out: compression extensions, fragmented sends.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
from collections.abc import Sequence
from typing import Protocol

from wsproto.connection import Connection as Framing
from wsproto.connection import ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.utilities import ProtocolError

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
V5, V4, V1 = "v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"
V4_BASE64, V1_BASE64 = "v4.base64.channel.k8s.io", "base64.channel.k8s.io"
PORT_FORWARD_TUNNEL = "SPDY/3.1+portforward.k8s.io"
CLOSE_CHANNEL = 255
MAX_MESSAGE = 32 * 1024 * 1024


class Duplex(Protocol):
    """The connection below."""

    async def read(self, limit: int = 65536) -> bytes: ...
    async def write(self, data: bytes) -> None: ...
    async def close(self) -> None: ...


def accept_key(key: bytes) -> bytes:
    """RFC 6455: the proof that the server speaks WebSocket."""
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())


def choose_protocol(offered: Sequence[str], supported: Sequence[str]) -> str | None:
    """The client's first choice that we know; "" when it offers none; None when it offers only strange ones."""
    if not offered:
        return ""
    return next((protocol for protocol in offered if protocol in supported), None)


def render_handshake(key: bytes, protocol: str) -> bytes:
    """The 101 answer."""
    lines = [
        b"HTTP/1.1 101 Switching Protocols",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept_key(key),
    ]
    if protocol:
        lines.append(b"Sec-WebSocket-Protocol: " + protocol.encode("ascii"))
    return b"\r\n".join([*lines, b"", b""])


class WebSocket:
    """Whole messages; pings are answered while reading. One reader, any writers."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self._framing = Framing(ConnectionType.SERVER)
        self._ready: list[bytes | str] = []
        self._parts: list[bytes | str] = []
        self._size = 0
        self.closed = False

    async def receive(self) -> bytes | str | None:
        """The next message (bytes of a binary, str of a text one); None when the connection has ended."""
        while not self._ready:
            if self.closed:
                return None
            data = await self._duplex.read()
            if not data:
                self.closed = True
                return None
            try:
                self._framing.receive_data(data)
                for event in self._framing.events():
                    await self._handle(event)
            except ProtocolError:
                await self.close(1002)
        return self._ready.pop(0)

    async def _handle(self, event: object) -> None:
        if isinstance(event, BytesMessage | TextMessage):
            part = bytes(event.data) if isinstance(event, BytesMessage) else event.data
            self._parts.append(part)
            self._size += len(part)
            if self._size > MAX_MESSAGE:
                await self.close(1009)
            elif event.message_finished:
                empty: bytes | str = b"" if isinstance(part, bytes) else ""
                self._ready.append(empty.join(self._parts))  # type: ignore[arg-type]
                self._parts, self._size = [], 0
        elif isinstance(event, Ping):
            await self._duplex.write(self._framing.send(Pong(event.payload)))
        elif isinstance(event, CloseConnection) and not self.closed:
            self.closed = True
            await self._duplex.write(self._framing.send(event.response()))

    async def send(self, message: bytes | str) -> None:
        """One message. ConnectionResetError when the peer has gone."""
        if self.closed:
            raise ConnectionResetError("websocket closed")
        event = BytesMessage(data=message) if isinstance(message, bytes) else TextMessage(data=message)
        await self._duplex.write(self._framing.send(event))

    async def close(self, code: int = 1000) -> None:
        """A proper end."""
        if not self.closed:
            self.closed = True
            with contextlib.suppress(ConnectionError):
                await self._duplex.write(self._framing.send(CloseConnection(code)))
        await self._duplex.close()


class TunnelStream:
    """A WebSocket whose binary messages are a byte stream: SPDY inside (kubectl ≥ 1.31 port-forward)."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def read(self, limit: int = 65536) -> bytes:
        """One message's bytes; b"" at the end."""
        while (message := await self._socket.receive()) is not None:
            if data := message.encode() if isinstance(message, str) else message:
                return data
        return b""

    async def write(self, data: bytes) -> None:
        """As one message."""
        await self._socket.send(data)

    async def close(self) -> None:
        """Closes the WebSocket."""
        await self._socket.close()


class Channels:
    """Channel messages over a WebSocket, in any of the protocols."""

    def __init__(self, socket: WebSocket, protocol: str) -> None:
        self._socket = socket
        self._text = "base64" in protocol
        self.half_close = protocol == V5

    async def receive(self) -> tuple[int, bytes] | None:
        """→ channel, data; None when the connection has ended. Messages that make no sense are skipped."""
        while (message := await self._socket.receive()) is not None:
            decoded = decode_text(message) if self._text else decode_binary(message)
            if decoded is not None:
                return decoded
        return None

    async def send(self, channel: int, data: bytes) -> None:
        """One message on a channel."""
        if self._text:
            await self._socket.send(str(channel) + base64.b64encode(data).decode("ascii"))
        else:
            await self._socket.send(bytes([channel]) + data)

    async def end(self, channel: int) -> None:
        """Tells that a channel has ended, where the protocol can."""
        if self.half_close:
            await self._socket.send(bytes([CLOSE_CHANNEL, channel]))

    async def close(self) -> None:
        """Closes the WebSocket."""
        await self._socket.close()


def decode_binary(message: bytes | str) -> tuple[int, bytes] | None:
    """One byte of channel, then the data."""
    data = message.encode() if isinstance(message, str) else message
    return (data[0], data[1:]) if data else None


def decode_text(message: bytes | str) -> tuple[int, bytes] | None:
    """One digit of channel, then base64."""
    text = message.decode("latin-1") if isinstance(message, bytes) else message
    if not text[:1].isdigit():
        return None
    try:
        return int(text[0]), base64.b64decode(text[1:])
    except binascii.Error:
        return None


def parse_resize(data: bytes) -> tuple[int, int] | None:
    """`{"Width":80,"Height":24}` → (80, 24)."""
    try:
        size = json.loads(data)
        return int(size["Width"]), int(size["Height"])
    except (ValueError, KeyError, TypeError):
        return None
