"""Fields and elements: what a schema says of them when an expression is compiled, and how they are got when it runs."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.extensions.cel import operators
from minik8s.apiserver.extensions.cel.values import ABSENT, CelError, Optional, Schema

#: Nothing can be there: the expression is wrong.
UNDEFINED: Any = object()
_RESOURCE: Schema = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "generateName": {"type": "string"}},
    },
}


def get_field(value: Any, name: str, field: str) -> Any:
    if isinstance(value, dict):
        if name in value:
            return value[name]
        if field in value:
            return value[field]
        raise CelError(f"no such key: {name}")
    if isinstance(value, Optional):
        return Optional(True, value.value[field]) if value.present and field in value.value else ABSENT
    raise CelError(operators.NO_OVERLOAD)


def get_element(value: Any, index: Any) -> Any:
    if isinstance(value, list):
        if not isinstance(index, int) or isinstance(index, bool):
            raise CelError("unsupported index type")
        if not 0 <= index < len(value):
            raise CelError(f"index out of bounds: {index}")
        return value[index]
    if isinstance(value, dict):
        if index not in value:
            raise CelError(f"no such key: {index}")
        return value[index]
    raise CelError(operators.NO_OVERLOAD)


def field_type(schema: Any, name: str) -> Any:
    """The schema of a field; None where anything may be there; UNDEFINED where nothing can be."""
    if not isinstance(schema, dict):
        return None if schema in (None, "map") else UNDEFINED
    kind = schema.get("type")
    if kind not in (None, "object"):
        return UNDEFINED
    properties = schema.get("properties") or {}
    if schema.get("x-kubernetes-embedded-resource") and name in _RESOURCE:
        return _RESOURCE[name]
    if name in properties:
        return properties[name]
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        return additional
    free = additional is True or (schema.get("x-kubernetes-preserve-unknown-fields") and not properties)
    return None if free or kind is None else UNDEFINED


def element_type(schema: Any) -> Any:
    """The schema of a list's or a map's elements."""
    if not isinstance(schema, dict):
        return None
    found = schema.get("items") if schema.get("type") == "array" else schema.get("additionalProperties")
    return found if isinstance(found, dict) else None
