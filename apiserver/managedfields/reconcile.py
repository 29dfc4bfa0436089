"""Owned sets brought in line with the schema, when a type has turned from atomic to granular or back since.

Mirrors structured-merge-diff/v4/typed/reconcile_schema.go. A set does not say in which schema it was made. So a
container that is owned alone, without anything below it, counts as one that was atomic: its owner comes to own what is
in it now. (That also meets an owner of a map whose entries others have taken one by one: upstream does the same.)

Unlike upstream, managers that apply are spared this: theirs are claims of `{}` (since SMD 4.1), and to expand them
would have the second of two equal applies remove what it never said. The next apply sets theirs right anyway.

Nearly every write finds nothing to do here, so the search is the quick part, and the work is done where it found.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.elements import SELF
from minik8s.apiserver.managedfields.entries import APPLY, Managed
from minik8s.apiserver.managedfields.fieldset import element_of, fields_of
from minik8s.apiserver.managedfields.profile import Profile
from minik8s.apiserver.managedfields.schema import DEDUCED, SCALAR, Node, resolve
from minik8s.apiserver.managedfields.sets import FieldSet, Path, of_paths, recursive_difference, union

JsonObject = dict[str, Any]


def reconcile(profile: Profile, live: JsonObject, managed: Managed) -> bool:
    """Change the sets in ``managed`` that no longer fit; ``live`` is the stored object. True when there were some."""
    changed = False
    for manager, owned in managed.items():
        then = profile if owned.api_version == profile.api_version else profile.version(owned.api_version)
        if then is None or then.node is DEDUCED:
            continue
        mismatched = _search(owned.fields, then.node)
        if manager.operation == APPLY:
            mismatched = [entry for entry in mismatched if not entry[1]]
        if mismatched:
            value = live if then is profile else profile.convert(live, then)
            fields = _repaired(owned.fields, mismatched, value, then.node)
            if fields is not owned.fields:
                managed[manager] = owned.with_fields(fields)
                changed = True
    return changed


def _search(fields: FieldSet, node: Node) -> list[tuple[Path, bool]]:
    """(path, was atomic) of containers that are owned in a way that their type does not allow."""
    found: list[tuple[Path, bool]] = []
    containers, default = node.containers, node.element
    if default is not None and default.shape is SCALAR:
        default = None
    for element, inner in fields.items():
        child = containers.get(element, default)
        if child is None or element == SELF:
            continue
        if not inner:
            if not child.leaf:
                found.append(((element,), True))
        elif child.leaf:
            found.append(((element,), False))
        else:
            found += [((element, *path), was_atomic) for path, was_atomic in _search(inner, child)]
    return found


def _repaired(fields: FieldSet, mismatched: list[tuple[Path, bool]], live: JsonObject, node: Node) -> FieldSet:
    gone: FieldSet = {}
    added: FieldSet = {}
    for path, was_atomic in mismatched:
        if not was_atomic:
            gone = union(gone, of_paths(path))
            added = union(added, of_paths(path))
            continue
        value, inner_node = _at(live, node, path)
        inner = fields_of(value, inner_node) if value else None
        if inner:
            inner = {SELF: {}, **inner}
            for element in reversed(path):
                inner = {element: inner}
            added = union(added, inner)
    if not gone and not added:
        return fields
    return union(recursive_difference(fields, gone), added)


def _at(value: Any, node: Node, path: Path) -> tuple[Any, Node]:
    """What the object has at a path, and its type; None where it has nothing."""
    for element in path:
        node = resolve(node, value)
        if element[:2] == "f:":
            name = element[2:]
            value = value.get(name) if isinstance(value, dict) else None
            node = node.child(name)
        else:
            items = value if isinstance(value, list) and not node.leaf else []
            value = next((item for item in items if element_of(node, item) == element), None)
            node = node.child("")
    return value, node
