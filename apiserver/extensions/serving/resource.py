"""Stored bytes as the version that is asked for.

Mirrors the storage codec of apiextensions-apiserver/pkg/apiserver/customresource_handler.go: what is read is converted,
pruned and defaulted. What was written under the present definition in the version that is asked for needs none of it,
and its bytes go out as they are: the revision in front of the object tells.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import orjson

from minik8s.apiserver.cache.interface import Caches, Entry, ResourceInfo, View
from minik8s.apiserver.cache.views import chunked
from minik8s.apiserver.extensions.schema.object_meta import Malformed, coerce
from minik8s.apiserver.extensions.schema.pruning import prune
from minik8s.apiserver.extensions.serving.kind import CustomKind
from minik8s.apiserver.extensions.serving.strategy import CustomStrategy
from minik8s.apiserver.registry.resources import Resource

Json = dict[str, Any]


def make_resource(kind: CustomKind, caches: Caches) -> CustomResource:
    """The registry's view of a version; all versions share one cache."""
    stored = kind.served.storage_kind
    fields = CustomStrategy(stored).selectable_fields
    info = ResourceInfo(kind.served.prefix, stored.group_version, stored.kind, stored.namespaced, fields)
    return CustomResource(kind, CustomStrategy(kind), caches.resource(info), kind.decode_body)


@dataclass(frozen=True, slots=True)
class CustomResource(Resource):
    """A version of a custom resource as the server serves it."""

    kind: CustomKind

    def _is_current(self, data: bytes, revision: int) -> bool:
        """Was it written under this definition, in this version? (Stored objects begin with kind and apiVersion.)"""
        if revision <= self.kind.served.since:
            return False
        return data.startswith(self.kind.stored_head)

    def as_is(self, entries: list[Entry]) -> bool:
        return all(self._is_current(entry.data, entry.revision) for entry in entries)

    # -- reading ----------------------------------------------------------------------------------------------------

    def read(self, obj: Json) -> Json:
        """Without a webhook: the version's name changes, and the schema has its say."""
        obj["apiVersion"] = self.kind.group_version
        with contextlib.suppress(Malformed):  # stored before the schema knew of an embedded resource: shown as it is
            coerce(obj, self.kind.schema, "", [])
        prune(obj, self.kind.schema)
        self.kind.fill(obj)
        return obj

    def decode(self, entry: Entry) -> Json:
        obj = entry.decode()
        return obj if self._is_current(entry.data, entry.revision) else self.read(obj)

    def data(self, entry: Entry) -> bytes:
        if self._is_current(entry.data, entry.revision):
            return entry.data
        return orjson.dumps(self.read(entry.decode()))

    async def load(self, entry: Entry) -> Json:
        return (await self.load_all([entry]))[0]

    async def load_all(self, entries: list[Entry]) -> list[Json]:
        objects = [entry.decode() for entry in entries]
        stale = [i for i, e in enumerate(entries) if not self._is_current(e.data, e.revision)]
        converted = await self.convert([objects[index] for index in stale])
        for index, obj in zip(stale, converted, strict=True):
            objects[index] = self.read(obj)
        return objects

    async def render(self, entry: Entry) -> bytes:
        if self._is_current(entry.data, entry.revision):
            return entry.data
        return orjson.dumps(await self.load(entry))

    async def convert(self, objects: list[Json]) -> list[Json]:
        """Through the webhook where there is one; else as they are (`read` sets the version)."""
        return await self.kind.served.converter.convert(objects, self.kind.group_version)

    # -- writing ----------------------------------------------------------------------------------------------------

    def stored(self, obj: Json) -> Json:
        return obj | {"apiVersion": self.kind.stored_as}

    def outdated(self, entry: Entry) -> bool:
        return not entry.data.startswith(self.kind.served.storage_kind.stored_head)

    async def keep(self, obj: Json) -> Json:
        """The form in which `obj` is kept."""
        if self.kind.group_version == self.kind.stored_as:
            return obj
        converted = await self.kind.served.converter.convert([obj], self.kind.stored_as)
        return self.stored(converted[0])

    def written(self, entry: Entry, obj: Json) -> bytes:
        """What a write answers: the object as it was asked for, with its new version."""
        if self.kind.group_version == self.kind.stored_as:
            return entry.data
        obj["metadata"]["resourceVersion"] = str(entry.revision)
        return orjson.dumps(obj)

    # -- watching ---------------------------------------------------------------------------------------------------

    @property
    def plain_view(self) -> View:
        """Whole objects."""
        return chunked(_CustomView(self))

    @property
    def converts_remotely(self) -> bool:
        """Whether events may have to pass a webhook."""
        return self.kind.served.converter.is_remote


class _CustomView:
    """Watch events of whole objects, in the version that is watched."""

    def __init__(self, resource: CustomResource) -> None:
        self._resource = resource
        self._served, self._head = resource.kind.served, resource.kind.stored_head
        self.key: Hashable = ("custom", id(resource.kind))

    def render(self, type: str, data: bytes) -> bytes:
        if type == "ERROR":
            shown = data
        elif type == "BOOKMARK":
            shown = orjson.dumps(orjson.loads(data) | {"apiVersion": self._resource.kind.group_version})
        else:
            shown = self._show(type, data)
        return b'{"type":"%b","object":%b}\n' % (type.encode(), shown)

    def _show(self, type: str, data: bytes) -> bytes:
        """A deletion carries the last state under a new revision: it may be older than it says."""
        obj = None
        if type != "DELETED" and data.startswith(self._head):
            head = data.find(b'"resourceVersion":"', 0, 512)
            digits = data[head + 19 : data.find(b'"', head + 19)] if head >= 0 else b""
            if digits.isdigit() and int(digits) > self._served.since:
                return data
        obj = orjson.loads(data)
        return orjson.dumps(self._resource.read(obj))
