"""The set of fields that a value has.

Mirrors structured-merge-diff/v4/typed/tofieldset.go (`fields_of`: what an applier claims) and the part of compare.go
that sees a value where there was none (`all_of`). They differ in containers: an applier claims list items and map
entries, and leaves; whoever brings a container into being owns the container itself as well.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.elements import SELF, keyed, valued
from minik8s.apiserver.managedfields.schema import LIST, MAP, Node, resolve
from minik8s.apiserver.managedfields.sets import FieldSet

#: A path without anything below it. Shared: sets are never changed once made.
LEAF: FieldSet = {}


def element_of(node: Node, item: Any) -> str:
    """The path element of an item of an associative list. Raises NoElement."""
    return keyed(item, node.keys, node.defaults) if node.keys else valued(item)


def fields_of(value: Any, node: Node) -> FieldSet:
    """What an applied configuration claims."""
    return _claimed(value, node, False) or {}


def _claimed(value: Any, node: Node, member: bool) -> FieldSet | None:
    node = resolve(node, value)
    out: FieldSet = {}
    if node.leaf:
        return out
    if node.shape is MAP and isinstance(value, dict):
        _claim_entries(out, value, node)
    elif node.shape is LIST and isinstance(value, list):
        _claim_items(out, value, node)
    if not out:
        return out if member else None
    if member:
        out[SELF] = {}
    return out


def _claim_entries(out: FieldSet, value: dict[str, Any], node: Node) -> None:
    fields = node.fields
    for name, item in value.items():
        declared = fields.get(name)
        if declared is None:
            claimed = _claimed(item, node.child(name), True)
        else:
            claimed = _claimed(item, declared[1], item is None or item == {})
        if claimed is not None:
            out[f"f:{name}"] = claimed


def _claim_items(out: FieldSet, value: list[Any], node: Node) -> None:
    element_node = node.child("")
    for item in value:
        element = element_of(node, item)
        # Of repeated items only the fact that they are there is owned.
        out[element] = {} if element in out else _claimed(item, element_node, True)


def all_of(value: Any, node: Node) -> FieldSet:
    """Every path of a value that is new (or gone), the value's own included.

    This is most of what ownership costs a create: leaves share one empty dict, and are looked up in one step.
    """
    if node.leaf:
        return LEAF
    if isinstance(value, dict):
        return _all_entries(value, node)
    if isinstance(value, list):
        return _all_items(value, node)
    return LEAF


def _all_entries(value: dict[str, Any], node: Node) -> FieldSet:
    if not value and not node.always:
        return LEAF
    node = resolve(node, value)
    out: FieldSet = {SELF: LEAF}
    leaves, fields = node.leaves, node.fields
    for name, item in value.items():
        element = leaves.get(name)
        if element is not None:
            out[element] = LEAF
        elif name in fields:
            element, child = fields[name]
            out[element] = _all_entries(item, child) if type(item) is dict else all_of(item, child)
        else:
            out[f"f:{name}"] = all_of(item, node.child(name))
    for name in node.always:
        if name not in value:
            out[fields[name][0]] = all_of({}, fields[name][1])
    return out


def _all_items(value: list[Any], node: Node) -> FieldSet:
    node = resolve(node, value)
    if not value or node.leaf:
        return LEAF
    out: FieldSet = {SELF: LEAF}
    child = node.child("")
    for item in value:
        element = element_of(node, item)
        out[element] = LEAF if element in out else all_of(item, child)
    return out
