"""What operators do to values: 64-bit overflow, division, ordering across numbers, equality.

Mirrors cel-go's common/types. Arithmetic never mixes int and double; comparison does.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from minik8s.api.quantity import Quantity
from minik8s.apiserver.extensions.cel.values import CelError, Optional, is_number, type_name

MIN_INT, MAX_INT = -(2**63), 2**63 - 1
NO_OVERLOAD = "no such overload"


def checked(value: int) -> int:
    """The number, where 64 bits hold it."""
    if not MIN_INT <= value <= MAX_INT:
        raise CelError("integer overflow")
    return value


def _both(left: Any, right: Any, kind: type) -> bool:
    if kind is int:
        return type(left) is int and type(right) is int
    return isinstance(left, kind) and isinstance(right, kind)


def add(left: Any, right: Any) -> Any:
    if _both(left, right, int):
        return checked(left + right)
    if any(_both(left, right, kind) for kind in (float, str, bytes, list, timedelta)):
        return left + right
    if (isinstance(left, datetime) and isinstance(right, timedelta)) or (
        isinstance(left, timedelta) and isinstance(right, datetime)
    ):
        return _shift(left, right, operator.add)
    raise CelError(NO_OVERLOAD)


def subtract(left: Any, right: Any) -> Any:
    if _both(left, right, int):
        return checked(left - right)
    if any(_both(left, right, kind) for kind in (float, timedelta, datetime)):
        return left - right
    if isinstance(left, datetime) and isinstance(right, timedelta):
        return _shift(left, right, operator.sub)
    raise CelError(NO_OVERLOAD)


def _shift(left: Any, right: Any, change: Callable[[Any, Any], Any]) -> Any:
    try:
        return change(left, right)
    except OverflowError:
        raise CelError("timestamp overflow") from None


def multiply(left: Any, right: Any) -> Any:
    if _both(left, right, int):
        return checked(left * right)
    if _both(left, right, float):
        return left * right
    raise CelError(NO_OVERLOAD)


def divide(left: Any, right: Any) -> Any:
    """Integers are cut off towards zero; doubles give infinities."""
    if _both(left, right, int):
        if right == 0:
            raise CelError("division by zero")
        quotient = abs(left) // abs(right)
        return checked(quotient if (left < 0) == (right < 0) else -quotient)
    if _both(left, right, float):
        if right == 0:
            return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
        return left / right
    raise CelError(NO_OVERLOAD)


def modulo(left: Any, right: Any) -> Any:
    if not _both(left, right, int):
        raise CelError(NO_OVERLOAD)
    if right == 0:
        raise CelError("modulus by zero")
    return int(math.copysign(1, left)) * (abs(left) % abs(right))


def negate(value: Any) -> Any:
    if is_number(value):
        return checked(-value) if isinstance(value, int) else -value
    raise CelError(NO_OVERLOAD)


_ORDERED = (str, bytes, bool, datetime, timedelta)


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """A comparison by order."""

    def run(left: Any, right: Any) -> bool:
        if (is_number(left) and is_number(right)) or any(_both(left, right, kind) for kind in _ORDERED):
            return compare(left, right)
        raise CelError(NO_OVERLOAD)

    return run


def equal(left: Any, right: Any) -> bool:
    """Values of different types differ; numbers compare by value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(child, right[key]) for key, child in left.items())
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and equal(left.value, right.value)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return left == right
    return type_name(left) == type_name(right) and bool(left == right)


def contains(collection: Any, value: Any) -> bool:
    """`value in collection`."""
    if isinstance(collection, dict):
        return any(equal(value, key) for key in collection) if not isinstance(value, str) else value in collection
    if isinstance(collection, list):
        return any(equal(value, item) for item in collection)
    raise CelError(NO_OVERLOAD)


def weight(value: Any) -> int:
    """What looking through the value costs."""
    return (
        1 + len(value) // 10
        if isinstance(value, str | bytes)
        else 1 + len(value)
        if isinstance(value, list | dict)
        else 1
    )
