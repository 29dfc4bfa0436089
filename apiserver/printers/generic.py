"""Rows of kinds without a printer: by column name, or by JSON path where a custom resource brings its columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from minik8s.apiserver.printers import text

if TYPE_CHECKING:
    from minik8s.api.scheme import Column, Kind

_step_re = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\*|'[^']*')\]|\[\?\(@\.([^=]+)==\s*['\"]([^'\"]*)['\"]\)\]")


def generic_row(kind: Kind, obj: dict[str, Any], now: float) -> list[Any]:
    """Name and Age for what says nothing else of itself."""
    if not kind.columns:
        return [text.name(obj), text.age(obj, now)]
    return [_cell(column, obj, now) for column in kind.columns]


def _cell(column: Column, obj: dict[str, Any], now: float) -> Any:
    if not column.json_path:
        if column.name == "Name":
            return text.name(obj)
        if column.name == "Created At":
            return (obj.get("metadata") or {}).get("creationTimestamp")
        return text.age(obj, now) if column.name == "Age" else ""
    found = look_up(obj, column.json_path)
    if not found:
        return None
    value = found[0]
    if column.type == "date":
        return text.since(value, now) if isinstance(value, str) else text.UNKNOWN
    if column.type == "string":
        return ",".join(map(_text, found)) if len(found) > 1 else _text(value)
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    import orjson

    return orjson.dumps(value).decode()


def look_up(obj: Any, path: str) -> list[Any]:
    """The part of JSONPath that printer columns use: fields, indexes, `*`, equality filters."""
    found = [obj]
    for step in _step_re.finditer(path.replace("\\.", "\0")):
        field, index, key, wanted = step.groups()
        if field is not None:
            field = field.replace("\0", ".")
            found = [one[field] for one in found if isinstance(one, dict) and field in one]
        elif key is not None:
            found = [item for one in found if isinstance(one, list) for item in one if _equal(item, key, wanted)]
        else:
            found = [item for one in found for item in _indexed(one, index)]
    return [one for one in found if one is not None]


def _equal(item: Any, key: str, wanted: str) -> bool:
    return isinstance(item, dict) and str(item.get(key.strip())) == wanted


def _indexed(one: Any, index: str) -> list[Any]:
    if index == "*":
        return list(one.values()) if isinstance(one, dict) else list(one) if isinstance(one, list) else []
    if index.startswith("'"):
        key = index.strip("'").replace("\0", ".")
        return [one[key]] if isinstance(one, dict) and key in one else []
    return [one[int(index)]] if isinstance(one, list) and int(index) < len(one) else []
