"""A value without the fields of a set.

Mirrors structured-merge-diff/v4/typed/remove.go. What is left empty becomes null, as upstream has it: comparison and
field sets see the container, and decoding drops it. Inputs are never changed.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.fieldset import element_of
from minik8s.apiserver.managedfields.schema import LIST, MAP, Node, resolve
from minik8s.apiserver.managedfields.sets import FieldSet, below, includes


def remove(value: Any, fields: FieldSet, node: Node) -> Any:
    """``value`` without every path of ``fields``, nor what is below them."""
    node = resolve(node, value)
    if node.shape is MAP:
        return _from_map(value, fields, node) if isinstance(value, dict) and not node.leaf else None
    if node.shape is LIST:
        return _from_list(value, fields, node) if isinstance(value, list) and not node.leaf else None
    return value


def _from_map(value: dict[str, Any], fields: FieldSet, node: Node) -> dict[str, Any] | None:
    out = {}
    for name, item in value.items():
        element = f"f:{name}"
        if includes(fields, element):
            continue
        inner = below(fields, element)
        out[name] = remove(item, inner, node.child(name)) if inner else item
    return out or None


def _from_list(value: list[Any], fields: FieldSet, node: Node) -> list[Any] | None:
    out = []
    for item in value:
        element = element_of(node, item)
        if includes(fields, element):
            continue
        inner = below(fields, element)
        out.append(remove(item, inner, node.child("")) if inner else item)
    return out or None
