"""A custom kind's schema as it is published, in OpenAPI v2 or v3.

Mirrors apiextensions-apiserver/pkg/controller/openapi (builder.go, v2/conversion.go). v2 has no nullable and no
combinations, and kubectl's checks there know no "other fields are welcome": what keeps unknown fields is published
without its fields, so that the client does not refuse what the server takes.
"""

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_PRESERVE, _EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"
_V3_ONLY = frozenset(("allOf", "oneOf", "anyOf", "not", "nullable", "x-kubernetes-validations"))


def publish(schema: Schema, v2: bool, resource_properties: Callable[[], Schema]) -> Schema:
    """The definition of the kind; `resource_properties` are those that every resource has."""
    if v2 and schema.get(_PRESERVE):
        return {"type": "object"}
    published = _walk(schema, v2, resource_properties)
    properties = {**published.get("properties", {}), **resource_properties()}
    return {"type": "object", **published, "properties": properties}


def _walk(schema: Schema, v2: bool, resource_properties: Callable[[], Schema]) -> Schema:
    found = dict(schema)
    if v2:
        _reduce(found)
    if isinstance(found.get("properties"), dict):
        found["properties"] = {
            name: _walk(child, v2, resource_properties) for name, child in found["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _walk(found[key], v2, resource_properties)
    if found.get(_EMBEDDED) and not (v2 and found.get(_PRESERVE)):
        found["properties"] = {**found.get("properties", {}), **resource_properties()}
    return found


def _reduce(schema: Schema) -> None:
    """In place: what v2 cannot say goes."""
    nullable = {name for name, child in (schema.get("properties") or {}).items() if child.get("nullable")}
    if schema.get("nullable"):
        for key in ("type", "items", "properties"):
            schema.pop(key, None)
    for key in _V3_ONLY:
        schema.pop(key, None)
    if schema.get(_PRESERVE):
        schema.pop("items", None)
        schema.pop("properties", None)
    if schema.get("type") == "array" and "items" not in schema:
        del schema["type"]
    if schema.get(_PRESERVE) and schema.get("type") == "object":
        del schema["type"]
    additional = schema.get("additionalProperties")
    required = [name for name in schema.pop("required", None) or () if name not in nullable]
    if required and not (isinstance(additional, dict) and additional.get("nullable")):
        schema["required"] = required
