"""Sets of fields, kept as FieldsV1 has them: nested dicts keyed by path elements.

Mirrors structured-merge-diff/v4/fieldpath/set.go. The value under an element says whether the path itself is in the
set, and what below it is:

    {}                        the path, nothing below it
    {".": {}, "f:a": {…}}     the path, and paths below it
    {"f:a": {…}}              only paths below it

Invariants: no value is both empty and no member (absent elements are left out), so the empty set is `{}` at the root
and set operations return canonical sets; inputs are never changed, and results may share their parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minik8s.apiserver.managedfields.elements import SELF, canonical

#: A set, or what a set has below one element.
FieldSet = dict[str, Any]
Path = tuple[str, ...]


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of either."""
    if not left or not right:
        return right or left
    out = dict(left)
    for element, node in right.items():
        mine = left.get(element)
        out[element] = node if mine is None or mine is node else _union(mine, node)
    return out


def _union(left: FieldSet, right: FieldSet) -> FieldSet:
    if not left:
        return right if not right or SELF in right else {SELF: {}, **right}
    if not right:
        return left if SELF in left else {SELF: {}, **left}
    return union(left, right)


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of both."""
    out = {}
    for element, node in left.items():
        other = right.get(element)
        if other is not None and element != SELF:
            both = _intersection(node, other)
            if both is not None:
                out[element] = both
    return out


def _intersection(left: FieldSet, right: FieldSet) -> FieldSet | None:
    member = _member(left) and _member(right)
    return _node(intersection(left, right), member)


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of left that are not in right. Neither a parent nor a child of a path takes it away."""
    if not right:
        return left
    out = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            out[element] = node
        elif element != SELF:
            rest = _node(difference(node, other), _member(node) and not _member(other))
            if rest is not None:
                out[element] = rest
    return out


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Paths of left that are neither in right nor below a path of right."""
    if not right:
        return left
    out = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            out[element] = node
        elif element != SELF and not _member(other):
            rest = _node(recursive_difference(node, other), _member(node))
            if rest is not None:
                out[element] = rest
    return out


def _member(node: FieldSet) -> bool:
    return not node or SELF in node


def _node(children: FieldSet, member: bool) -> FieldSet | None:
    if SELF in children:
        children = {element: node for element, node in children.items() if element != SELF}
    if not children:
        return children if member else None
    return {SELF: {}, **children} if member else children


def has(fields: FieldSet, path: Path) -> bool:
    """Whether the path itself is in the set."""
    for element in path:
        node = fields.get(element)
        if node is None:
            return False
        fields = node
    return bool(path) and _member(fields)


def below(fields: FieldSet, element: str) -> FieldSet:
    """What the set has below an element; `{}` when nothing."""
    node: FieldSet = fields.get(element) or {}
    return {key: value for key, value in node.items() if key != SELF} if SELF in node else node


def includes(fields: FieldSet, element: str) -> bool:
    """Whether the element itself is in the set."""
    node = fields.get(element)
    return node is not None and _member(node)


def of_paths(*paths: Path) -> FieldSet:
    """The set of these paths."""
    out: FieldSet = {}
    for path in paths:
        single: FieldSet = {}
        for element in reversed(path):
            single = {element: single}
        out = union(out, single)
    return out


def paths(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """Every path, in upstream's order: a container's members first, then what is below them."""
    inner = sorted((item for item in fields.items() if item[0] != SELF), key=lambda item: _order(item[0]))
    for element, node in inner:
        if _member(node):
            yield (*prefix, element)
    for element, node in inner:
        if node:
            yield from paths(node, (*prefix, element))


def _order(element: str) -> tuple[int, str]:
    return "fkvi".find(element[:1]), element


def normalized(fields: Any) -> FieldSet:
    """A client's FieldsV1 as a canonical set; elements of unknown kinds are dropped. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError("fields are no JSON object")
    return _normalized(fields) or {}


def _normalized(fields: Any) -> FieldSet | None:
    if not isinstance(fields, dict):
        return None
    member = not fields or SELF in fields
    out = {}
    for element, node in fields.items():
        name = canonical(element) if element != SELF else None
        if name is not None:
            inner = _normalized(node)
            out[name] = {} if inner is None else inner
    return _node(out, member or not out)
