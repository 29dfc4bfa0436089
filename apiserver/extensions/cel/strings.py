"""Text functions of CEL's extension library (cel-go ext/strings.go), and Kubernetes' regular expressions."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.extensions.cel.functions import Function, expect, overload, to_text
from minik8s.apiserver.extensions.cel.values import CelError
from minik8s.apiserver.extensions.schema.patterns import compile_pattern

MAX_TEXT = 1 << 20


def _char_at(text: Any, index: Any) -> str:
    if not 0 <= expect(index, int) <= len(expect(text, str)):
        raise CelError(f"index out of range: {index}")
    return str(text[index : index + 1])


def _index_of(value: Any, wanted: Any, start: Any = 0) -> int:
    if isinstance(value, list):
        from minik8s.apiserver.extensions.cel.operators import equal

        return next((i for i, item in enumerate(value) if equal(item, wanted)), -1)
    if not 0 <= expect(start, int) <= len(expect(value, str)):
        raise CelError(f"index out of range: {start}")
    return int(value.find(expect(wanted, str), start))


def _last_index_of(value: Any, wanted: Any, end: Any = None) -> int:
    if isinstance(value, list):
        from minik8s.apiserver.extensions.cel.operators import equal

        return next((i for i in range(len(value) - 1, -1, -1) if equal(value[i], wanted)), -1)
    expect(wanted, str)
    if end is None:
        return int(expect(value, str).rfind(wanted))
    if not 0 <= expect(end, int) <= len(expect(value, str)):
        raise CelError(f"index out of range: {end}")
    return int(value.rfind(wanted, 0, end + len(wanted)))


_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def _replace(text: Any, old: Any, new: Any, count: Any = -1) -> str:
    expect(text, str), expect(old, str), expect(new, str)
    found = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + found * len(new) > MAX_TEXT:
        raise CelError("result of replace is too long")
    return str(text.replace(old, new, expect(count, int)))


def _split(text: Any, separator: Any, count: Any = -1) -> list[str]:
    expect(text, str), expect(separator, str)
    if expect(count, int) == 0:
        return []
    limit = count - 1 if count > 0 else -1
    if not separator:
        letters = list(text)
        return letters if limit < 0 else [*letters[:limit], "".join(letters[limit:])]
    return list(text.split(separator, limit))


def _join(parts: Any, separator: Any = "") -> str:
    if not all(isinstance(part, str) for part in expect(parts, list)):
        raise overload()
    if sum(map(len, parts)) + len(separator) * len(parts) > MAX_TEXT:
        raise CelError("result of join is too long")
    return str(expect(separator, str).join(parts))


def _substring(text: Any, start: Any, end: Any = None) -> str:
    last = len(expect(text, str)) if end is None else expect(end, int)
    if not 0 <= expect(start, int) <= len(text) or not 0 <= last <= len(text):
        raise CelError(f"index out of range: {start if not 0 <= start <= len(text) else last}")
    if start > last:
        raise CelError(f"invalid substring range. start: {start}, end: {last}")
    return str(text[start:last])


def _format(text: Any, values: Any) -> str:
    """`%s %d %f %e %x %X %o %b %%`, with a precision for f and e."""
    out, rest, given = [], expect(text, str), iter(expect(values, list))
    while "%" in rest:
        before, _, rest = rest.partition("%")
        out.append(before)
        digits = ""
        if rest.startswith("."):
            digits = rest[1:][: len(rest[1:]) - len(rest[1:].lstrip("0123456789"))]
            rest = rest[1 + len(digits) :]
        clause, rest = rest[:1], rest[1:]
        if clause == "%":
            out.append("%")
            continue
        try:
            out.append(_clause(clause, next(given), digits))
        except StopIteration:
            raise CelError("index out of range for format arguments") from None
    return "".join([*out, rest])


def _clause(clause: str, value: Any, digits: str) -> str:
    if clause == "s":
        return _shown(value)
    try:
        if clause in ("f", "e"):
            return f"{value:.{digits or 6}{clause}}"
        if clause == "d" and not isinstance(value, bool | str):
            return str(int(value))
        if clause in ("x", "X", "o", "b"):
            if isinstance(value, str | bytes):
                raw = value.encode() if isinstance(value, str) else value
                return raw.hex().upper() if clause == "X" else raw.hex()
            return f"{value:{clause}}"
    except (TypeError, ValueError):
        raise overload() from None
    raise CelError(f"unrecognized formatting clause: {clause}")


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_shown(key)}: {_shown(value[key])}" for key in sorted(value)) + "}"
    return to_text(value)


def _find(text: Any, pattern: Any) -> str:
    found = _compiled(pattern).search(expect(text, str))
    return str(found.group(0)) if found else ""


def _find_all(text: Any, pattern: Any, count: Any = -1) -> list[str]:
    found = [match.group(0) for match in _compiled(pattern).finditer(expect(text, str))]
    return found if expect(count, int) < 0 else found[:count]


def _compiled(pattern: Any) -> Any:
    try:
        return compile_pattern(expect(pattern, str))
    except ValueError as error:
        raise CelError(str(error)) from None


FUNCTIONS: dict[str, Function] = {
    "charAt": Function(_char_at, 2, 2, "string", "method"),
    "indexOf": Function(_index_of, 2, 3, "int", "method"),
    "lastIndexOf": Function(_last_index_of, 2, 3, "int", "method"),
    "lowerAscii": Function(lambda text: expect(text, str).translate(_LOWER), 1, 1, "string", "method"),
    "upperAscii": Function(lambda text: expect(text, str).translate(_UPPER), 1, 1, "string", "method"),
    "replace": Function(_replace, 3, 4, "string", "method"),
    "split": Function(_split, 2, 3, "list", "method"),
    "join": Function(_join, 1, 2, "string", "method"),
    "substring": Function(_substring, 2, 3, "string", "method"),
    "trim": Function(lambda text: expect(text, str).strip(), 1, 1, "string", "method"),
    "format": Function(_format, 2, 2, "string", "method"),
    "find": Function(_find, 2, 2, "string", "method"),
    "findAll": Function(_find_all, 2, 3, "list", "method"),
}
