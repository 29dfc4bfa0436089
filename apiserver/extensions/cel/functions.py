"""CEL's standard functions: sizes, conversions, texts, times. Extensions are looked up in strings.py and kubernetes.py.

Mirrors cel-go's standard library and the list of apiserver/pkg/cel/environment. A method is a function whose first
argument is what stands before the dot.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from minik8s.apiserver.extensions.cel import operators
from minik8s.apiserver.extensions.cel.values import (
    CelError,
    Optional,
    TypeName,
    duration_text,
    is_number,
    parse_duration,
    parse_timestamp,
    timestamp_text,
    type_name,
)
from minik8s.apiserver.extensions.schema.patterns import search


class Function(NamedTuple):
    """What is called, how many arguments it takes (a method's target included), and the type of its answer."""

    call: Callable[..., Any]
    least: int
    most: int
    result: str | None = None
    only: str = ""  #: "method" or "function", where it is not both


#: Names before a dot that are no values: `sets.contains(a, b)`.
NAMESPACES = frozenset(("sets", "math", "optional", "ip", "base64", "strings", "lists"))


def find(name: str, count: int, is_method: bool) -> Function | None:
    """The function of that name for so many arguments (a method's target included)."""
    found = _table().get(name)
    if found is None or not found.least <= count <= found.most:
        return None
    if found.only and (found.only == "method") is not is_method:
        return None
    return found


@cache
def _table() -> dict[str, Function]:
    from minik8s.apiserver.extensions.cel import kubernetes, strings

    return {**STANDARD, **strings.FUNCTIONS, **kubernetes.FUNCTIONS}


def overload() -> CelError:
    return CelError(operators.NO_OVERLOAD)


def expect(value: Any, *kinds: type) -> Any:
    """The value, where it is of one of these types."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise overload()
    return value


def _size(value: Any) -> int:
    return len(expect(value, str, bytes, list, dict))


def _to_int(value: Any) -> int:
    if isinstance(value, str):
        try:
            return operators.checked(int(value))
        except ValueError:
            raise CelError(f'type conversion error from string to int: "{value}"') from None
    if isinstance(value, datetime):
        return int(value.timestamp())
    if is_number(value):
        try:
            return operators.checked(int(value))
        except (OverflowError, ValueError):
            raise CelError("integer overflow") from None
    raise overload()


def _to_uint(value: Any) -> int:
    number = _to_int(value)
    if number < 0:
        raise CelError("unsigned integer overflow")
    return number


def _to_double(value: Any) -> float:
    if isinstance(value, str) or is_number(value):
        try:
            return float(value)
        except ValueError:
            raise CelError(f'type conversion error from string to double: "{value}"') from None
    raise overload()


def to_text(value: Any) -> str:
    """`string(x)`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise CelError("invalid UTF-8 in bytes, cannot convert to string") from None
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if value is None or isinstance(value, list | dict | Optional | TypeName):
        raise overload()
    return value.geturl() if hasattr(value, "geturl") else str(value)


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "True": True, "TRUE": True, "t": True, "1": True,
             "false": False, "False": False, "FALSE": False, "f": False, "0": False}  # fmt: skip
    if isinstance(value, str) and value in words:
        return words[value]
    raise CelError(f'type conversion error from {type_name(value)} to bool: "{value}"')


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if is_number(value):
        return datetime.fromtimestamp(value, timezone.utc)  # noqa: UP017 - zone arithmetic below uses timezone too
    return parse_timestamp(expect(value, str))


def _duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else parse_duration(expect(value, str))


def _matches(text: Any, pattern: Any) -> bool:
    try:
        return search(expect(pattern, str), expect(text, str))
    except ValueError as error:
        raise CelError(str(error)) from None


def _in_zone(value: datetime, name: str = "") -> datetime:
    if not name:
        return value
    zone: tzinfo
    try:
        if name[0] in "+-" or name[0].isdigit():
            hours, _, minutes = name.lstrip("+-").partition(":")
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            zone = timezone(-offset if name[0] == "-" else offset)
        else:
            zone = ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        raise CelError(f"unknown time zone {name}") from None
    return value.astimezone(zone)


def _getter(of_time: Callable[[datetime], int] | None, of_duration: Callable[[timedelta], int] | None) -> Function:
    def call(value: Any, zone: str = "") -> int:
        if isinstance(value, datetime) and of_time is not None:
            return of_time(_in_zone(value, zone))
        if isinstance(value, timedelta) and of_duration is not None and not zone:
            return of_duration(value)
        raise overload()

    return Function(call, 1, 2, "int", "method")


def _milliseconds(value: timedelta) -> int:
    return int(value.total_seconds() * 1000)


def _compare(name: str) -> Callable[[Any, Any], bool]:
    def call(left: Any, right: Any) -> bool:
        return bool(getattr(expect(left, str), name)(expect(right, str)))

    return call


def _optional_value(value: Any) -> Any:
    if not expect(value, Optional).present:
        raise CelError("optional.none() dereference")
    return value.value


def _is_zero(value: Any) -> bool:
    if isinstance(value, timedelta):
        return not value
    return value is None or (isinstance(value, bool | int | float | str | bytes | list | dict) and not value)


STANDARD: dict[str, Function] = {
    "size": Function(_size, 1, 1, "int"),
    "int": Function(_to_int, 1, 1, "int", "function"),
    "uint": Function(_to_uint, 1, 1, "int", "function"),
    "double": Function(_to_double, 1, 1, "double", "function"),
    "string": Function(to_text, 1, 1, "string", "function"),
    "bool": Function(_to_bool, 1, 1, "bool", "function"),
    "bytes": Function(lambda v: v if isinstance(v, bytes) else expect(v, str).encode(), 1, 1, "bytes", "function"),
    "type": Function(lambda value: TypeName(type_name(value)), 1, 1, "type", "function"),
    "timestamp": Function(_timestamp, 1, 1, None, "function"),
    "duration": Function(_duration, 1, 1, None, "function"),
    "matches": Function(_matches, 2, 2, "bool"),
    "contains": Function(_compare("__contains__"), 2, 2, "bool", "method"),
    "startsWith": Function(_compare("startswith"), 2, 2, "bool", "method"),
    "endsWith": Function(_compare("endswith"), 2, 2, "bool", "method"),
    "getFullYear": _getter(lambda t: t.year, None),
    "getMonth": _getter(lambda t: t.month - 1, None),
    "getDate": _getter(lambda t: t.day, None),
    "getDayOfMonth": _getter(lambda t: t.day - 1, None),
    "getDayOfWeek": _getter(lambda t: t.isoweekday() % 7, None),
    "getDayOfYear": _getter(lambda t: t.timetuple().tm_yday - 1, None),
    "getHours": _getter(lambda t: t.hour, lambda d: int(d.total_seconds() / 3600)),
    "getMinutes": _getter(lambda t: t.minute, lambda d: int(d.total_seconds() / 60)),
    "getSeconds": _getter(lambda t: t.second, lambda d: int(d.total_seconds())),
    "getMilliseconds": _getter(lambda t: t.microsecond // 1000, _milliseconds),
    "optional.of": Function(lambda value: Optional(True, value), 1, 1),
    "optional.none": Function(lambda: Optional(False), 0, 0),
    "optional.ofNonZeroValue": Function(lambda v: Optional(False) if _is_zero(v) else Optional(True, v), 1, 1),
    "hasValue": Function(lambda value: bool(expect(value, Optional).present), 1, 1, "bool", "method"),
    "value": Function(_optional_value, 1, 1, None, "method"),
    "orValue": Function(lambda o, other: o.value if expect(o, Optional).present else other, 2, 2, None, "method"),
    "or": Function(lambda o, other: o if expect(o, Optional).present else other, 2, 2, None, "method"),
}
