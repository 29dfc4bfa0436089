"""Protocol buffers, as much as two small gRPC services need: messages are dataclasses with field numbers.

Mirrors the encoding that upstream's api.pb.go files generate (proto3: https://protobuf.dev/programming-guides/encoding).
Kinds: `str`, `bool`, `int` (int32, int64, uint64: a varint), `dict` (map<string, string>), and other messages.

Invariants: unknown fields are passed over, so that a newer peer is understood; zero values are not sent, as proto3 has
it; malformed bytes raise WireError and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any, Self

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_MASK64 = (1 << 64) - 1


class WireError(ValueError):
    """Bytes that are no such message."""


def proto(number: int, kind: type, *, repeated: bool = False) -> Any:
    """A dataclass field with its number and kind; its default is the kind's zero (None for a message)."""
    metadata = {"number": number, "kind": kind, "repeated": repeated}
    if repeated:
        return field(default_factory=list, metadata=metadata)
    if kind is dict:
        return field(default_factory=dict, metadata=metadata)
    return field(default=None if issubclass(kind, Message) else kind(), metadata=metadata)


@dataclass
class Message:
    """Base of all messages; `SerializeToString` and `FromString` are the names that gRPC's users expect."""

    def encode(self) -> bytes:
        out = bytearray()
        for entry in fields(self):
            _encode_field(out, entry, getattr(self, entry.name))
        return bytes(out)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        table = {entry.metadata["number"]: entry for entry in fields(cls)}
        message = cls()
        for number, kind, value in _split(data):
            if (entry := table.get(number)) is not None:
                _decode_field(message, entry, kind, value)
        return message


# encoding ---------------------------------------------------------------------------------------------------------
def _varint(value: int) -> bytes:
    value &= _MASK64
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _chunk(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | LENGTH) + _varint(len(data)) + data


def _encode_field(out: bytearray, entry: Field[Any], value: Any) -> None:
    number, kind = entry.metadata["number"], entry.metadata["kind"]
    if kind is dict:
        for key, text in value.items():
            out += _chunk(number, _chunk(1, key.encode()) + _chunk(2, text.encode()))
    elif entry.metadata["repeated"]:
        if kind is int and value:  # packed
            out += _chunk(number, b"".join(_varint(item) for item in value))
        elif kind is not int:
            for item in value:
                out += _chunk(number, _payload(kind, item))
    elif kind in (int, bool):
        if value:
            out += _varint(number << 3 | VARINT) + _varint(int(value))
    elif value is not None and value != "":
        out += _chunk(number, _payload(kind, value))


def _payload(kind: type, value: Any) -> bytes:
    data: bytes = value.encode()  # of str and Message alike
    return data


# decoding ---------------------------------------------------------------------------------------------------------
def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise WireError("truncated or oversized varint")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value & _MASK64, at


def _split(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """→ (field number, wire type, value) of each field in turn."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, kind, value
            continue
        if kind == LENGTH:
            length, at = _read_varint(data, at)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise WireError(f"wire type {kind} is not supported")
        if at + length > len(data):
            raise WireError("truncated field")
        yield tag >> 3, kind, data[at : at + length]
        at += length


def _decode_field(message: Message, entry: Field[Any], wire: int, value: int | bytes) -> None:
    kind, repeated = entry.metadata["kind"], entry.metadata["repeated"]
    if kind is dict:
        key, text = _map_entry(_bytes(entry, wire, value))
        getattr(message, entry.name)[key] = text
    elif repeated and kind is int and wire == LENGTH:
        getattr(message, entry.name).extend(_packed(_bytes(entry, wire, value)))
    elif repeated:
        getattr(message, entry.name).append(_value(entry, kind, wire, value))
    else:
        setattr(message, entry.name, _value(entry, kind, wire, value))


def _value(entry: Field[Any], kind: type, wire: int, value: int | bytes) -> Any:
    if kind in (int, bool):
        if not isinstance(value, int):
            raise WireError(f"field {entry.name} is no number")
        signed = value - (1 << 64) if value >> 63 else value
        return bool(value) if kind is bool else signed
    data = _bytes(entry, wire, value)
    if kind is not str:
        return kind.decode(data)  # type: ignore[attr-defined]
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise WireError(f"field {entry.name} is no text") from exc


def _bytes(entry: Field[Any], wire: int, value: int | bytes) -> bytes:
    if wire != LENGTH or not isinstance(value, bytes):
        raise WireError(f"field {entry.name} has wire type {wire}")
    return value


def _packed(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _read_varint(data, at)
        yield value - (1 << 64) if value >> 63 else value


def _map_entry(data: bytes) -> tuple[str, str]:
    parts = {number: value for number, _, value in _split(data)}
    key, text = parts.get(1, b""), parts.get(2, b"")
    if not isinstance(key, bytes) or not isinstance(text, bytes):
        raise WireError("a map of strings holds something else")
    return key.decode("utf-8", "replace"), text.decode("utf-8", "replace")


def field_numbers(kind: type[Message]) -> dict[str, int]:
    """Name → number, for tests that hold the tables against upstream's .proto files."""
    return {entry.name: entry.metadata["number"] for entry in fields(kind)}
