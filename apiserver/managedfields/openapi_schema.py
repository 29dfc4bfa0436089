"""A custom resource's OpenAPI schema as a tree of nodes.

Mirrors kube-openapi/pkg/schemaconv with apiextensions' structural schema rules: x-kubernetes-list-type and
-list-map-keys, x-kubernetes-map-type, preserve-unknown-fields, embedded resources, int-or-string; defaults of key
fields. Top-level apiVersion, kind and metadata are typed whatever the schema says of them.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.managedfields.schema import (
    BOOLEAN,
    DEDUCED,
    LIST,
    MAP,
    NUMERIC,
    STRING,
    UNTYPED,
    Node,
    node_of,
    scalar,
)

JsonObject = dict[str, Any]
_SCALARS = {"string": STRING, "integer": NUMERIC, "number": NUMERIC, "boolean": BOOLEAN}


def node_of_schema(schema: JsonObject) -> Node:
    """The type of a custom resource's objects, from ``openAPIV3Schema``."""
    node = _node({"type": "object", **schema})
    return _with_object_fields(node)


def _with_object_fields(node: Node) -> Node:
    from minik8s.api.meta import ObjectMeta

    node.fields = {
        **node.fields,
        "apiVersion": ("f:apiVersion", scalar(STRING)),
        "kind": ("f:kind", scalar(STRING)),
        "metadata": ("f:metadata", node_of(ObjectMeta)),
    }
    return node


def _node(schema: JsonObject) -> Node:
    if schema.get("x-kubernetes-int-or-string"):
        return scalar(UNTYPED)
    kind = schema.get("type")
    if kind == "object":
        return _map_node(schema)
    if kind == "array":
        return _list_node(schema)
    if kind in _SCALARS:
        return scalar(_SCALARS[kind])
    return DEDUCED


def _map_node(schema: JsonObject) -> Node:
    node = Node(MAP, leaf=schema.get("x-kubernetes-map-type") == "atomic")
    for name, inner in (schema.get("properties") or {}).items():
        node.fields[name] = (f"f:{name}", _node(inner))
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        node.element = _node(extra)
    elif extra or schema.get("x-kubernetes-preserve-unknown-fields") or not node.fields:
        node.element = DEDUCED
    return _with_object_fields(node) if schema.get("x-kubernetes-embedded-resource") else node


def _list_node(schema: JsonObject) -> Node:
    node = Node(LIST)
    items = schema.get("items") or {}
    node.element = _node(items)
    kind = schema.get("x-kubernetes-list-type")
    if kind == "map":
        keys = schema.get("x-kubernetes-list-map-keys") or []
        node.keys = tuple(sorted(keys))
        properties = items.get("properties") or {}
        node.defaults = {key: properties[key]["default"] for key in keys if "default" in properties.get(key, {})}
    node.unique = kind == "set"
    node.leaf = not node.keys and not node.unique
    return node
