"""Where WebSocket frames end, in a stream that comes in any pieces.

A tunnel over TLS must keep messages apart: each piece that it writes becomes a TLS record of its own, and clients that
wait on the bare socket (Python's websocket-client, and so the official Python client) do not see a second frame that
came in the record of the first until more arrives. Go's tunnels keep records as they are; here reading merges them, so
they are cut again.

Invariant: joined, what comes out is what went in, at once; nothing is held back.
"""

from __future__ import annotations

_LENGTH_BYTES = {126: 2, 127: 8}


class FrameCutter:
    """Cuts pieces at the ends of frames."""

    def __init__(self) -> None:
        self._header = bytearray()  # of the frame that has begun, as far as it is here
        self._left = 0  # bytes of its payload that are still to come

    def cut(self, data: bytes) -> list[bytes]:
        """The piece in parts, none of which reaches past a frame's end."""
        parts: list[bytes] = []
        start = position = 0
        while position < len(data):
            if self._left:
                step = min(self._left, len(data) - position)
                self._left -= step
                position += step
            else:
                self._header.append(data[position])
                position += 1
                length = _payload_length(self._header)
                if length is None:
                    continue
                self._header.clear()
                self._left = length
            if not self._left:
                parts.append(data[start:position])
                start = position
        if start < len(data):
            parts.append(data[start:])
        return parts


def _payload_length(header: bytearray) -> int | None:
    """What a complete frame header says; None while it is not complete."""
    if len(header) < 2:
        return None
    short, masked = header[1] & 0x7F, header[1] & 0x80
    extra = _LENGTH_BYTES.get(short, 0)
    if len(header) < 2 + extra + (4 if masked else 0):
        return None
    return int.from_bytes(header[2 : 2 + extra]) if extra else short
