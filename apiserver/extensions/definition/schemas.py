"""One schema as OpenAPI v3 allows it here, and the rules of the x-kubernetes- extensions.

Mirrors ValidateCustomResourceDefinitionOpenAPISchema and specStandardValidatorV3 of apiextensions-apiserver/pkg/apis/
apiextensions/validation/validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.schema.pruning import META_FIELDS

Schema = dict[str, Any]
Errors = list[FieldError]
TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_LIST_TYPE, _MAP_TYPE, _MAP_KEYS = "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-list-map-keys"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the object a schema applies, as far as rules depend on it."""

    defaults_forbidden: str = ""
    in_metadata: bool = False
    is_root: bool = False


def check_schema(schema: Schema, path: str) -> Errors:
    """All errors at and below a root schema."""
    errors: Errors = []
    if schema.get("nullable"):
        errors.append(FieldError.forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    _check(errors, schema, path, Place(is_root=True))
    return errors


def _check(errors: Errors, schema: Schema, path: str, place: Place) -> None:
    _check_keywords(errors, schema, path, place)
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(FieldError.forbidden(f"{path}.uniqueItems", text))
    if schema.get("properties") and schema.get("additionalProperties") not in (None, True):
        text = "additionalProperties and properties are mutual exclusive"
        errors.append(FieldError.forbidden(f"{path}.additionalProperties", text))
    for child, where, inner in _children(schema, path, place):
        _check(errors, child, where, inner)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        where = f"{path}.x-kubernetes-preserve-unknown-fields"
        errors.append(FieldError.invalid(where, False, "must be true or undefined"))
    _check_map_type(errors, schema, path)
    _check_list_type(errors, schema, path)
    _check_items_of_maps_and_sets(errors, schema, path)


def _children(schema: Schema, path: str, place: Place) -> Iterator[tuple[Schema, str, Place]]:
    inner = replace(place, is_root=False)
    if isinstance(schema.get("additionalProperties"), dict):
        where = f"{path}.additionalProperties"
        forbidden = "inside additionalProperties applying to object metadata" if place.in_metadata else ""
        yield (
            schema["additionalProperties"],
            where,
            replace(inner, defaults_forbidden=forbidden or place.defaults_forbidden),
        )
    for key, child in (schema.get("properties") or {}).items():
        spot = inner
        if key in META_FIELDS and (place.is_root or schema.get("x-kubernetes-embedded-resource")):
            reason = f"in top-level {key}" if place.is_root else place.defaults_forbidden
            spot = replace(inner, in_metadata=True, defaults_forbidden=reason)
        yield child, f"{path}.properties[{key}]", spot
    if schema.get("not") is not None:
        yield schema["not"], f"{path}.not", inner
    for key in ("allOf", "oneOf", "anyOf"):
        for index, child in enumerate(schema.get(key) or ()):
            yield child, f"{path}.{key}[{index}]", inner
    items = schema.get("items")
    if isinstance(items, dict):
        yield items, f"{path}.items", inner
    elif isinstance(items, list):
        for index, child in enumerate(items):
            yield child, f"{path}.items[{index}]", inner


def _check_keywords(errors: Errors, schema: Schema, path: str, place: Place) -> None:
    kind = schema.get("type")
    if kind and kind not in TYPES:
        errors.append(FieldError.not_supported(f"{path}.type", kind, TYPES))
    if schema.get("default") is not None and place.defaults_forbidden:
        errors.append(FieldError.forbidden(f"{path}.default", f"must not be set {place.defaults_forbidden}"))
    for key in _UNSUPPORTED:
        if schema.get(key) is not None and schema[key] != {} and schema[key] != "":
            errors.append(FieldError.forbidden(f"{path}.{key}", f"{key} is not supported"))
    if kind == "null":
        text = "type cannot be set to null, use nullable as an alternative"
        errors.append(FieldError.forbidden(f"{path}.type", text))
    if isinstance(schema.get("items"), list):
        errors.append(FieldError.forbidden(f"{path}.items", "items must be a schema object and not an array"))
    if place.in_metadata and schema.get("x-kubernetes-embedded-resource"):
        where = f"{path}.x-kubernetes-embedded-resource"
        errors.append(FieldError.forbidden(where, "must not be used inside of resource meta"))


def _must_be(errors: Errors, schema: Schema, path: str, wanted: str, key: str) -> bool:
    if schema.get("type") == wanted:
        return True
    text = f"must be {wanted} if {key} is specified"
    kind = schema.get("type") or ""
    where = f"{path}.type"
    errors.append(FieldError.invalid(where, kind, text) if kind else FieldError.required(where, text))
    return False


def _check_map_type(errors: Errors, schema: Schema, path: str) -> None:
    value = schema.get(_MAP_TYPE)
    if value is None:
        return
    _must_be(errors, schema, path, "object", _MAP_TYPE)
    if value not in ("atomic", "granular"):
        errors.append(FieldError.not_supported(f"{path}.{_MAP_TYPE}", value, ["atomic", "granular"]))


def _check_list_type(errors: Errors, schema: Schema, path: str) -> None:
    value, keys, items = schema.get(_LIST_TYPE), schema.get(_MAP_KEYS) or [], schema.get("items")
    if value is not None:
        if _must_be(errors, schema, path, "array", _LIST_TYPE) and value == "set" and isinstance(items, dict):
            _check_set_items(errors, items, path)
        if value not in ("atomic", "set", "map"):
            errors.append(FieldError.not_supported(f"{path}.{_LIST_TYPE}", value, ["atomic", "set", "map"]))
    if keys and value != "map":
        text = "must be map if x-kubernetes-list-map-keys is non-empty"
        where = f"{path}.{_LIST_TYPE}"
        errors.append(FieldError.required(where, text) if value is None else FieldError.invalid(where, value, text))
    if value == "map":
        _check_map_keys(errors, keys, items, path)


def _check_set_items(errors: Errors, items: Schema, path: str) -> None:
    text = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and items.get(_LIST_TYPE) not in (None, "atomic"):
        errors.append(FieldError.invalid(f"{path}.items.{_LIST_TYPE}", items[_LIST_TYPE], text))
    if items.get("type") == "object" and items.get(_MAP_TYPE) != "atomic":
        errors.append(FieldError.invalid(f"{path}.items.{_MAP_TYPE}", items.get(_MAP_TYPE), text))


def _check_map_keys(errors: Errors, keys: list[str], items: Any, path: str) -> None:
    if not keys:
        text = "must not be empty if x-kubernetes-list-type is map"
        errors.append(FieldError.required(f"{path}.{_MAP_KEYS}", text))
    if items is None:
        text = "must have a schema if x-kubernetes-list-type is map"
        errors.append(FieldError.required(f"{path}.items", text))
        return
    if not isinstance(items, dict):
        text = "must only have a single schema if x-kubernetes-list-type is map"
        errors.append(FieldError.invalid(f"{path}.items", items, text))
        return
    if items.get("type") != "object":
        text = "must be object if parent array's x-kubernetes-list-type is map"
        errors.append(FieldError.invalid(f"{path}.items.type", items.get("type") or "", text))
        return
    properties = items.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in properties:
            text = "entries must all be names of item properties"
            errors.append(FieldError.invalid(f"{path}.{_MAP_KEYS}", keys, text))
        elif properties[key].get("type") in ("array", "object"):
            text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            errors.append(FieldError.invalid(f"{path}.items.properties[{key}].type", items.get("type"), text))
        if key in keys[:index]:
            errors.append(FieldError.invalid(f"{path}.{_MAP_KEYS}", keys, "must not contain duplicate entries"))


def _check_items_of_maps_and_sets(errors: Errors, schema: Schema, path: str) -> None:
    """Elements of sets and maps are never null, and the keys of maps are always there."""
    items, kind = schema.get("items"), schema.get(_LIST_TYPE)
    if not isinstance(items, dict) or kind not in ("set", "map"):
        return
    if items.get("nullable"):
        text = f"cannot be nullable when x-kubernetes-list-type is {kind}"
        errors.append(FieldError.forbidden(f"{path}.items.nullable", text))
    if kind == "set":
        return
    for key in schema.get(_MAP_KEYS) or ():
        child, where = (items.get("properties") or {}).get(key), f"{path}.items.properties[{key}]"
        if child is None:
            continue
        if key not in (items.get("required") or ()) and child.get("default") is None:
            text = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            errors.append(FieldError.required(f"{where}.default", text))
        if child.get("nullable"):
            text = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            errors.append(FieldError.forbidden(f"{where}.nullable", text))
