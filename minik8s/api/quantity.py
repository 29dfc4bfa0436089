"""Quantities: exact decimal numbers with Kubernetes' suffixes (`100m`, `1Gi`, `5e3`).

Mirrors apimachinery pkg/api/resource/quantity.go. A quantity is a fraction of whole nano-units and the family of suffix
it is printed with: binary (`Ki`), decimal (`k`) or exponent (`e3`). Invariants: parsing rounds up to a nano, away from
zero, as upstream; `Quantity.parse(str(q)) == q`; `str(q)` is the canonical form (no fraction, the largest suffix that
allows it). `parse_cpu_millis` and `parse_bytes` are the same arithmetic for hot paths, cached by text.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, total_ordering

_NANO = 1_000_000_000
_GRAMMAR = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_SUFFIX_OF = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_OF = {power: suffix for suffix, power in _BINARY.items()}
_LARGEST = (2**63 - 1) * _NANO  # upstream caps a number that int64 cannot hold

# upstream's ErrFormatWrong
_FORMAT_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class Form(Enum):
    """The family of suffix that a quantity is printed with."""

    DECIMAL = "DecimalSI"
    BINARY = "BinarySI"
    EXPONENT = "DecimalExponent"


def _divide_up(number: int, by: int) -> int:
    """Division that rounds away from zero, as every rounding of a quantity."""
    return -(-number // by) if number >= 0 else number // by


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An amount, in nano-units."""

    nanos: int
    form: Form = Form.DECIMAL

    @classmethod
    def parse(cls, text: str | int | float) -> "Quantity":
        """A quantity from its text; ValueError with upstream's message where it is none."""
        return _parse(text if isinstance(text, str) else repr(text))

    @classmethod
    def of(cls, value: int, form: Form = Form.DECIMAL) -> "Quantity":
        return cls(value * _NANO, form)

    @classmethod
    def of_millis(cls, millis: int, form: Form = Form.DECIMAL) -> "Quantity":
        return cls(millis * 1_000_000, form)

    def value(self) -> int:
        """Whole units, rounded up."""
        return _divide_up(self.nanos, _NANO)

    def milli_value(self) -> int:
        """Thousandths, rounded up."""
        return _divide_up(self.nanos, 1_000_000)

    def is_zero(self) -> bool:
        return self.nanos == 0

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nanos + other.nanos, self.form if self.nanos or not other.nanos else other.form)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nanos - other.nanos, self.form if self.nanos or not other.nanos else other.form)

    def __neg__(self) -> "Quantity":
        return Quantity(-self.nanos, self.form)

    def __mul__(self, factor: int) -> "Quantity":
        return Quantity(self.nanos * factor, self.form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __lt__(self, other: "Quantity") -> bool:
        return self.nanos < other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __float__(self) -> float:
        return self.nanos / _NANO

    def __str__(self) -> str:
        if self.nanos == 0:
            return "0"
        if self.form is Form.BINARY and abs(self.nanos) >= 1024 * _NANO:
            return self._binary()
        return self._decimal()

    def _binary(self) -> str:
        if self.nanos % _NANO:
            return self._decimal()  # a fraction has no binary suffix
        units, power = self.nanos // _NANO, 0
        while units % 1024 == 0 and power < 60:
            units, power = units // 1024, power + 10
        return f"{units}{_BINARY_OF.get(power, '')}"

    def _decimal(self) -> str:
        number, power = self.nanos, -9
        while number % 1000 == 0 and power < 18:
            number, power = number // 1000, power + 3
        if self.form is Form.EXPONENT:
            return f"{number}e{power}" if power else str(number)
        return f"{number}{_SUFFIX_OF[power]}"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    match = _GRAMMAR.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValueError(_FORMAT_ERROR)
    sign, whole, fraction, exponent, suffix = match[1], match[2], match[3] or "", match[4], match[5] or ""
    number, scale = int(whole + fraction or "0"), -len(fraction)
    form = Form.DECIMAL
    if suffix in _BINARY:
        form, number = Form.BINARY, number << _BINARY[suffix]
    elif exponent:
        form, scale = Form.EXPONENT, scale + max(-400, min(400, int(exponent[1:])))
    else:
        scale += _DECIMAL[suffix]
    nanos = number * 10 ** (scale + 9) if scale >= -9 else _divide_up(number, 10 ** (-9 - scale))
    nanos = min(nanos, _LARGEST)
    return Quantity(-nanos if sign == "-" else nanos, form)


@lru_cache(maxsize=4096)
def parse_cpu_millis(text: str | int | float) -> int:
    """Milli-CPUs: `"250m"` → 250, `"2"` → 2000; rounded up."""
    return Quantity.parse(text).milli_value()


@lru_cache(maxsize=4096)
def parse_bytes(text: str | int | float) -> int:
    """Whole units (bytes, counts): `"1Ki"` → 1024; rounded up."""
    return Quantity.parse(text).value()


def canonical(text: str | int | float) -> str:
    """The one spelling that upstream stores: `"1000m"` → `"1"`, `"1024Ki"` → `"1Mi"`."""
    return str(Quantity.parse(text))
