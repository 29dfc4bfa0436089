"""Label and field selectors: text or model to a predicate.

Mirrors apimachinery pkg/labels/selector.go, pkg/fields/selector.go and metav1.LabelSelectorAsSelector, with their error
messages. A selector is a conjunction of requirements. Invariants: an empty selector matches everything, one built from
None nothing; `LabelSelector.parse(str(s))` matches what `s` matches.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minik8s.api import names
from minik8s.api.field_errors import FieldError, quote

_TOKEN = re.compile(r"[ \t\r\n]*(!=|==|[=!<>,()]|[^ \t\r\n=!<>,()]+)?")
_SYMBOLS = frozenset(("!=", "==", "=", "!", "<", ">", ",", "(", ")", ""))
_WORDS = frozenset(("in", "notin"))
_EXACT = {"=": "=", "==": "=", "!=": "!="}
_MODEL_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label; operator is `=` `!=` `in` `notin` `exists` `!` `gt` or `lt`."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "=" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        return value is not None and _compare(self.operator, value, self.values[0])

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        return f"{self.key}{ {'gt': '>', 'lt': '<'}.get(self.operator, self.operator) }{self.values[0]}"


def _compare(operator: str, value: str, bound: str) -> bool:
    try:
        return int(value) > int(bound) if operator == "gt" else int(value) < int(bound)
    except ValueError:
        return False


def check_requirement(key: str, operator: str, values: Iterable[str]) -> Requirement:
    """A requirement, or ValueError where its key, operator and values do not go together."""
    values = tuple(values)
    if complaints := names.qualified_name(key):
        raise ValueError(str(FieldError.invalid("key", key, "; ".join(complaints))))
    if problem := _values_problem(operator, values):
        raise ValueError(str(FieldError.invalid("values", list(values), problem)))
    for position, value in enumerate(values):
        if complaints := names.label_value(value):
            raise ValueError(str(FieldError.invalid(f"values[{position}][{key}]", value, "; ".join(complaints))))
    return Requirement(key, operator, values)


def _values_problem(operator: str, values: tuple[str, ...]) -> str:
    if operator in ("in", "notin"):
        return "" if values else "for 'in', 'notin' operators, values set can't be empty"
    if operator in ("=", "!="):
        return "" if len(values) == 1 else "exact-match compatibility requires one single value"
    if operator in ("exists", "!"):
        return "values set must be empty for exists and does not exist" if values else ""
    if len(values) != 1:
        return "for 'Gt', 'Lt' operators, exactly one value is required"
    return "" if re.fullmatch(r"[+-]?\d+", values[0]) else "for 'Gt', 'Lt' operators, the value must be an integer"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All of its requirements must hold; `nothing` matches no labels at all."""

    requirements: tuple[Requirement, ...] = ()
    nothing: bool = False

    @classmethod
    def parse(cls, text: str) -> "LabelSelector":
        """From the query parameter's syntax: `a=b,c!=d,e in (x,y),!f,g`."""
        return cls(tuple(sorted(_Parser(text).requirements(), key=lambda r: r.key)))

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> "LabelSelector":
        """Exactly these labels (a Service's or ReplicationController's selector); not validated, as upstream."""
        return cls(tuple(Requirement(key, "=", (value,)) for key, value in sorted(labels.items())))

    @classmethod
    def from_model(cls, selector: Any) -> "LabelSelector":
        """From metav1.LabelSelector, a model or a dict; None selects nothing."""
        if selector is None:
            return NOTHING
        data: dict[str, Any] = selector if isinstance(selector, dict) else selector.to_dict()
        found = [check_requirement(k, "=", (v,)) for k, v in sorted((data.get("matchLabels") or {}).items())]
        for expression in data.get("matchExpressions") or ():
            operator = _MODEL_OPERATORS.get(expression["operator"])
            if operator is None:
                raise ValueError(f"{quote(expression['operator'])} is not a valid label selector operator")
            found.append(check_requirement(expression["key"], operator, expression.get("values") or ()))
        return cls(tuple(found))

    @property
    def empty(self) -> bool:
        """True where every object matches."""
        return not self.requirements and not self.nothing

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        if self.nothing:
            return False
        labels = labels or {}
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


EVERYTHING = LabelSelector()
NOTHING = LabelSelector(nothing=True)


class _Parser:
    """A recursive descent over the tokens; the last one is always the empty token, the end of the text."""

    def __init__(self, text: str) -> None:
        self._tokens = [match[1] for match in _TOKEN.finditer(text) if match[1]] + [""]
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        if self._peek() in _SYMBOLS - {"!", ""}:
            raise ValueError(f"found '{self._peek()}', expected: !, identifier, or 'end of string'")
        while self._peek():
            found.append(self._requirement())
            separator = self._next()
            if separator not in (",", ""):
                raise ValueError(f"found '{separator}', expected: ',' or 'end of string'")
            if separator == "," and self._peek() in _SYMBOLS - {"!"}:
                raise ValueError(f"found '{self._peek()}', expected: identifier after ','")
        return found

    def _requirement(self) -> Requirement:
        try:
            return self._one()
        except ValueError as error:
            raise ValueError(f"unable to parse requirement: {error}") from None

    def _one(self) -> Requirement:
        key = self._next()
        negated = key == "!"
        if negated:
            key = self._next()
        if key in _SYMBOLS:
            raise ValueError(f"found '{key}', expected: identifier")
        if complaints := names.qualified_name(key):
            raise ValueError(str(FieldError.invalid("<nil>", key, "; ".join(complaints))))
        if negated or self._peek() in (",", ""):
            return check_requirement(key, "!" if negated else "exists", ())
        operator = self._next()
        if operator in _WORDS:
            return check_requirement(key, operator, self._set())
        if operator in ("<", ">"):
            return check_requirement(key, "gt" if operator == ">" else "lt", (self._exact(),))
        if operator not in _EXACT:
            raise ValueError(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        return check_requirement(key, _EXACT[operator], (self._exact(),))

    def _exact(self) -> str:
        if self._peek() in (",", ""):
            return ""
        token = self._next()
        if token in _SYMBOLS:
            raise ValueError(f"found '{token}', expected: identifier")
        return token

    def _set(self) -> list[str]:
        """`(a,b)`; an empty place between commas is the empty value."""
        opening = self._next()
        if opening != "(":
            raise ValueError(f"found '{opening}' expected: '('")
        values: set[str] = set()
        while True:
            value = "" if self._peek() in (",", ")") else self._next()
            if value in _SYMBOLS and not (value == "" and self._peek() in (",", ")")):
                raise ValueError(f"found '{value}', expected: ',', ')' or identifier")
            values.add(value)
            end = self._next()
            if end == ")":
                return sorted(values)
            if end != ",":
                raise ValueError(f"found '{end}', expected: ',' or ')'")


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One field that must equal, or must not equal, a value."""

    field: str
    value: str
    equal: bool = True

    def matches(self, fields: Mapping[str, str]) -> bool:
        return (fields.get(self.field, "") == self.value) is self.equal

    def __str__(self) -> str:
        return f"{self.field}{'=' if self.equal else '!='}{escape(self.value)}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All of its terms must hold over the fields that a kind lets one select by."""

    requirements: tuple[FieldRequirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "FieldSelector":
        """From the query parameter's syntax: `metadata.name=x,status.phase!=Running`; `\\` escapes `,` and `=`."""
        terms = []
        for part in sorted(re.findall(r"(?:\\.|[^,\\]|\\$)+", text)):
            match = re.match(r"(.*?)(!=|==|=)(.*)", part, re.DOTALL)
            if match is None:
                raise ValueError(f"invalid selector: '{text}'; can't understand '{part}'")
            terms.append(FieldRequirement(match[1], _unescape(match[3]), match[2] != "!="))
        return cls(tuple(terms))

    @property
    def empty(self) -> bool:
        return not self.requirements

    def exact(self, field: str) -> str | None:
        """The one value that `field` must have, for an index or a single-object watch; None where it is free."""
        return next((r.value for r in self.requirements if r.field == field and r.equal), None)

    def check_supported(self, supported: Iterable[str]) -> None:
        """ValueError for a field that the kind has no selection by; name and namespace always may be selected by."""
        allowed = {"metadata.name", "metadata.namespace", *supported}
        for requirement in self.requirements:
            if requirement.field not in allowed:
                raise ValueError(f"field label not supported: {requirement.field}")

    def matches(self, fields: Mapping[str, str]) -> bool:
        return all(requirement.matches(fields) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(requirement) for requirement in self.requirements)


def escape(value: str) -> str:
    """A value safe inside a field selector."""
    return re.sub(r"([\\,=])", r"\\\1", value)


def _unescape(value: str) -> str:
    for match in re.finditer(r"\\(.?)|([,=])", value, re.DOTALL):
        if match[2]:
            raise ValueError(f"invalid field selector: unescaped character in value: {match[2]}")
        if match[1] not in ("\\", ",", "="):
            raise ValueError(f"invalid field selector: invalid escape sequence: {match[0]}")
    return re.sub(r"\\(.)", r"\1", value)
