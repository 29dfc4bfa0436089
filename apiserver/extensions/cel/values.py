"""CEL's values as Python's, and their conversion from JSON by a schema.

    int, uint → int   double → float   bool, string, bytes, null → bool, str, bytes, None
    list, map → list, dict   timestamp → datetime (UTC)   duration → timedelta   type → TypeName
    optional, URL, quantity, IP, CIDR: the classes here and of the standard library

Invariant: a bool is never taken for an int; JSON's containers are used as they are and never changed.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult

from minik8s.api.quantity import Quantity

Schema = dict[str, Any]


class CelError(Exception):
    """An expression does not compile, or its evaluation failed. The text is cel-go's."""


class TypeName(str):
    """What `type(x)` answers."""


@dataclass(frozen=True, slots=True)
class Optional:
    """A value that may be absent (`oldSelf` with optionalOldSelf)."""

    present: bool
    value: Any = None


ABSENT = Optional(False)

_NAMES: tuple[tuple[Any, str], ...] = (
    (TypeName, "type"), (bool, "bool"), (int, "int"), (float, "double"), (str, "string"), (bytes, "bytes"),
    (list, "list"), (dict, "map"), (datetime, "google.protobuf.Timestamp"), (timedelta, "google.protobuf.Duration"),
    (Quantity, "kubernetes.Quantity"), (SplitResult, "kubernetes.URL"), (Optional, "optional_type"),
    ((ipaddress.IPv4Address, ipaddress.IPv6Address), "net.IP"),
    ((ipaddress.IPv4Interface, ipaddress.IPv6Interface), "net.CIDR"),
)  # fmt: skip


def type_name(value: Any) -> str:
    """CEL's name of the value's type."""
    if value is None:
        return "null_type"
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "dyn")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- from JSON -------------------------------------------------------------------------------------------------------


def converter(schema: Any) -> Callable[[Any], Any] | None:
    """How a value of this schema becomes CEL's; None where it is that already."""
    if not isinstance(schema, dict) or schema.get("x-kubernetes-int-or-string"):
        return None
    kind, form = schema.get("type"), schema.get("format")
    if kind == "number":
        return lambda value: float(value) if is_number(value) else value
    if kind == "integer":
        return lambda value: int(value) if isinstance(value, float) else value
    if kind == "string" and form in _FORMATS:
        return _tolerant(_FORMATS[form])
    return None


def _tolerant(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        return parse(value) if isinstance(value, str) else value

    return convert


_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def parse_timestamp(text: str) -> datetime:
    """RFC 3339, to the microsecond."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise CelError(f'type conversion error from string to google.protobuf.Timestamp: "{text}"')
    zone = "+00:00" if found[4] in "Zz" else found[4]
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}.{(found[3] or '0')[:6]:0<6}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise CelError(f'type conversion error from string to google.protobuf.Timestamp: "{text}"') from None


def _parse_date(text: str) -> datetime:
    return parse_timestamp(text if "T" in text.upper() else f"{text}T00:00:00Z")


_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str) -> timedelta:
    """As Go writes durations: 1h30m, -5s, 250ms."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return timedelta()
    parts = _PART.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise CelError(f'type conversion error from string to google.protobuf.Duration: "{text}"')
    try:
        return timedelta(seconds=sign * sum(float(number) * _SECONDS[unit] for number, unit in parts))
    except OverflowError:
        raise CelError("integer overflow") from None


def duration_text(value: timedelta) -> str:
    seconds = value.total_seconds()
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{seconds:g}s"


def timestamp_text(value: datetime) -> str:
    text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{value.microsecond:06d}".rstrip("0") if value.microsecond else "") + "Z"


def _parse_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        raise CelError("type conversion error from string to bytes") from None


_FORMATS: dict[Any, Callable[[str], Any]] = {
    "date-time": parse_timestamp, "datetime": parse_timestamp, "date": _parse_date,
    "duration": parse_duration, "byte": _parse_bytes,
}  # fmt: skip


# -- names that CEL cannot write -------------------------------------------------------------------------------------

_ESCAPES = {"__underscores__": "__", "__dot__": ".", "__dash__": "-", "__slash__": "/"}
_ESCAPED = re.compile("|".join(_ESCAPES))
RESERVED = frozenset((
    "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
    "loop", "package", "namespace", "return", "var", "void", "while",
))  # fmt: skip


def unescape(name: str) -> str:
    """The field that an identifier stands for: `foo__dash__bar` → foo-bar, `__namespace__` → namespace."""
    if "__" not in name:
        return name
    if name.startswith("__") and name.endswith("__") and name[2:-2] in RESERVED:
        return name[2:-2]
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], name)
