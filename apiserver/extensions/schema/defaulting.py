"""Fills in a schema's defaults, and takes out nulls that have none.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/defaulting (algorithm.go, prunenulls.go). A null where the schema
is not nullable counts as absent: it gets the default, or is dropped where there is none.

Invariant: idempotent, also together with pruning (defaults are valid and pruned, see definition/defaults.py).
"""

from __future__ import annotations

import copy
from typing import Any

Schema = dict[str, Any]
_NOTHING: Schema = {}


def default(value: Any, schema: Schema | None) -> None:
    """Fill `value` in place."""
    if not schema:
        return
    if isinstance(value, dict):
        _default_fields(value, schema)
    elif isinstance(value, list):
        items = schema.get("items")
        for index, item in enumerate(value):
            if _replaceable(item, items) and items is not None and "default" in items:
                value[index] = copy.deepcopy(items["default"])
            default(value[index], items)


def _default_fields(value: dict[str, Any], schema: Schema) -> None:
    properties: dict[str, Schema] = schema.get("properties") or _NOTHING
    additional = schema.get("additionalProperties")
    for key, child in properties.items():
        if child.get("default") is not None and (key not in value or _replaceable(value[key], child)):
            value[key] = copy.deepcopy(child["default"])
    for key in value:
        if key in properties:
            default(value[key], properties[key])
        elif isinstance(additional, dict):
            if _replaceable(value[key], additional) and additional.get("default") is not None:
                value[key] = copy.deepcopy(additional["default"])
            default(value[key], additional)


def _replaceable(value: Any, schema: Any) -> bool:
    return value is None and isinstance(schema, dict) and not schema.get("nullable")


def drop_nulls(value: Any, schema: Schema | None) -> None:
    """Fields that are null where the schema allows no null, and that no default has filled, are dropped
    (PruneNonNullableNullsWithoutDefaults). Elements of lists stay, for validation to report."""
    if not schema:
        return
    if isinstance(value, dict):
        properties: dict[str, Schema] = schema.get("properties") or _NOTHING
        additional = schema.get("additionalProperties")
        for key in list(value):
            child = properties.get(key, additional)
            if _replaceable(value[key], child):
                del value[key]
            elif isinstance(child, dict):
                drop_nulls(value[key], child)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item, schema.get("items"))


def has_defaults(schema: Any) -> bool:
    """Whether there is any default in the schema."""
    if isinstance(schema, dict):
        if schema.get("default") is not None and ("type" in schema or "x-kubernetes-int-or-string" in schema):
            return True
        return any(has_defaults(child) for key, child in schema.items() if key not in ("default", "enum", "example"))
    return isinstance(schema, list) and any(has_defaults(child) for child in schema)
