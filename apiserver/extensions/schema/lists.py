"""x-kubernetes-list-type: sets have no element twice, maps no key.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go.
"""

from __future__ import annotations

from typing import Any

import orjson

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.schema.pruning import join

Schema = dict[str, Any]


def check_lists(value: Any, schema: Schema | None, path: str = "") -> list[FieldError]:
    """Duplicates anywhere in `value`."""
    if not schema:
        return []
    errors: list[FieldError] = []
    if isinstance(value, list):
        kind = schema.get("x-kubernetes-list-type")
        if kind == "set":
            errors += [FieldError.duplicate(f"{path}[{index}]", value[index]) for index in _repeated(value)]
        elif kind == "map":
            errors += _check_map(value, schema.get("x-kubernetes-list-map-keys") or [], path)
        for index, item in enumerate(value):
            errors += check_lists(item, schema.get("items"), f"{path}[{index}]")
    elif isinstance(value, dict):
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, child in value.items():
            if key in properties:
                errors += check_lists(child, properties[key], join(path, key))
            elif isinstance(additional, dict):
                errors += check_lists(child, additional, f"{path}[{key}]")
    return errors


def _check_map(value: list[Any], keys: list[str], path: str) -> list[FieldError]:
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            return [FieldError.invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")]
    picked = [{key: item[key] for key in keys if key in item} if item else {} for item in value]
    return [FieldError.duplicate(f"{path}[{index}]", picked[index]) for index in _repeated(picked)]


def _repeated(values: list[Any]) -> list[int]:
    """Where each repeated value comes the second time."""
    seen: dict[bytes, int] = {}
    found: list[int] = []
    for index, value in enumerate(values):
        key = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 2:
            found.append(index)
    return found
