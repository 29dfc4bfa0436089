"""Defaults in a schema are valid, and have no field that would be pruned.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/defaulting/validation.go.
"""

from __future__ import annotations

import copy
from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.schema.object_meta import Malformed, check_embedded, coerce
from minik8s.apiserver.extensions.schema.pruning import META_FIELDS, prune
from minik8s.apiserver.extensions.schema.values import SchemaValidator, same

Schema = dict[str, Any]


def check_defaults(schema: Schema, path: str, is_root: bool = True) -> list[FieldError]:
    """All errors of the defaults at and below `schema`. Defaults inside metadata are only checked as values."""
    errors: list[FieldError] = []
    if schema.get("default") is not None:
        errors += _check_default(schema, f"{path}.default")
    if isinstance(schema.get("items"), dict):
        errors += check_defaults(schema["items"], f"{path}.items", False)
    embedded = is_root or schema.get("x-kubernetes-embedded-resource")
    for key, child in (schema.get("properties") or {}).items():
        where = f"{path}.properties[{key}]"
        if embedded and key in META_FIELDS:
            errors += _check_meta_default(child, where)
        else:
            errors += check_defaults(child, where, False)
    return errors


def _check_meta_default(schema: Schema, path: str) -> list[FieldError]:
    if schema.get("default") is None:
        return []
    return SchemaValidator(f"{path}.default").check(schema["default"], schema)


def _check_default(schema: Schema, path: str) -> list[FieldError]:
    value = schema["default"]
    errors: list[FieldError] = []
    pruned = copy.deepcopy(value)
    if prune(pruned, schema, is_root=False) or not same(pruned, value):
        errors.append(FieldError.invalid(path, value, "must not have unknown fields"))
    try:
        coerce(copy.deepcopy(value), schema, path, [])
    except Malformed as error:
        return [*errors, FieldError.invalid(path, value, str(error))]
    embedded = check_embedded(value, schema, path)
    return errors + (embedded or SchemaValidator(path).check(value, schema))
