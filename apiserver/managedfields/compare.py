"""What changed between two values of a type, as three sets: added, modified, removed.

Mirrors structured-merge-diff/v4/typed/compare.go. Equal parts are skipped by one comparison of the plain values, so
that the cost is that of what changed.

None is JSON's null, which is a value. The order of an associative list is no difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minik8s.apiserver.managedfields.elements import SELF
from minik8s.apiserver.managedfields.fieldset import all_of, element_of
from minik8s.apiserver.managedfields.schema import LIST, MAP, Node, resolve
from minik8s.apiserver.managedfields.sets import FieldSet, union

_NOTHING: dict[str, Any] = {}


@dataclass(slots=True)
class Changes:
    """No path is in more than one of the sets."""

    added: FieldSet = field(default_factory=dict)
    modified: FieldSet = field(default_factory=dict)
    removed: FieldSet = field(default_factory=dict)

    @property
    def same(self) -> bool:
        return not (self.added or self.modified or self.removed)

    @property
    def touched(self) -> FieldSet:
        """What the write has set: added and modified."""
        return union(self.added, self.modified)

    def put(self, element: str, inner: Changes) -> None:
        """Add what is below an element."""
        if inner.added:
            self.added[element] = inner.added
        if inner.modified:
            self.modified[element] = inner.modified
        if inner.removed:
            self.removed[element] = inner.removed


def compare(old: Any, new: Any, node: Node) -> Changes:
    """The changes from an object to its successor."""
    changes = Changes()
    _descend(changes, old, new, node)
    return changes


def _descend(out: Changes, old: Any, new: Any, node: Node) -> bool:
    """Fill in what changed below; True when this value is a leaf and itself has changed."""
    old_node, new_node = resolve(node, old), resolve(node, new)
    if old_node is not new_node and old is not None and new is not None:
        return _retyped(out, old, new, old_node, new_node)
    node = old_node if new is None else new_node  # null takes the form of the other
    if node.leaf:
        return bool(old != new)
    if node.shape is MAP:
        return _compare_maps(out, _as_map(old), _as_map(new), node) if old or new else old != new
    if node.shape is LIST:
        return _compare_lists(out, _as_list(old), _as_list(new), node) if old or new else old != new
    return bool(old != new)


def _as_map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _NOTHING


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _retyped(out: Changes, old: Any, new: Any, old_node: Node, new_node: Node) -> bool:
    """A value of unknown type that was of another type before."""
    if not old_node.leaf:
        out.removed.update(_inner(all_of(old, old_node)))
    if not new_node.leaf:
        out.added.update(_inner(all_of(new, new_node)))
    return True


def _inner(fields: FieldSet) -> FieldSet:
    return {element: node for element, node in fields.items() if element != SELF}


def _compare_maps(out: Changes, old: dict[str, Any], new: dict[str, Any], node: Node) -> bool:
    fields = node.fields
    for name, item in new.items():
        before = old.get(name, _NOTHING)
        if before is _NOTHING and name not in old and name not in node.always:
            out.added[f"f:{name}"] = all_of(item, node.child(name))
        elif before != item:
            _compare_child(out, f"f:{name}", before, item, node.child(name))
    for name, before in old.items():
        if name not in new:
            if name in node.always:
                if before:
                    _compare_child(out, fields[name][0], before, _NOTHING, fields[name][1])
            else:
                out.removed[f"f:{name}"] = all_of(before, node.child(name))
    return False


def _compare_child(out: Changes, element: str, old: Any, new: Any, node: Node) -> None:
    if node.leaf:
        out.modified[element] = {}
        return
    inner = Changes()
    if _descend(inner, old, new, node):
        inner.modified = {SELF: {}, **inner.modified} if inner.modified else {}
        out.modified[element] = inner.modified
        inner.modified = {}
    out.put(element, inner)


def _compare_lists(out: Changes, old: list[Any], new: list[Any], node: Node) -> bool:
    child = node.child("")
    befores, afters = _by_element(old, node), _by_element(new, node)
    for element, after in afters.items():
        before = befores.get(element, [])
        if before == after:
            continue
        if len(before) > 1 and len(after) > 1:
            out.modified[element] = {}
        elif len(after) > 1:  # repeated from now on: the items' own fields go, the marker comes
            if before:
                out.removed[element] = all_of(before[0], child)
            out.added[element] = {}
        elif len(before) > 1:
            out.added[element] = all_of(after[0], child)
            out.removed[element] = {}
        elif not before:
            out.added[element] = all_of(after[0], child)
        else:
            _compare_child(out, element, before[0], after[0], child)
    for element, before in befores.items():
        if element not in afters:
            out.removed[element] = {} if len(before) > 1 else all_of(before[0], child)
    return False


def _by_element(items: list[Any], node: Node) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {}
    for item in items:
        out.setdefault(element_of(node, item), []).append(item)
    return out
