"""The rules that make a schema structural: every field has one type, told once, outside of allOf, anyOf, oneOf, not.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/validation.go (and complete.go: what a nested schema speaks of
is also specified outside). Pruning and defaulting rely on it.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.schema.patterns import compile_pattern

Schema = dict[str, Any]
Errors = list[FieldError]
ROOT, ITEM, FIELD = "at the root", "for specified array items", "for specified object fields"
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_PRESERVE, _EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"
_INT_OR_STRING_KEY = "x-kubernetes-int-or-string"
#: What a schema nested in allOf, anyOf, oneOf or not may not say, and how it is told.
_FORBIDDEN_NESTED = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    _PRESERVE: "must be false to be structural",
    _EMBEDDED: "must be false to be structural",
    _INT_OR_STRING_KEY: "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
}


def check_structural(schema: Schema, path: str) -> Errors:
    """All errors, sorted as upstream sorts them."""
    errors: Errors = []
    _check(errors, schema, ROOT, path)
    _check_complete(errors, schema, schema, path)
    return sorted(errors, key=str)


def _check(errors: Errors, schema: Schema, level: str, path: str) -> None:
    kind = schema.get("type") or ""
    if kind == "array" and not isinstance(schema.get("items"), dict):
        errors.append(FieldError.required(f"{path}.items", "must be specified"))
    if isinstance(schema.get("items"), dict):
        _check(errors, schema["items"], ITEM, f"{path}.items")
    for key, child in (schema.get("properties") or {}).items():
        _check(errors, child, FIELD, f"{path}.properties[{key}]")
    if schema.get("additionalProperties") is not None:
        if level == ROOT:
            errors.append(FieldError.forbidden(f"{path}.additionalProperties", "must not be used at the root"))
        if isinstance(schema["additionalProperties"], dict):
            _check(errors, schema["additionalProperties"], FIELD, f"{path}.additionalProperties")
    _check_extensions(errors, schema, path)
    _check_values(errors, schema, path, _is_int_or_string(schema), _is_int_or_string_in_all_of(schema))
    _check_type(errors, schema, kind, level, path)
    if level == ROOT or schema.get(_EMBEDDED):
        _check_meta(errors, schema, level, path)


def _check_extensions(errors: Errors, schema: Schema, path: str) -> None:
    for key in (_PRESERVE, _EMBEDDED):
        if schema.get(_INT_OR_STRING_KEY) and schema.get(key):
            text = "must be false if x-kubernetes-int-or-string is true"
            errors.append(FieldError.invalid(f"{path}.{key}", True, text))
    if schema.get(_EMBEDDED):
        if schema.get("additionalProperties") is not None:
            text = "must not be used if x-kubernetes-embedded-resource is set"
            errors.append(FieldError.forbidden(f"{path}.additionalProperties", text))
        if not schema.get(_PRESERVE) and not schema.get("properties"):
            text = (
                "must not be empty if x-kubernetes-embedded-resource is true "
                "without x-kubernetes-preserve-unknown-fields"
            )
            errors.append(FieldError.required(f"{path}.properties", text))


def _check_type(errors: Errors, schema: Schema, kind: str, level: str, path: str) -> None:
    where = f"{path}.type"
    if schema.get(_EMBEDDED) and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        errors.append(FieldError.invalid(where, kind, text) if kind else FieldError.required(where, text))
    elif not kind and not schema.get(_INT_OR_STRING_KEY) and not schema.get(_PRESERVE):
        errors.append(FieldError.required(where, f"must not be empty {level}"))
    if level == ROOT and kind and kind != "object":
        errors.append(FieldError.invalid(where, kind, "must be object at the root"))


def _check_meta(errors: Errors, schema: Schema, level: str, path: str) -> None:
    properties = schema.get("properties") or {}
    for key, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        if key in properties and properties[key].get("type") != wanted:
            found = properties[key].get("type") or ""
            errors.append(FieldError.invalid(f"{path}.properties[{key}].type", found, f"must be {wanted}"))
    if level == ROOT and "metadata" in properties:
        metadata = {key: value for key, value in properties["metadata"].items() if key not in ("type", "default")}
        if set(metadata.get("properties") or {}) <= {"name", "generateName"}:
            metadata.pop("properties", None)
        if metadata:
            text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            errors.append(FieldError.forbidden(f"{path}.properties[metadata]", text))


def _is_int_or_string(schema: Schema) -> bool:
    return bool(schema.get("anyOf") == _INT_OR_STRING and schema.get(_INT_OR_STRING_KEY))


def _is_int_or_string_in_all_of(schema: Schema) -> bool:
    inner = schema.get("allOf") or [{}]
    return bool(inner[0].get("anyOf") == _INT_OR_STRING and schema.get(_INT_OR_STRING_KEY))


def _check_values(errors: Errors, schema: Schema, path: str, skip_any: bool, skip_first_all: bool) -> None:
    """The value validations of a schema, and what is nested in them."""
    if not skip_any:
        for index, one in enumerate(schema.get("anyOf") or ()):
            _check_nested(errors, one, f"{path}.anyOf[{index}]")
    for index, one in enumerate(schema.get("allOf") or ()):
        _check_nested(errors, one, f"{path}.allOf[{index}]", skip_any=skip_first_all and index == 0)
    for index, one in enumerate(schema.get("oneOf") or ()):
        _check_nested(errors, one, f"{path}.oneOf[{index}]")
    if schema.get("not") is not None:
        _check_nested(errors, schema["not"], f"{path}.not")
    if schema.get("pattern"):
        try:
            compile_pattern(schema["pattern"])
        except ValueError as error:
            text = f"must be a valid regular expression, but isn't: {error}"
            errors.append(FieldError.invalid(f"{path}.pattern", schema["pattern"], text))


def _check_nested(errors: Errors, schema: Schema, path: str, skip_any: bool = False) -> None:
    _check_values(errors, schema, path, skip_any, False)
    if isinstance(schema.get("items"), dict):
        _check_nested(errors, schema["items"], f"{path}.items")
    for key, child in (schema.get("properties") or {}).items():
        _check_nested(errors, child, f"{path}.properties[{key}]")
    for key, text in _FORBIDDEN_NESTED.items():
        if schema.get(key) or (key in ("additionalProperties", "default") and schema.get(key) is not None):
            errors.append(FieldError.forbidden(f"{path}.{key}", text))
    if "metadata" in (schema.get("properties") or {}):
        where = f"{path}.properties[metadata]"
        errors.append(FieldError.forbidden(where, "must not be specified in a nested context"))


def _check_complete(errors: Errors, schema: Schema, outer: Schema, path: str) -> None:
    """Fields and items that a nested schema speaks of exist outside of it."""
    for one, name in _nested(schema):
        _check_covered(errors, one, schema, path, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        _check_complete(errors, schema["items"], outer, f"{path}.items")
    for key, child in (schema.get("properties") or {}).items():
        _check_complete(errors, child, outer, f"{path}.properties[{key}]")
    if isinstance(schema.get("additionalProperties"), dict):
        _check_complete(errors, schema["additionalProperties"], outer, f"{path}.additionalProperties")


def _nested(schema: Schema) -> list[tuple[Schema, str]]:
    found = [
        (one, f"{key}[{index}]")
        for key in ("allOf", "anyOf", "oneOf")
        for index, one in enumerate(schema.get(key) or ())
    ]
    return found + ([(schema["not"], "not")] if schema.get("not") is not None else [])


def _check_covered(errors: Errors, nested: Schema, structural: Schema | None, path: str, where: str) -> None:
    """`path`: where the structural part would lie; `where`: the nested schema."""
    if structural is not None and structural.get("x-kubernetes-int-or-string"):
        return
    for key, child in (nested.get("properties") or {}).items():
        inner = ((structural or {}).get("properties") or {}).get(key)
        if inner is None and isinstance((structural or {}).get("additionalProperties"), dict):
            inner = (structural or {})["additionalProperties"]
        here = f"{path}.properties[{key}]"
        if inner is None:
            text = f"because it is defined in {where}.properties[{key}]"
            errors.append(FieldError.required(here, text))
        else:
            _check_covered(errors, child, inner, here, f"{where}.properties[{key}]")
    if isinstance(nested.get("items"), dict):
        inner = (structural or {}).get("items")
        if not isinstance(inner, dict):
            errors.append(FieldError.required(f"{path}.items", f"because it is defined in {where}.items"))
        else:
            _check_covered(errors, nested["items"], inner, f"{path}.items", f"{where}.items")
    for one, name in _nested(nested):
        _check_covered(errors, one, structural, path, f"{where}.{name}")
