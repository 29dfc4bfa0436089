"""WebSocket handshake and channel messages."""

from __future__ import annotations

import asyncio

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from minik8s.kubelet.server import websocket
from minik8s.kubelet.server.websocket import Channels, WebSocket


class Peer:
    """A client in memory: what it sends is read by the server's WebSocket."""

    def __init__(self) -> None:
        self.framing = Connection(ConnectionType.CLIENT)
        self.to_server: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = False

    async def read(self, limit: int = 65536) -> bytes:
        return await self.to_server.get()

    async def write(self, data: bytes) -> None:
        self.framing.receive_data(data)

    async def close(self) -> None:
        self.closed = True

    def send(self, event: BytesMessage | TextMessage | Ping | CloseConnection) -> None:
        self.to_server.put_nowait(self.framing.send(event))

    def received(self) -> list[object]:
        return list(self.framing.events())


def test_the_rfcs_example_key() -> None:
    assert websocket.accept_key(b"dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_choosing_a_protocol() -> None:
    known = ("v5.channel.k8s.io", "v4.channel.k8s.io")
    assert websocket.choose_protocol(["v4.channel.k8s.io", "v5.channel.k8s.io"], known) == "v4.channel.k8s.io"
    assert websocket.choose_protocol(["other", "v5.channel.k8s.io"], known) == "v5.channel.k8s.io"
    assert websocket.choose_protocol([], known) == ""
    assert websocket.choose_protocol(["other"], known) is None


async def test_messages_pings_and_the_end() -> None:
    peer = Peer()
    socket = WebSocket(peer)
    peer.send(BytesMessage(data=b"ab", message_finished=False))
    peer.send(BytesMessage(data=b"c"))
    peer.send(Ping(b"p"))
    peer.send(TextMessage(data="text"))
    assert await socket.receive() == b"abc"
    assert await socket.receive() == "text"
    assert [event.payload for event in peer.received() if isinstance(event, Pong)] == [b"p"]
    peer.send(CloseConnection(1000))
    assert await socket.receive() is None
    with pytest.raises(ConnectionResetError):
        await socket.send(b"late")


async def test_binary_channels_with_half_close() -> None:
    peer = Peer()
    channels = Channels(WebSocket(peer), websocket.V5)
    peer.send(BytesMessage(data=b""))
    peer.send(BytesMessage(data=b"\x00input"))
    peer.send(BytesMessage(data=b"\xff\x00"))
    assert await channels.receive() == (0, b"input")
    assert await channels.receive() == (255, b"\x00")
    await channels.send(1, b"out")
    await channels.end(1)
    assert [bytes(e.data) for e in peer.received() if isinstance(e, BytesMessage)] == [b"\x01out", b"\xff\x01"]


async def test_base64_channels() -> None:
    peer = Peer()
    channels = Channels(WebSocket(peer), websocket.V4_BASE64)
    peer.send(TextMessage(data="0aGk="))
    peer.send(TextMessage(data="x"))
    peer.send(TextMessage(data="4eyJ9"))
    assert await channels.receive() == (0, b"hi")
    assert await channels.receive() == (4, b'{"}')
    await channels.send(2, b"err")
    await channels.end(2)
    assert [e.data for e in peer.received() if isinstance(e, TextMessage)] == ["2ZXJy"]


def test_terminal_sizes() -> None:
    assert websocket.parse_resize(b'{"Width":80,"Height":24}') == (80, 24)
    assert websocket.parse_resize(b"{}") is None and websocket.parse_resize(b"x") is None
