"""SPDY/3.1 frames and sessions, without a network."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from minik8s.kubelet.server import spdy
from minik8s.kubelet.server.spdy import FrameReader, FrameWriter
from minik8s.kubelet.server.spdy_session import SpdySession


class Pipe:
    """One end of a connection in memory."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.written = b""
        self.closed = False

    async def read(self, limit: int = 65536) -> bytes:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        self.written += data

    async def close(self) -> None:
        self.closed = True


def test_the_dictionary_is_the_drafts() -> None:
    assert len(spdy.DICTIONARY) == 1423
    assert spdy.DICTIONARY[:11] == b"\x00\x00\x00\x07options"
    assert spdy.DICTIONARY.endswith(b"utf-,*,enq=0.")
    assert hashlib.sha256(spdy.DICTIONARY).hexdigest().startswith(DICTIONARY_SHA256)


DICTIONARY_SHA256 = "51d27341373f923f"


def test_a_data_frame_byte_by_byte() -> None:
    assert FrameWriter().data(5, b"hi", fin=True) == b"\x00\x00\x00\x05\x01\x00\x00\x02hi"
    assert FrameWriter().ping(7) == b"\x80\x03\x00\x06\x00\x00\x00\x04\x00\x00\x00\x07"
    assert FrameWriter().rst_stream(3, 1) == b"\x80\x03\x00\x03\x00\x00\x00\x08\x00\x00\x00\x03\x00\x00\x00\x01"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_frames_in_any_pieces(size: int) -> None:
    writer, reader = FrameWriter(), FrameReader()
    data = b"".join(
        [
            writer.syn_stream(1, {"streamType": "error"}),
            writer.syn_stream(3, {"streamType": "data", "port": "80", "requestID": "7"}, fin=True),
            writer.data(3, b"x" * 3000),
            writer.goaway(3),
        ]
    )
    frames = [frame for i in range(0, len(data), size) for frame in reader.feed(data[i : i + size])]
    assert [frame.kind for frame in frames] == [spdy.SYN_STREAM, spdy.SYN_STREAM, 0, spdy.GOAWAY]
    assert frames[0].headers == {"streamtype": "error"} and not frames[0].fin
    assert frames[1].headers == {"streamtype": "data", "port": "80", "requestid": "7"} and frames[1].fin
    assert frames[2].data == b"x" * 3000 and frames[2].stream == 3


def test_header_blocks_share_their_compression() -> None:
    writer, reader = FrameWriter(), FrameReader()
    first, second = (writer.syn_reply(i, {"streamtype": "data", "port": "8080"}) for i in (1, 3))
    assert len(second) < len(first)
    assert [f.headers["port"] for data in (first, second) for f in reader.feed(data)] == ["8080", "8080"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02\x00\x06\x00\x00\x00\x04\x00\x00\x00\x07",
        b"\x80\x03\x00\x01\x00\x00\x00\x0c" + b"\x00\x00\x00\x01" + b"\xff" * 8,
        b"\x80\x03\x00\x03\x00\x00\x00\x02\x00\x00",
    ],
    ids=["another version", "no zlib", "too short"],
)
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(spdy.SpdyError):
        list(FrameReader().feed(data))


async def test_a_session_replies_hands_over_and_answers_pings() -> None:
    pipe, client = Pipe(), FrameWriter()
    session = SpdySession(pipe)
    session.start()
    streams = session.accept()
    pipe.incoming.put_nowait(client.syn_stream(1, {"streamType": "stdin"}) + client.ping(1))
    stream = await asyncio.wait_for(anext(streams), 5)
    pipe.incoming.put_nowait(client.data(1, b"hello ") + client.data(1, b"there", fin=True))
    assert await stream.read(3) == b"hel"
    assert await stream.read() + await stream.read() in (b"lo there", b"lo ")
    await stream.write(b"answer")
    await stream.write_eof()
    frames = list(FrameReader().feed(pipe.written))
    assert [frame.kind for frame in frames] == [spdy.SYN_REPLY, spdy.PING, 0, 0]
    assert frames[1].number == 1 and frames[2].data == b"answer" and frames[3].fin
    pipe.incoming.put_nowait(b"")
    assert [s async for s in streams] == []
    await session.close()
    assert pipe.closed


async def test_a_reset_cuts_one_stream_only() -> None:
    pipe, client = Pipe(), FrameWriter()
    session = SpdySession(pipe)
    session.start()
    streams = session.accept()
    pipe.incoming.put_nowait(client.syn_stream(1, {"a": "b"}) + client.syn_stream(3, {"a": "c"}))
    one, two = await anext(streams), await anext(streams)
    pipe.incoming.put_nowait(client.rst_stream(1, 5) + client.data(3, b"goes on"))
    assert await asyncio.wait_for(one.read(), 5) == b""
    with pytest.raises(ConnectionResetError):
        await one.write(b"x")
    assert await asyncio.wait_for(two.read(), 5) == b"goes on"
    await session.close()


async def test_a_reused_stream_number_is_refused() -> None:
    pipe, client = Pipe(), FrameWriter()
    session = SpdySession(pipe)
    session.start()
    pipe.incoming.put_nowait(client.syn_stream(5, {}) + client.syn_stream(3, {}))
    pipe.incoming.put_nowait(b"")
    await asyncio.wait_for(session.ended.wait(), 5)
    assert [f.kind for f in FrameReader().feed(pipe.written)] == [spdy.SYN_REPLY, spdy.RST_STREAM]
    await session.close()
