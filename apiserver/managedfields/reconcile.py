"""Owned sets brought in line with the schema, when a type has turned from atomic to granular or back since.

Mirrors structured-merge-diff/v4/typed/reconcile_schema.go. A set does not say in which schema it was made. So a
container that is owned alone, without anything below it, counts as one that was atomic: its owner comes to own what is
in it now. (That also meets an owner of a map whose entries others have taken one by one: upstream does the same.)

Nearly every write finds nothing to do here, so the search is the quick part, and the work is done where it found.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.elements import SELF
from minik8s.apiserver.managedfields.entries import Managed
from minik8s.apiserver.managedfields.fieldset import fields_of
from minik8s.apiserver.managedfields.profile import Profile
from minik8s.apiserver.managedfields.schema import DEDUCED, SCALAR, Node
from minik8s.apiserver.managedfields.sets import FieldSet, Path, of_paths, recursive_difference, union

JsonObject = dict[str, Any]


def reconcile(profile: Profile, live: JsonObject, managed: Managed) -> None:
    """Change the sets in ``managed`` that no longer fit; ``live`` is the stored object."""
    for manager, owned in managed.items():
        then = profile if owned.api_version == profile.api_version else profile.version(owned.api_version)
        if then is None or then.node is DEDUCED:
            continue
        mismatched: list[tuple[Path, bool]] = []
        _search(owned.fields, then.node, (), mismatched)
        if mismatched:
            value = live if then is profile else profile.convert(live, then)
            fields = _repaired(owned.fields, mismatched, fields_of(value, then.node))
            if fields is not owned.fields:
                managed[manager] = owned.with_fields(fields)


def _search(fields: FieldSet, node: Node, path: Path, found: list[tuple[Path, bool]]) -> None:
    """Collect (path, was atomic) of containers that are owned in a way that their type does not allow."""
    elements = node.elements
    default = node.element
    for element, inner in fields.items():
        child = elements.get(element, default)
        if child is None or child.shape is SCALAR or element == SELF:
            continue
        if not inner:
            if not child.leaf:
                found.append(((*path, element), True))
        elif child.leaf:
            found.append(((*path, element), False))
        else:
            _search(inner, child, (*path, element), found)


def _repaired(fields: FieldSet, mismatched: list[tuple[Path, bool]], present: FieldSet) -> FieldSet:
    gone: FieldSet = {}
    added: FieldSet = {}
    for path, was_atomic in mismatched:
        if not was_atomic:
            gone = union(gone, of_paths(path))
            added = union(added, of_paths(path))
            continue
        inner = _at(present, path)
        if inner:
            inner = {SELF: {}, **inner}
            for element in reversed(path):
                inner = {element: inner}
            added = union(added, inner)
    if not gone and not added:
        return fields
    return union(recursive_difference(fields, gone), added)


def _at(fields: FieldSet, path: Path) -> FieldSet:
    """What a set has below a path, without the path itself."""
    for element in path:
        fields = fields.get(element) or {}
    return {element: node for element, node in fields.items() if element != SELF}
