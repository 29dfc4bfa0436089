"""What server-side apply must know of a type: which containers are owned whole, and what tells list items apart.

Mirrors structured-merge-diff/v4/schema and kube-openapi/pkg/schemaconv. A type is a tree (a graph, where types recur)
of `Node`s, made once per kind: from a model's facts (`ListMap`, `ListSet`, `Atomic`) here, from a custom resource's
OpenAPI schema in `openapi_schema`.

Invariant: nodes do not change once their kind's `node_of` has returned.
"""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Any

from minik8s.api.base import Atomic, Format, ListMap, ListSet, Model, wire_name
from minik8s.apiserver.managedfields.value_structs import VALUE_STRUCTS

SCALAR, MAP, LIST, ANY = "scalar", "map", "list", "any"
#: Types of scalars, as upstream's schema has them.
STRING, NUMERIC, BOOLEAN, UNTYPED = "string", "numeric", "boolean", "untyped"
_UNTYPED_FORMATS = frozenset(("quantity", "int-or-string"))
_ANY_FORMATS = frozenset(("raw-extension", "json", "fields-v1"))
#: Key fields that the API defaults: a list item may leave them out.
KEY_DEFAULTS: dict[str, Any] = {"protocol": "TCP"}


class Node:
    """A type.

    shape: SCALAR, MAP (structs too), LIST, or ANY: whatever the value is.
    leaf: owned whole (scalars, atomic maps and lists): nothing below it is told apart.
    """

    __slots__ = (
        "_containers", "_leaves", "always", "defaults", "element", "fields", "keys", "leaf", "scalar", "shape",
        "unique",
    )  # fmt: skip

    def __init__(self, shape: str, leaf: bool = False, scalar: str = "") -> None:
        self.shape = shape
        self.leaf = leaf
        self.scalar = scalar
        #: Declared fields: name → (path element, type).
        self.fields: dict[str, tuple[str, Node]] = {}
        #: Structs that Go writes even when they are empty (they are no pointers): absent means `{}`.
        self.always: tuple[str, ...] = ()
        #: Type of list items, of map values, and of fields that are not declared (None: there are none).
        self.element: Node | None = None
        #: Lists of type map: the key fields, sorted, and those with a default.
        self.keys: tuple[str, ...] = ()
        self.defaults: dict[str, Any] = {}
        #: Lists of type set.
        self.unique = False
        self._containers: dict[str, Node] | None = None
        self._leaves: dict[str, str] | None = None

    @property
    def leaves(self) -> dict[str, str]:
        """Path elements of the declared fields that are owned whole."""
        if self._leaves is None:
            self._leaves = {name: element for name, (element, node) in self.fields.items() if node.leaf}
        return self._leaves

    @property
    def containers(self) -> dict[str, Node]:
        """Types of the declared fields that are no scalars, by path element."""
        if self._containers is None:
            self._containers = {element: node for element, node in self.fields.values() if node.shape is not SCALAR}
        return self._containers

    def child(self, name: str) -> Node:
        """The type of a map's value or a struct's field."""
        found = self.fields.get(name)
        return found[1] if found is not None else self.element or DEDUCED


def scalar(kind: str) -> Node:
    return Node(SCALAR, leaf=True, scalar=kind)


#: A value of unknown type: its maps are granular, its lists atomic.
DEDUCED = Node(ANY)
#: A value of unknown type that is owned whole.
UNTYPED_ATOMIC = Node(ANY, leaf=True)
_UNTYPED_SCALAR = scalar(UNTYPED)
_DEDUCED_MAP = Node(MAP)
_DEDUCED_MAP.element = DEDUCED
_DEDUCED_LIST = Node(LIST, leaf=True)
_DEDUCED_LIST.element = UNTYPED_ATOMIC


def resolve(node: Node, value: Any) -> Node:
    """The node itself, or for ANY what this value makes of it."""
    if node.shape is not ANY or node.leaf:
        return node
    if isinstance(value, dict):
        return _DEDUCED_MAP
    return _DEDUCED_LIST if isinstance(value, list) else _UNTYPED_SCALAR


@cache
def node_of(model: type[Model]) -> Node:
    """The type of a model's objects."""
    node = Node(MAP)
    pending: dict[type[Model], Node] = {model: node}
    _fill(node, model, pending)
    return node


def _fill(node: Node, model: type[Model], known: dict[type[Model], Node]) -> None:
    node.leaf = model.is_atomic
    for attribute, info in model.model_fields.items():
        name = info.alias or wire_name(attribute)
        node.fields[name] = (f"f:{name}", _field_node(info.annotation, list(info.metadata), known))
    node.always = tuple(name for name in VALUE_STRUCTS.get(model.__name__, ()) if name in node.fields)


def _field_node(annotation: Any, facts: list[Any], known: dict[type[Model], Node]) -> Node:
    annotation, facts = _bare(annotation, facts)
    formats = {fact.name for fact in facts if isinstance(fact, Format)}
    if formats & _ANY_FORMATS or annotation is Any:
        return UNTYPED_ATOMIC
    if formats & _UNTYPED_FORMATS:
        return _UNTYPED_SCALAR
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    atomic = any(isinstance(fact, Atomic) for fact in facts)
    if origin is list:
        return _list_node(arguments[0], facts, known)
    if origin is dict:
        node = Node(MAP, leaf=atomic)
        node.element = _field_node(arguments[1], [], known)
        return node
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return _model_node(annotation, atomic, known)
    return scalar({str: STRING, int: NUMERIC, float: NUMERIC, bool: BOOLEAN}.get(annotation, UNTYPED))


def _model_node(model: type[Model], atomic: bool, known: dict[type[Model], Node]) -> Node:
    if atomic and not model.is_atomic:
        node = Node(MAP)
        _fill(node, model, known)
        node.leaf = True
        return node
    if model not in known:
        known[model] = Node(MAP)
        _fill(known[model], model, known)
    return known[model]


def _list_node(item: Any, facts: list[Any], known: dict[type[Model], Node]) -> Node:
    keys = next((fact.keys for fact in facts if isinstance(fact, ListMap)), ())
    node = Node(LIST)
    node.element = _field_node(item, [], known)
    node.keys = tuple(sorted(keys))
    node.unique = not keys and any(isinstance(fact, ListSet) for fact in facts)
    node.leaf = not keys and not node.unique
    node.defaults = {key: KEY_DEFAULTS[key] for key in keys if key in KEY_DEFAULTS}
    return node


def _bare(annotation: Any, facts: list[Any]) -> tuple[Any, list[Any]]:
    """The type without `| None` and `Annotated`, and the facts found on the way."""
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            facts = [*facts, *arguments[1:]]
            annotation = arguments[0]
        elif origin in (typing.Union, types.UnionType):
            rest = [part for part in arguments if part is not types.NoneType]
            if len(rest) != 1:
                return Any if not facts else annotation, facts
            annotation = rest[0]
        else:
            return annotation, facts
