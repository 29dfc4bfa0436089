"""Removes the fields that a schema does not name, and tells which they were.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/pruning. Below x-kubernetes-preserve-unknown-fields nothing is
removed, but what is specified there is pruned again. apiVersion, kind and metadata of a resource (the root, and where
x-kubernetes-embedded-resource is set) are left alone: metadata has its own rules (object_meta.py).
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
META_FIELDS = frozenset(("apiVersion", "kind", "metadata"))


def prune(value: Any, schema: Schema | None, is_root: bool = True) -> list[str]:
    """Remove unknown fields from `value`; their paths, as `spec.list[0].foo`."""
    removed: list[str] = []
    if is_root:
        schema = {**(schema or {}), "x-kubernetes-embedded-resource": True}
    _prune(value, schema, "", removed)
    return removed


def _prune(value: Any, schema: Schema | None, path: str, removed: list[str]) -> None:
    if schema is not None and schema.get("x-kubernetes-preserve-unknown-fields"):
        _skip(value, schema, path, removed)
    elif isinstance(value, dict):
        _prune_fields(value, schema, path, removed)
    elif isinstance(value, list):
        items = schema.get("items") if schema is not None else None
        for index, item in enumerate(value):
            _prune(item, items, f"{path}[{index}]", removed)


def _prune_fields(value: dict[str, Any], schema: Schema | None, path: str, removed: list[str]) -> None:
    if schema is None:
        removed += [join(path, key) for key in value]
        value.clear()
        return
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    embedded = schema.get("x-kubernetes-embedded-resource")
    for key in list(value):
        if embedded and key in META_FIELDS:
            continue
        if key in properties:
            _prune(value[key], properties[key], join(path, key), removed)
        elif isinstance(additional, dict):
            _prune(value[key], additional, join(path, key), removed)
        elif additional is True:
            _prune(value[key], None, join(path, key), removed)
        else:
            del value[key]
            removed.append(join(path, key))


def _skip(value: Any, schema: Schema | None, path: str, removed: list[str]) -> None:
    """Inside preserve-unknown-fields: unknown fields stay, specified ones are pruned by their own schema."""
    if schema is None:
        return
    if isinstance(value, dict):
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        embedded = schema.get("x-kubernetes-embedded-resource")
        for key, child in value.items():
            if embedded and key in META_FIELDS:
                continue
            if key in properties:
                _prune(child, properties[key], join(path, key), removed)
            elif isinstance(additional, dict):
                _prune(child, additional, join(path, key), removed)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _skip(item, schema.get("items"), f"{path}[{index}]", removed)


def join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
