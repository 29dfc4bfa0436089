"""The wire format of protobuf, and the messages that stand for one JSON value (Time, Quantity, IntOrString …).

Mirrors apimachinery's hand-written marshalling (pkg/apis/meta/v1/time_proto.go, pkg/api/resource/quantity_proto.go,
pkg/util/intstr, pkg/runtime). A `Reader` answers the JSON form of a value; `ABSENT` is a value that JSON leaves out.
"""

import base64
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from minik8s.api.times import format_micro_time, format_time

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

#: What JSON leaves out: a zero time, an empty extension.
ABSENT: Final = object()

Raw = int | bytes | memoryview
Reader = Callable[[Raw], Any]


class Malformed(ValueError):
    """The bytes are not protobuf, or not of the message they are said to be."""


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """The varint at `at`, and where it ends."""
    result = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("unexpected EOF")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7


def read_fields(data: memoryview) -> Iterator[tuple[int, Raw]]:
    """(field number, raw value) for each field of a message, in order."""
    at, end = 0, len(data)
    while at < end:
        tag, at = read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = read_varint(data, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise Malformed(f"illegal wire type {kind}")
        if at + size > end:
            raise Malformed("unexpected EOF")
        yield tag >> 3, data[at : at + size]
        at += size


def as_message(raw: Raw) -> memoryview:
    if isinstance(raw, int):
        raise Malformed("a number where a message belongs")
    return memoryview(raw)


def text(raw: Raw) -> str:
    try:
        return bytes(as_message(raw)).decode()
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None


def integer(raw: Raw) -> int:
    """int32 and int64: two's complement in 64 bits."""
    if not isinstance(raw, int):
        raise Malformed("bytes where a number belongs")
    return raw - (1 << 64) if raw >> 63 else raw


def boolean(raw: Raw) -> bool:
    return bool(integer(raw))


def double(raw: Raw) -> float:
    import struct

    value: float = struct.unpack("<d", as_message(raw))[0]
    return value


def encoded(raw: Raw) -> str:
    """Bytes, which JSON carries in base64."""
    return base64.b64encode(as_message(raw)).decode()


def _numbers(raw: Raw) -> dict[int, Raw]:
    return dict(read_fields(as_message(raw)))


def quantity(raw: Raw) -> str:
    return text(_numbers(raw).get(1, b"")) or "0"


def int_or_string(raw: Raw) -> int | str:
    """Field 1 says which: 0 the number in 2, 1 the text in 3."""
    found = _numbers(raw)
    return text(found.get(3, b"")) if found.get(1) else integer(found.get(2, 0))


def _seconds(raw: Raw) -> tuple[int, int] | None:
    """Seconds and nanoseconds of a timestamp; None for the zero time, which is an empty message."""
    found = _numbers(raw)
    return (integer(found.get(1, 0)), integer(found.get(2, 0))) if found else None


def time(raw: Raw) -> Any:
    moment = _seconds(raw)
    return ABSENT if moment is None else format_time(moment[0])


def micro_time(raw: Raw) -> Any:
    moment = _seconds(raw)
    return ABSENT if moment is None else format_micro_time(moment[0] + moment[1] // 1000 / 1_000_000)


def embedded_json(raw: Raw) -> Any:
    """A message whose field 1 is JSON text: RawExtension, FieldsV1, apiextensions' JSON."""
    data = _numbers(raw).get(1)
    if not data:
        return ABSENT
    try:
        return orjson.loads(as_message(data))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"embedded JSON: {error}") from None


def texts(raw: Raw) -> list[str]:
    """A list of strings as a message of its own (`ExtraValue`), for maps whose values are lists."""
    return [text(value) for number, value in read_fields(as_message(raw)) if number == 1]


#: Readers by the format that the model gives a field (api.base.Format).
BY_FORMAT: dict[str, Reader] = {
    "byte": encoded,
    "date-time": time,
    "double": double,
    "fields-v1": embedded_json,
    "int-or-string": int_or_string,
    "int32": integer,
    "int64": integer,
    "json": embedded_json,
    "micro-time": micro_time,
    "quantity": quantity,
    "raw-extension": embedded_json,
}
BY_TYPE: dict[type, Reader] = {str: text, int: integer, bool: boolean, float: double}
