"""The config maps and secrets that this node's pods refer to, and only those.

Mirrors upstream pkg/kubelet/util/manager/watch_based_manager.go: one watch per referenced object, kept as long as a
pod refers to it. A node must not be able to read, nor have to hold, the secrets of others' pods; and a watch makes an
update reach a mounted volume at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from minik8s.api import core
from minik8s.client.informer import Informer
from minik8s.client.rest import Client

T = TypeVar("T", core.ConfigMap, core.Secret)

Key = tuple[type[Any], str, str]  # model class, namespace, name
SYNC_TIMEOUT = 10.0


class ObjectsUnavailable(Exception):
    """The API server did not answer: nothing can be said about the object, not even that it is missing."""


@dataclass
class _Watched:
    informer: Informer[Any]
    task: asyncio.Task[None]
    users: set[str] = field(default_factory=set)


class ObjectCache:
    """Reference-counted single-object watches; `wake(uid)` is called when an object of pod `uid` changes."""

    def __init__(self, client: Client, wake: Callable[[str], None]) -> None:
        self._client = client
        self._wake = wake
        self._watched: dict[Key, _Watched] = {}

    def refer(self, uid: str, keys: Iterable[Key]) -> None:
        """Pod `uid` refers to exactly `keys`."""
        wanted = set(keys)
        for key in wanted:
            if key not in self._watched:
                self._watched[key] = self._watch(key)
            self._watched[key].users.add(uid)
        for key in [k for k, w in self._watched.items() if uid in w.users and k not in wanted]:
            watched = self._watched[key]
            watched.users.discard(uid)
            if not watched.users:
                watched.task.cancel()
                del self._watched[key]

    def forget(self, uid: str) -> None:
        self.refer(uid, ())

    async def get(self, kind: type[T], namespace: str, name: str) -> T | None:
        """The object, or None when it does not exist. The pod must have referred to it."""
        watched = self._watched[(kind, namespace, name)]
        try:
            await asyncio.wait_for(watched.informer.wait_synced(), SYNC_TIMEOUT)
        except TimeoutError as exc:
            what = "configmap" if kind is core.ConfigMap else "secret"
            raise ObjectsUnavailable(f"failed to sync {what} cache: timed out waiting for the condition") from exc
        found: T | None = watched.informer.get(f"{namespace}/{name}")
        return found

    async def close(self) -> None:
        for watched in self._watched.values():
            watched.task.cancel()
        self._watched.clear()

    def _watch(self, key: Key) -> _Watched:
        kind, namespace, name = key
        informer: Informer[Any] = Informer(
            self._client, kind, namespace=namespace, field_selector=f"metadata.name={name}"
        )
        informer.add_handler(lambda _event, _old, _new: self._notify(key))
        return _Watched(informer, asyncio.create_task(informer.run(), name=f"watch {kind.__name__} {namespace}/{name}"))

    def _notify(self, key: Key) -> None:
        watched = self._watched.get(key)
        for uid in watched.users if watched else ():
            self._wake(uid)
