"""Other forms of an object than itself: Table, PartialObjectMetadata, another version.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go and registry/rest/table.go. Rows come from the
printers, columns from the scheme. Each view of a watch is rendered once per event, however many clients look.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.apiserver.printers import table_row
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.negotiation import Form

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]
NAME_FORMAT = "name"


def columns(kind: Kind) -> list[JsonObject]:
    """The Table's columnDefinitions."""
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in kind.columns
    ]
    return definitions or [
        {"name": "Name", "type": "string", "format": NAME_FORMAT, "description": "Name of the object", "priority": 0},
        {"name": "Age", "type": "date", "format": "", "description": "Time since creation", "priority": 0},
    ]


def partial(obj: JsonObject, version: str = "v1") -> JsonObject:
    """PartialObjectMetadata of an object."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj.get("metadata") or {},
    }


def row(kind: Kind, obj: JsonObject, include: str, version: str, now: float) -> JsonObject:
    """One row; ``include`` is includeObject: what of the object goes along."""
    cells = table_row(kind, obj, now)
    if include == "None":
        return {"cells": cells}
    return {"cells": cells, "object": obj if include == "Object" else partial(obj, version)}


def table(kind: Kind, rows: list[JsonObject], metadata: JsonObject, version: str) -> JsonObject:
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "columnDefinitions": columns(kind),
        "rows": rows,
    }


def convert_object(kind: Kind, data: bytes, form: Form, include: str) -> bytes:
    """One object in the form that the client asked for."""
    if form.plain:
        return data
    obj = orjson.loads(data)
    if obj.get("kind") == "Status":
        pass
    elif form.convert == "Table":
        metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        obj = table(kind, [row(kind, obj, include, form.version, time.time())], metadata, form.version)
    elif form.convert:
        obj = partial(obj, form.version)
    return to_yaml(obj) if form.yaml else orjson.dumps(obj)


def to_yaml(obj: Any) -> bytes:
    import yaml

    text: str = yaml.safe_dump(obj, sort_keys=True, allow_unicode=True, default_flow_style=False)
    return text.encode()


def convert_list(
    resource: Resource, objects: list[JsonObject], metadata: JsonObject, form: Form, include: str
) -> bytes:
    """A list in a form that is not the plain one."""
    kind = resource.kind
    if form.convert == "Table":
        now = time.time()
        answer = table(kind, [row(kind, obj, include, form.version, now) for obj in objects], metadata, form.version)
    elif form.convert:
        answer = {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"meta.k8s.io/{form.version}",
            "metadata": metadata,
            "items": [partial(obj, form.version) for obj in objects],
        }
    else:
        answer = {"kind": kind.list_kind, "apiVersion": kind.group_version, "metadata": metadata, "items": objects}
    return to_yaml(answer) if form.yaml else orjson.dumps(answer)


class ConvertedView:
    """Watch events whose object is shown as a Table, as metadata, or in another version than the stored one."""

    def __init__(self, resource: Resource, form: Form, include: str) -> None:
        self._resource, self._form, self._include = resource, form, include
        self.key: Hashable = ("converted", resource.kind.group_version, form, include)

    def render(self, type: str, data: bytes) -> bytes:
        return b'{"type":"%b","object":%b}\n' % (type.encode(), self._object(type, data))

    def _object(self, type: str, data: bytes) -> bytes:
        if type == "ERROR":
            return data
        form, kind, obj = self._form, self._resource.kind, orjson.loads(data)
        if type == "BOOKMARK":
            obj["kind"], obj["apiVersion"] = kind.kind, kind.group_version
        else:
            obj = self._resource.read(obj)
        if form.convert == "Table":
            rows = [] if type == "BOOKMARK" else [row(kind, obj, self._include, form.version, time.time())]
            obj = table(kind, rows, obj["metadata"], form.version)
        elif form.convert:
            obj = partial(obj, form.version)
        return orjson.dumps(obj)
