"""The informer: a local, indexed copy of one resource, and handlers that are told of changes.

Mirrors client-go tools/cache/shared_informer.go. A reflector fills the store; handlers are called in order,
synchronously, and must only enqueue keys. Objects from a cache are read-only: `obj.model_copy(deep=True)` before
changing one.

Invariants
    - Handlers see for each object ADDED, then MODIFIED …, then DELETED; after a relist only the difference. An object
      that was replaced by another of the same name (another uid) is seen as DELETED and ADDED.
    - DELETED comes from a watch event, or from a complete list that lacks the object; never from an error.
    - `synced` becomes true once, after the first complete list was handed to all handlers.
    - A handler added late is first told of everything that is there, as ADDED.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, List, TypeVar  # noqa: UP035 - Informer has a method called list

import orjson

from minik8s.api.base import Model
from minik8s.client.log import get_logger
from minik8s.client.resources import resolve
from minik8s.client.rest import Client, decode
from minik8s.client.store import Entry, IndexFunc, Store
from minik8s.client.watch import RawEvent, Reflector

log = get_logger(__name__)
T = TypeVar("T")
Handler = Callable[[str, Any, Any], None]


def key_of(obj: Any) -> str:
    """`namespace/name`, or `name` of what is cluster-scoped; of a model or a dict."""
    if isinstance(obj, Mapping):
        meta = obj.get("metadata") or {}
        return join_key(meta.get("namespace") or "", meta.get("name") or "")
    return join_key(obj.metadata.namespace or "", obj.metadata.name)


def join_key(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def split_key(key: str) -> tuple[str, str]:
    """(namespace, name); the namespace is empty for what is cluster-scoped."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


class Informer(Generic[T]):
    """A cache of one resource; `T` is the model class, or dict for a Kind or Resource.

    `project` (dict → T) keeps only what it returns; such an informer costs neither bytes nor models. An `optional` one
    counts as synced, and empty, while the server does not serve the resource, or not to us; any other waits until it
    does.
    """

    def __init__(
        self,
        client: Client,
        kind: Any,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        indexes: Mapping[str, Callable[[T], Iterable[str]]] | None = None,
        project: Callable[[dict[str, Any]], T] | None = None,
        optional: bool = False,
    ) -> None:
        self.kind = kind
        self._optional = optional
        self.resource = resolve(kind)
        self._project = project
        self._store: Store[T] = Store(None if project else lambda raw: decode(kind, raw))
        self._handlers: list[Handler] = []
        self._synced = asyncio.Event()
        self._answered = asyncio.Event()
        self._reflector = Reflector(
            client, self.resource, self, namespace, label_selector, field_selector, self._on_refusal
        )
        self.add_indexes(indexes or {})

    # -- set-up

    def add_handler(self, on_change: Callable[[str, T | None, T | None], None]) -> None:
        """`on_change(event, old, new)`: ADDED (old is None), MODIFIED, DELETED (new is None). Must only enqueue."""
        self._handlers.append(on_change)
        if self.synced:
            for value in self._store.list():
                on_change("ADDED", None, value)

    def add_indexes(self, indexes: Mapping[str, Callable[[T], Iterable[str]]]) -> None:
        """Add named indexes: `{"node": lambda pod: [pod.spec.node_name or ""]}`."""
        for name, function in indexes.items():
            self._store.add_index(name, _as_index(function))

    async def run(self) -> None:
        """Keep the cache until cancelled."""
        await self._reflector.run()

    async def wait_synced(self) -> None:
        """Until the first complete list is in the cache."""
        await self._synced.wait()

    @property
    def synced(self) -> bool:
        return self._synced.is_set()

    @property
    def served(self) -> bool:
        """False while the server says that it has no such resource."""
        return self._reflector.served

    async def wait_answered(self) -> None:
        """Until it is synced, or the server has said that there is no such resource, or none for us."""
        await self._answered.wait()

    def _on_refusal(self) -> None:
        self._answered.set()
        if self._optional:
            self._synced.set()

    @property
    def resource_version(self) -> str:
        """The version that the cache stands at."""
        return self._reflector.resource_version

    # -- reading

    def get(self, key: str) -> T | None:
        """The object at `namespace/name` (or `name`), or None."""
        return self._store.get(key)

    def list(self, namespace: str | None = None) -> List[T]:  # noqa: UP006
        """All objects, or those of one namespace."""
        return list(self._store.list(namespace))

    def keys(self) -> Iterable[str]:
        """The keys of all objects; costs no decoding."""
        return self._store.keys()

    def by_index(self, name: str, value: str) -> List[T]:  # noqa: UP006
        """The objects under `value` in the index `name`, in the order of their keys."""
        found = (self._store.get(key) for key in sorted(self._store.index_keys(name, value)))
        return [obj for obj in found if obj is not None]

    def index_keys(self, name: str, value: str) -> set[str]:
        """Their keys only; costs no decoding."""
        return self._store.index_keys(name, value)

    def index_values(self, name: str) -> List[str]:  # noqa: UP006
        """The values that the index `name` has now."""
        return list(self._store.index_values(name))

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, key: str) -> bool:
        return key in self._store

    # -- filled by the reflector

    def replace(self, items: builtins.list[dict[str, Any]], resource_version: str) -> None:
        """The complete state: tell handlers the difference."""
        gone = set(self._store.keys())
        for item in items:
            item.setdefault("apiVersion", self.resource.group_version)
            item.setdefault("kind", self.resource.kind)
            gone.discard(key_of(item))
            self._put(item, None)
        for key in gone:
            self._delete(key)
        if not self.synced:
            log.debug("cache synced", resource=self.resource.group_resource, objects=len(items))
            self._synced.set()
        self._answered.set()

    def apply(self, event: RawEvent) -> None:
        """One watch event."""
        if event.type == "DELETED":
            self._delete(key_of(event.obj), event)
        else:
            self._put(event.obj, event.raw)

    def _put(self, obj: dict[str, Any], raw: bytes | None) -> None:
        key, meta = key_of(obj), obj["metadata"]
        version, uid = str(meta.get("resourceVersion") or ""), str(meta.get("uid") or "")
        before = self._store.entry(key)
        if before is not None and before.uid != uid:
            self._delete(key)
            before = None
        if before is not None and before.resource_version == version and version:
            return
        old = self._store.get(key) if before is not None and self._handlers else None
        kept = self._project(obj) if self._project else (raw if raw is not None else orjson.dumps(obj))
        self._store.put(key, Entry(version, uid, meta.get("namespace") or "", kept))
        self._notify("MODIFIED" if before is not None else "ADDED", old, key)

    def _delete(self, key: str, event: RawEvent | None = None) -> None:
        if key not in self._store:
            return
        old = self._store.get(key) if self._handlers else None
        if event is not None and self._handlers:
            # the last state is in the event: deletionTimestamp, final status
            old = self._project(event.obj) if self._project else decode(self.kind, event.raw)
        self._store.remove(key)
        for handler in self._handlers:
            handler("DELETED", old, None)

    def _notify(self, event: str, old: T | None, key: str) -> None:
        if self._handlers:
            new = self._store.get(key)
            for handler in self._handlers:
                handler(event, old, new)


class InformerFactory:
    """One informer per resource and selection, shared by everyone in a process."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._informers: dict[tuple[Any, ...], Informer[Any]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    def informer(
        self,
        kind: Any,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        indexes: Mapping[str, Callable[[Any], Iterable[str]]] | None = None,
    ) -> Informer[Any]:
        """The shared informer; indexes are added to it if it is there already."""
        typed = isinstance(kind, type) and issubclass(kind, Model)
        identity = (resolve(kind), typed, namespace, label_selector, field_selector)
        informer = self._informers.get(identity)
        if informer is None:
            informer = Informer(self.client, kind, namespace, label_selector, field_selector, indexes)
            self._informers[identity] = informer
            if self._tasks is not None:
                self._spawn(informer)
        else:
            informer.add_indexes(indexes or {})
        return informer

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Run every informer, and those asked for later, in a task group."""
        self._tasks = tasks
        for informer in self._informers.values():
            self._spawn(informer)

    async def wait_synced(self) -> None:
        """Until every informer's first list is in."""
        for informer in list(self._informers.values()):
            await informer.wait_synced()

    def _spawn(self, informer: Informer[Any]) -> None:
        assert self._tasks is not None
        self._tasks.create_task(informer.run(), name=f"informer-{informer.resource.group_resource}")


def _as_index(function: Callable[[Any], Iterable[str]]) -> IndexFunc:
    return function
