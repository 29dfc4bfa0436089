"""String formats that are checked: those of upstream's strfmt registry that custom resources may use.

Mirrors apiextensions-apiserver/pkg/apiserver/validation/formats.go and kube-openapi/pkg/validation/strfmt. Other
formats are annotations and accept everything (int32 and int64 among them). Left out: isbn checksums' hyphen rules.
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlsplit

_UUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"


def _pattern(text: str) -> Callable[[str], bool]:
    compiled = re.compile(text)
    return lambda value: compiled.fullmatch(value) is not None


def _address(version: int) -> Callable[[str], bool]:
    def check(value: str) -> bool:
        try:
            return ipaddress.ip_address(value).version == version and "%" not in value
        except ValueError:
            return False

    return check


def _cidr(value: str) -> bool:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return "/" in value


def _base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is not None


_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[tT ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)([.,]\d+)?([zZ]|[+-]\d\d:\d\d)?"
)


def _date_time(value: str) -> bool:
    found = _DATE_TIME.fullmatch(value)
    return found is not None and 1 <= int(found[2]) <= 12 and 1 <= int(found[3]) <= 31


_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)(((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*)")
_WORDS = re.compile(r"((\d+)\s*([A-Za-zµ]+))")
_UNITS = frozenset((
    "ns", "nano", "nanos", "nanosecond", "nanoseconds", "us", "µs", "micro", "micros", "microsecond", "microseconds",
    "ms", "milli", "millis", "millisecond", "milliseconds", "s", "sec", "secs", "second", "seconds",
    "m", "min", "mins", "minute", "minutes", "h", "hr", "hour", "hours", "d", "day", "days", "w", "wk", "week", "weeks",
))  # fmt: skip


def _duration(value: str) -> bool:
    if value == "0" or _DURATION.fullmatch(value):
        return True
    words = _WORDS.findall(value)
    return bool(words) and all(unit in _UNITS for _, _, unit in words)


def _uri(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme) or value.startswith("/")


def _email(value: str) -> bool:
    _, address = email.utils.parseaddr(value)
    local, _, domain = address.rpartition("@")
    return bool(local and domain)


_LABEL = r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_host = _pattern(rf"{_LABEL}(\.{_LABEL})*")


def _luhn(value: str) -> bool:
    digits = [int(char) for char in re.sub(r"[ -]", "", value) if char.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = [d if index % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for index, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _isbn10(value: str) -> bool:
    text = re.sub(r"[ -]", "", value)
    if not re.fullmatch(r"\d{9}[\dX]", text):
        return False
    return sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(text)) % 11 == 0


def _isbn13(value: str) -> bool:
    text = re.sub(r"[ -]", "", value)
    return (
        re.fullmatch(r"\d{13}", text) is not None and sum(int(c) * (1, 3)[i % 2] for i, c in enumerate(text)) % 10 == 0
    )


_MAC = (
    r"([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}|[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){7}|([0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4})"
)

#: Format, without its dashes → is the text one?
FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _pattern("[0-9a-fA-F]{24}"),
    "uri": _uri,
    "email": _email,
    "hostname": lambda value: len(value) <= 255 and _host(value),
    "ipv4": _address(4),
    "ipv6": _address(6),
    "cidr": _cidr,
    "mac": _pattern(_MAC),
    "uuid": _pattern("(?i)" + _UUID % ("[0-9a-f]", "[0-9a-f]")),
    "uuid3": _pattern("(?i)" + _UUID % ("3", "[0-9a-f]")),
    "uuid4": _pattern("(?i)" + _UUID % ("4", "[89ab]")),
    "uuid5": _pattern("(?i)" + _UUID % ("5", "[89ab]")),
    "isbn": lambda value: _isbn10(value) or _isbn13(value),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "creditcard": _luhn,
    "ssn": _pattern(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _pattern("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _pattern(r"rgb\(\s*(\d{1,3}\s*,\s*){2}\d{1,3}\s*\)"),
    "byte": _base64,
    "password": lambda value: True,
    "date": _date,
    "duration": _duration,
    "datetime": _date_time,
}


def checker(name: str) -> Callable[[str], bool] | None:
    """The check of a format; None where the format says nothing."""
    return FORMATS.get(name.replace("-", ""))
