"""Frames stay apart, whatever pieces they come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection

from minik8s.serving.frames import FrameCutter


def frames(sizes: list[int], kind: ConnectionType = ConnectionType.SERVER) -> list[bytes]:
    socket = Connection(kind)
    return [socket.send(BytesMessage(data=bytes(size))) for size in sizes] + [socket.send(CloseConnection(code=1000))]


@pytest.mark.parametrize("kind", [ConnectionType.SERVER, ConnectionType.CLIENT])
def test_merged_frames_are_cut_apart(kind: ConnectionType) -> None:
    sent = frames([0, 1, 125, 126, 65535, 65536, 3], kind)
    assert FrameCutter().cut(b"".join(sent)) == sent


@given(st.lists(st.integers(0, 300), max_size=8), st.lists(st.integers(1, 200), max_size=30))
def test_nothing_is_held_back_and_no_part_reaches_past_a_frame(sizes: list[int], pieces: list[int]) -> None:
    sent = frames(sizes)
    ends, position = set(), 0
    for frame in sent:
        position += len(frame)
        ends.add(position)
    stream, cutter, position = b"".join(sent), FrameCutter(), 0
    for size in [*pieces, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        parts = cutter.cut(piece)
        assert b"".join(parts) == piece
        for part in parts:
            assert not any(position < end < position + len(part) for end in ends)
            position += len(part)
