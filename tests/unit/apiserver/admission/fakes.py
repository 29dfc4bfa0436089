"""A registry of dicts: what admission and the allocators may ask of the real one."""

from __future__ import annotations

import copy
from typing import Any

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import Conflict
from minik8s.apiserver.admission.base import CREATE, AdmissionPlugin, Attributes
from minik8s.apiserver.registry.strategy import ServiceRanges

Json = dict[str, Any]


class FakeClaims:
    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    async def claim(self, key: str, value: bytes) -> bool:
        if key in self.held:
            return False
        self.held[key] = value
        return True

    async def claimed(self, key: str) -> bytes | None:
        return self.held.get(key)

    async def release(self, key: str, value: bytes | None = None) -> None:
        if value is None or self.held.get(key) == value:
            self.held.pop(key, None)

    async def list(self, prefix: str) -> list[str]:
        return [key for key in self.held if key.startswith(prefix)]


class FakeRegistry:
    def __init__(self, **ranges: Any) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.claims = FakeClaims()
        self.service_ranges = ServiceRanges(**ranges)
        self.conflicts = 0
        self.updates = 0

    def add(self, kind: str, obj: Json, group: str = "", version: str = "v1") -> Json:
        found = SCHEME.by_kind(group, version, kind)
        assert found is not None
        meta = obj["metadata"]
        meta.setdefault("resourceVersion", "1")
        self.objects[found.plural, meta.get("namespace", ""), meta["name"]] = obj
        return obj

    async def get(self, kind: Kind, namespace: str, name: str) -> Json | None:
        return copy.deepcopy(self.objects.get((kind.plural, namespace, name)))

    async def list(self, kind: Kind, namespace: str = "", *_: str) -> list[Json]:
        return [
            copy.deepcopy(obj)
            for (plural, where, _), obj in self.objects.items()
            if plural == kind.plural and (not namespace or where == namespace)
        ]

    async def update(self, kind: Kind, obj: Json, subresource: str = "") -> Json:
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict.of(kind.plural, obj["metadata"]["name"])
        self.updates += 1
        meta = obj["metadata"]
        self.objects[kind.plural, meta.get("namespace", ""), meta["name"]] = copy.deepcopy(obj)
        return obj


def attributes(kind: str, obj: Json | None, operation: str = CREATE, group: str = "", **more: Any) -> Attributes:
    found = SCHEME.by_kind(group, "v1", kind)
    assert found is not None
    meta = (obj or more.get("old") or {}).get("metadata") or {}
    fields: Json = {
        "kind": found,
        "subresource": "",
        "operation": operation,
        "namespace": meta.get("namespace", ""),
        "name": meta.get("name", ""),
        "obj": obj,
        **more,
    }
    return Attributes(**fields)


async def run(plugin: AdmissionPlugin, attrs: Attributes) -> None:
    await plugin.mutate(attrs)
    await plugin.validate(attrs)
