"""Keeps definitions and what is served in step: names, establishment, removal.

Mirrors apiextensions-apiserver/pkg/controller/{status,establish,apiapproval,finalizer}, in one loop: whatever changes
among definitions, all of them are looked at again (they are few, and those unchanged are not decoded again).

Order: a definition is served before its status says Established, so that nobody who has read that meets a 404.
Invariant: absence is believed only from the cache of definitions itself, once it is loaded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minik8s.api.meta import format_time
from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import ApiError, NotFound
from minik8s.apiserver.cache.interface import ListQuery, WatchQuery
from minik8s.apiserver.cache.views import JSON_LINES
from minik8s.apiserver.extensions.catalog import Catalog
from minik8s.apiserver.extensions.definition import facts
from minik8s.apiserver.extensions.names import compute_status
from minik8s.apiserver.registry import delete as deletion
from minik8s.component import get_logger

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry

log = get_logger(__name__)
Json = dict[str, Any]
RETRY_SECONDS = 1.0
CLEANUP_POLL_SECONDS = (0.02, 1.0)


def definition_kind() -> Kind:
    kind = SCHEME.by_resource("apiextensions.k8s.io", "v1", "customresourcedefinitions")
    if kind is None:
        raise LookupError("CustomResourceDefinition is not in the scheme")
    return kind


class _Bell:
    """A watch's sink that only tells that something happened."""

    def __init__(self, ring: Callable[[], None], closed: Callable[[], None]) -> None:
        self._ring, self._closed = ring, closed

    def push(self, chunk: bytes) -> None:
        self._ring()

    def buffered(self) -> int:
        return 0

    async def drain(self) -> None:
        return None

    def close(self) -> None:
        self._closed()


class DefinitionController:
    """One per server."""

    def __init__(self, registry: ServerRegistry, catalog: Catalog) -> None:
        self._registry, self._catalog = registry, catalog
        self._kind = definition_kind()
        self._dirty, self._watching = asyncio.Event(), False
        self._decoded: dict[str, tuple[int, Json]] = {}
        self._cleanups: dict[str, asyncio.Task[None]] = {}
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                try:
                    await self._watch()
                    self._dirty.clear()
                    await self._sync()
                    self.synced.set()
                    await self._dirty.wait()
                except Exception as error:  # noqa: BLE001 - the worker's outermost ring: it is tried again
                    log.warning("custom resource definitions could not be synced", error=repr(error))
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            for task in self._cleanups.values():
                task.cancel()

    async def _watch(self) -> None:
        """Ring at every change; a watch that ended is opened anew."""
        if not self._watching:
            cache = self._registry.resources.of(self._kind).cache
            await cache.watch(WatchQuery(view=JSON_LINES), _Bell(self._dirty.set, self._lost))
            self._watching = True

    def _lost(self) -> None:
        self._watching = False
        self._dirty.set()

    async def _definitions(self) -> dict[str, tuple[int, Json]]:
        """Name → (revision, definition)."""
        resource = self._registry.resources.of(self._kind)
        page = await resource.cache.list(ListQuery())
        found: dict[str, tuple[int, Json]] = {}
        for entry in page.entries:
            known = self._decoded.get(entry.name)
            fresh = known is None or known[0] != entry.revision
            found[entry.name] = (entry.revision, resource.decode(entry)) if fresh or known is None else known
        self._decoded = found
        return found

    async def _sync(self) -> None:
        found = await self._definitions()
        definitions = {name: definition for name, (_, definition) in found.items()}
        for name in self._catalog.names():
            if name not in definitions or not facts.is_true(definitions[name], facts.ESTABLISHED):
                self._catalog.remove(name)
        for name, definition in definitions.items():
            if facts.is_true(definition, facts.ESTABLISHED):
                self._serve(definition, found[name][0])
        for name, definition in definitions.items():
            others = [
                other
                for key, other in definitions.items()
                if key != name and other["spec"]["group"] == definition["spec"]["group"]
            ]
            await self._settle(name, definition, others)
        for name, definition in definitions.items():
            finalizers = definition["metadata"].get("finalizers") or ()
            if definition["metadata"].get("deletionTimestamp") and facts.CLEANUP_FINALIZER in finalizers:
                self._begin_cleanup(name)

    def _serve(self, definition: Json, revision: int) -> None:
        """What was stored before now may have been written by an older form of the definition."""
        known = self._catalog.definition(definition["metadata"]["name"])
        self._catalog.put(
            definition, revision if known is None else self._registry.resources.of(self._kind).cache.revision
        )

    async def _settle(self, name: str, definition: Json, others: list[Json]) -> None:
        """Write the status that the definition ought to have, and serve it just before."""
        if definition["metadata"].get("deletionTimestamp"):
            return
        now = format_time(time.time())
        status = compute_status(definition, others, now)
        if status is None:
            return
        settled = definition | {"status": status}
        definition["status"] = status  # the next ones in this round see these names as taken
        if facts.is_true(settled, facts.ESTABLISHED):
            self._serve(settled, int(definition["metadata"]["resourceVersion"]))
        version = definition["metadata"]["resourceVersion"]

        def change(found: Json) -> Json | None:
            return found | {"status": status} if found["metadata"]["resourceVersion"] == version else None

        await self._write(name, change, "status")

    async def _write(self, name: str, change: Callable[[Json], Json | None], subresource: str = "") -> None:
        try:
            await self._registry.mutate(self._kind, "", name, change, subresource)
        except NotFound:
            self._dirty.set()

    # -- removal ------------------------------------------------------------------------------------------------------

    def _begin_cleanup(self, name: str) -> None:
        task = self._cleanups.get(name)
        if task is None or task.done():
            self._cleanups[name] = asyncio.create_task(self._clean_up(name), name=f"crd-cleanup-{name}")

    async def _clean_up(self, name: str) -> None:
        """Delete all instances, wait until they are gone, let go of the definition."""
        try:
            served = self._catalog.definition(name)
            await self._terminating(
                name, "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"
            )
            if served is None:
                await self._terminating(name, "False", "NeverEstablished", "resource was never established")
            else:
                await self._delete_instances(name)
                await self._terminating(name, "False", "InstanceDeletionCompleted", "removed all instances")
            await self._write(name, _without_finalizer)
        except ApiError as error:
            await self._terminating(name, "True", "InstanceDeletionFailed", f"could not issue all deletes: {error}")
            log.warning("instances could not be deleted", definition=name, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._cleanups.pop(name, None)
            self._dirty.set()

    async def _delete_instances(self, name: str) -> None:
        wait, longest = CLEANUP_POLL_SECONDS
        while True:
            served = self._catalog.definition(name)
            if served is None:
                return
            resource = self._registry.resources.of(served.storage_kind)
            entries = (await resource.cache.list(ListQuery())).entries
            if not entries:
                return
            unmarked = [entry for entry in entries if b'"deletionTimestamp":' not in entry.data]
            ctx = self._registry.context(served.storage_kind)
            await deletion.delete_collection(self._registry, ctx, unmarked)
            if unmarked:
                continue
            await asyncio.sleep(wait)
            wait = min(wait * 2, longest)

    async def _terminating(self, name: str, status: str, reason: str, message: str) -> None:
        now = format_time(time.time())

        def change(found: Json) -> Json | None:
            facts.set_condition(found, now, facts.TERMINATING, status, reason, message)
            return found

        await self._write(name, change, "status")


def _without_finalizer(found: Json) -> Json | None:
    metadata = found["metadata"]
    left = [one for one in metadata.get("finalizers") or () if one != facts.CLEANUP_FINALIZER]
    if len(left) == len(metadata.get("finalizers") or ()):
        return None
    metadata["finalizers"] = left
    return found
