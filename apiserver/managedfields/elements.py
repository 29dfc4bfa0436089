"""Path elements: one step from a container to what it holds, in the text form of FieldsV1.

Mirrors structured-merge-diff/v4/fieldpath/{element,serialize-pe}.go. An element is a string, and is compared as one:
`f:replicas` (a field or a map's key), `k:{"name":"web"}` (the list item with these keys, sorted, compact JSON),
`v:"x"` (the set's item of this value), `i:0` (an index).

Invariant: elements made here are canonical; those of clients are made so by `canonical` before they are compared.
"""

from __future__ import annotations

from typing import Any

import orjson

SELF = "."


class NoElement(ValueError):
    """A list item that cannot be told apart: its keys are missing, or it is of the wrong type."""


def keyed(item: Any, keys: tuple[str, ...], defaults: dict[str, Any]) -> str:
    """The element of an item in a list of type map; ``keys`` are sorted."""
    if item is None:
        raise NoElement("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise NoElement("associative list with keys may not have non-map elements")
    if len(keys) == 1:
        value = item.get(keys[0])
        if type(value) is str and value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            return f'k:{{"{keys[0]}":"{value}"}}'
    found = {}
    for key in keys:
        if key in item:
            found[key] = item[key]
        elif key in defaults:
            found[key] = defaults[key]
    if not found:
        names = " ".join(f'"{key}"' for key in keys)
        raise NoElement(
            f"associative list with keys has an element that omits all key fields [{names}] "
            f"(and doesn't have default values for any key fields)"
        )
    return "k:" + orjson.dumps(found).decode()


def valued(item: Any) -> str:
    """The element of an item in a list of type set."""
    if isinstance(item, dict):
        raise NoElement("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise NoElement("not supported: associative list with lists as elements")
    if item is None:
        raise NoElement("associative list without keys has an element that's an explicit null")
    return "v:" + orjson.dumps(item).decode()


def canonical(element: str) -> str | None:
    """A client's element in the form that is made here; None for a kind of element that is not known."""
    start = element[:2]
    if start in ("f:", "i:"):
        return element
    if start in ("k:", "v:"):
        return start + orjson.dumps(orjson.loads(element[2:]), option=orjson.OPT_SORT_KEYS).decode()
    return None


def to_text(element: str) -> str:
    """As messages print it: `.spec`, `[name="web"]`, `[="x"]`, `[0]`."""
    start, rest = element[:2], element[2:]
    if start == "f:":
        return "." + rest
    if start == "k:":
        pairs = orjson.loads(rest)
        return "[" + ",".join(f"{key}={_scalar(pairs[key])}" for key in sorted(pairs)) + "]"
    return f"[={_scalar(orjson.loads(rest))}]" if start == "v:" else f"[{rest}]"


def path_text(path: tuple[str, ...]) -> str:
    """`.spec.containers[name="web"].image`."""
    return "".join(map(to_text, path))


def _scalar(value: Any) -> str:
    return orjson.dumps(value).decode()
