"""The memory of the fake API server: objects, one global version, and the history that watches are served from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from minik8s.api.selectors import FieldSelector, LabelSelector

Object = dict[str, Any]


def clone(obj: Any) -> Any:
    """A deep copy of JSON; much faster than copy.deepcopy."""
    return orjson.loads(orjson.dumps(obj))


@dataclass(frozen=True, slots=True)
class Collection:
    """Where objects of one resource are kept; the version of a group does not matter for storage."""

    group: str
    plural: str


@dataclass(slots=True)
class Change:
    """One write: what it was, what it is (None: deleted)."""

    version: int
    collection: Collection
    old: Object | None
    new: Object | None


@dataclass(slots=True)
class Selection:
    """The part of a collection that a list or watch asks for."""

    namespace: str = ""
    labels: LabelSelector = field(default_factory=LabelSelector)
    fields: FieldSelector = field(default_factory=FieldSelector)

    def has(self, obj: Object | None) -> bool:
        if obj is None:
            return False
        meta = obj["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        if not self.labels.matches(meta.get("labels") or {}):
            return False
        wanted = {r.field: field_value(obj, r.field) for r in self.fields.requirements}
        return self.fields.matches(wanted)


def field_value(obj: Object, path: str) -> str:
    """`spec.nodeName` of an object, as a field selector sees it."""
    value: Any = obj
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class FakeStore:
    """Objects, versions, history."""

    def __init__(self) -> None:
        self.version = 1
        self.compacted = 0
        self.history: list[Change] = []
        self._objects: dict[Collection, dict[tuple[str, str], Object]] = {}
        self._changed: set[asyncio.Event] = set()

    def get(self, collection: Collection, namespace: str, name: str) -> Object | None:
        found = self._objects.get(collection, {}).get((namespace, name))
        return None if found is None else dict(clone(found))

    def select(self, collection: Collection, selection: Selection) -> list[Object]:
        found = sorted(self._objects.get(collection, {}).items())
        return [clone(obj) for _, obj in found if selection.has(obj)]

    def put(self, collection: Collection, obj: Object) -> Object:
        """Write; gives the object its new version."""
        meta = obj["metadata"]
        key = (meta.get("namespace") or "", meta["name"])
        objects = self._objects.setdefault(collection, {})
        self.version += 1
        stored = clone(obj)
        stored["metadata"]["resourceVersion"] = str(self.version)
        self._record(Change(self.version, collection, objects.get(key), stored))
        objects[key] = stored
        return dict(clone(stored))

    def remove(self, collection: Collection, namespace: str, name: str) -> Object:
        old = self._objects[collection].pop((namespace, name))
        self.version += 1
        self._record(Change(self.version, collection, old, None))
        return dict(clone(old))

    def compact(self) -> None:
        """Forget the history: watches from before now are 410 Gone."""
        self.compacted = self.version
        self.history.clear()

    def events(self, collection: Collection, selection: Selection, after: int) -> Iterator[tuple[str, Object]]:
        """(type, object) of every change later than `after`, as a watcher with this selection sees it."""
        first = self.history[0].version if self.history else 0  # versions follow each other without a gap
        for change in self.history[max(0, after + 1 - first) :]:
            if change.collection != collection:
                continue
            before, now = selection.has(change.old), selection.has(change.new)
            if now:
                assert change.new is not None
                yield "MODIFIED" if before else "ADDED", change.new
            elif before:
                last = clone(change.new or change.old)
                assert last is not None
                last["metadata"]["resourceVersion"] = str(change.version)
                yield "DELETED", last

    def subscribe(self, event: asyncio.Event) -> None:
        self._changed.add(event)

    def unsubscribe(self, event: asyncio.Event) -> None:
        self._changed.discard(event)

    def wake(self) -> None:
        for event in self._changed:
            event.set()

    def _record(self, change: Change) -> None:
        self.history.append(change)
        self.wake()
