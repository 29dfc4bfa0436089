"""SPDY/3.1's frames: bytes in, frames out, and back. Pure; the session on top is in `spdy_session.py`.

Mirrors what moby/spdystream (vendored by upstream) uses of the draft: SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS,
PING, GOAWAY, HEADERS, WINDOW_UPDATE and data. Header blocks go through zlib with the draft's dictionary; each
direction of a connection keeps one compression state for its life, so every header block must be read, wanted or not.

A frame is eight bytes of head and a payload:

    control:  1 | version (15) | type (16) | flags (8) | length (24)
    data:     0 | stream (31)              | flags (8) | length (24)
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

VERSION = 3
SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
FLAG_FIN = 1
MAX_FRAME = 16 * 1024 * 1024
RST_PROTOCOL_ERROR, RST_INVALID_STREAM, RST_REFUSED_STREAM, RST_CANCEL = 1, 2, 3, 5

# The draft's dictionary: words with their length in four bytes before them, then plain text.
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TEXT = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug "
    "Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdch"
    "charset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _dictionary() -> bytes:
    words = [word.replace("_", " ").encode("ascii") for word in _WORDS.split()]
    return b"".join(struct.pack(">I", len(word)) + word for word in words) + _TEXT.encode("ascii")


DICTIONARY = _dictionary()


class SpdyError(Exception):
    """The peer does not speak SPDY/3.1 as we understand it: the connection must be closed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `headers` of SYN_STREAM, SYN_REPLY and HEADERS; `number` is the ping's id, the status of RST_STREAM
    and GOAWAY, or the delta of WINDOW_UPDATE. `kind` 0 is data."""

    kind: int
    stream: int = 0
    flags: int = 0
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def fin(self) -> bool:
        """The sender will send nothing more on this stream."""
        return bool(self.flags & FLAG_FIN) and self.kind in (0, SYN_STREAM, SYN_REPLY, HEADERS)


class FrameReader:
    """Bytes in any pieces → frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        while len(self._buffer) >= 8:
            first, second = struct.unpack_from(">II", self._buffer)
            flags, length = second >> 24, second & 0xFFFFFF
            if length > MAX_FRAME:
                raise SpdyError(f"frame of {length} bytes")
            if len(self._buffer) < 8 + length:
                return
            payload = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if not first >> 31:
                yield Frame(0, first, flags, payload)
                continue
            if (first >> 16) & 0x7FFF != VERSION:
                raise SpdyError(f"version {(first >> 16) & 0x7FFF}")
            yield self._control(first & 0xFFFF, flags, payload)

    def _control(self, kind: int, flags: int, payload: bytes) -> Frame:
        try:
            if kind == SYN_STREAM:
                stream = struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF
                return Frame(kind, stream, flags, headers=self._headers(payload[10:]))
            if kind in (SYN_REPLY, HEADERS):
                stream = struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF
                return Frame(kind, stream, flags, headers=self._headers(payload[4:]))
            if kind in (RST_STREAM, WINDOW_UPDATE, GOAWAY):
                stream, number = struct.unpack_from(">II", payload)
                return Frame(kind, stream & 0x7FFFFFFF, flags, number=number)
            if kind == PING:
                return Frame(kind, 0, flags, number=struct.unpack_from(">I", payload)[0])
            return Frame(kind, 0, flags, payload)
        except (struct.error, zlib.error, UnicodeDecodeError) as exc:
            raise SpdyError(f"malformed frame of type {kind}: {exc}") from exc

    def _headers(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block)
        (count,) = struct.unpack_from(">I", plain)
        position, headers = 4, {}
        for _ in range(count):
            pair = []
            for _ in range(2):
                (size,) = struct.unpack_from(">I", plain, position)
                pair.append(plain[position + 4 : position + 4 + size].decode("utf-8"))
                position += 4 + size
            headers[pair[0].lower()] = pair[1]
        return headers


class FrameWriter:
    """Frames → bytes."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)

    def data(self, stream: int, data: bytes, fin: bool = False) -> bytes:
        """Data, at most 16 MiB at a time."""
        return struct.pack(">II", stream, (FLAG_FIN if fin else 0) << 24 | len(data)) + data

    def syn_stream(self, stream: int, headers: Mapping[str, str], fin: bool = False) -> bytes:
        """Opens a stream (a client's side)."""
        payload = struct.pack(">IIBB", stream, 0, 0, 0) + self._headers(headers)
        return self._control(SYN_STREAM, FLAG_FIN if fin else 0, payload)

    def syn_reply(self, stream: int, headers: Mapping[str, str], fin: bool = False) -> bytes:
        """Accepts a stream."""
        payload = struct.pack(">I", stream) + self._headers(headers)
        return self._control(SYN_REPLY, FLAG_FIN if fin else 0, payload)

    def rst_stream(self, stream: int, status: int) -> bytes:
        """Ends a stream with an error."""
        return self._control(RST_STREAM, 0, struct.pack(">II", stream, status))

    def ping(self, number: int) -> bytes:
        """A ping, or the answer to one (the same number)."""
        return self._control(PING, 0, struct.pack(">I", number))

    def goaway(self, last_stream: int, status: int = 0) -> bytes:
        """No new streams, please."""
        return self._control(GOAWAY, 0, struct.pack(">II", last_stream, status))

    def _control(self, kind: int, flags: int, payload: bytes) -> bytes:
        return struct.pack(">HHI", 0x8000 | VERSION, kind, flags << 24 | len(payload)) + payload

    def _headers(self, headers: Mapping[str, str]) -> bytes:
        plain = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name.lower().encode(), value.encode()):
                plain += struct.pack(">I", len(text)) + text
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
