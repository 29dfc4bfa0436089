"""What is wrong with one field: the errors that validation collects, rendered as upstream renders them.

Mirrors apimachinery pkg/util/validation/field/errors.go (v1.33 wording). A path is plain text, as it is printed:
`spec.containers[0].name`, `metadata.labels[app]`. Left out: error origins (a device of upstream's own tests).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

_OMITTED = object()
_TITLES = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueTypeInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooShort": "Too short",
    "FieldValueTooMany": "Too many",
    "FieldValueTooFew": "Too few",
    "InternalError": "Internal error",
}
_WITHOUT_VALUE = {
    "FieldValueRequired",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooShort",
    "InternalError",
}


def quote(text: str) -> str:
    """Text in double quotes, as Go's %q for what occurs in names and values."""
    return orjson.dumps(text).decode()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error: its reason (`FieldValueInvalid` …), the field's path, the value that is wrong, and why."""

    type: str
    field: str
    bad_value: Any = None
    detail: str = ""

    def message(self) -> str:
        """The error without the field's name: `Invalid value: "x": must be …`; a Status cause shows this."""
        text = _TITLES[self.type]
        if self.type not in _WITHOUT_VALUE and self.bad_value is not _OMITTED:
            text += f": {orjson.dumps(self.bad_value, option=orjson.OPT_NON_STR_KEYS).decode()}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.message()}"

    @classmethod
    def required(cls, field: str, detail: str = "") -> "FieldError":
        return cls("FieldValueRequired", field, "", detail)

    @classmethod
    def invalid(cls, field: str, bad_value: Any, detail: str) -> "FieldError":
        return cls("FieldValueInvalid", field, bad_value, detail)

    @classmethod
    def type_invalid(cls, field: str, bad_value: Any, detail: str) -> "FieldError":
        return cls("FieldValueTypeInvalid", field, bad_value, detail)

    @classmethod
    def not_supported(cls, field: str, bad_value: Any, supported: Iterable[str]) -> "FieldError":
        names = ", ".join(quote(value) for value in supported)
        return cls("FieldValueNotSupported", field, bad_value, f"supported values: {names}" if names else "")

    @classmethod
    def duplicate(cls, field: str, bad_value: Any) -> "FieldError":
        return cls("FieldValueDuplicate", field, bad_value)

    @classmethod
    def forbidden(cls, field: str, detail: str) -> "FieldError":
        return cls("FieldValueForbidden", field, "", detail)

    @classmethod
    def not_found(cls, field: str, bad_value: Any) -> "FieldError":
        return cls("FieldValueNotFound", field, bad_value)

    @classmethod
    def too_long(cls, field: str, bad_value: Any, max_length: int) -> "FieldError":
        """`bad_value` is not shown: it would be long."""
        detail = f"may not be more than {_count(max_length, 'byte')}" if max_length >= 0 else "value is too long"
        return cls("FieldValueTooLong", field, "<value omitted>", detail)

    @classmethod
    def too_short(cls, field: str, bad_value: Any, min_length: int) -> "FieldError":
        return cls("FieldValueTooShort", field, bad_value, f"must be at least {_count(min_length, 'character')}")

    @classmethod
    def too_many(cls, field: str, actual: int, maximum: int) -> "FieldError":
        """`actual` below zero: not shown."""
        detail = f"must have at most {_count(maximum, 'item')}" if maximum >= 0 else "has too many items"
        return cls("FieldValueTooMany", field, actual if actual >= 0 else _OMITTED, detail)

    @classmethod
    def internal(cls, field: str, error: object) -> "FieldError":
        return cls("InternalError", field, None, str(error))


def aggregate(errors: Iterable[object]) -> str:
    """One error as it is, several as `[a, b]`, doubles once (util/errors Aggregate)."""
    messages = list(dict.fromkeys(str(error) for error in errors))
    return messages[0] if len(messages) == 1 else f"[{', '.join(messages)}]"
