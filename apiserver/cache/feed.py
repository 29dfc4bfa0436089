"""All caches of the process, fed by one watch over the whole store.

Mirrors: what upstream spreads over one reflector per resource (cacher.go, with RequestWatchProgress for consistent
reads). One watch over all keys has a virtue here: every revision shows up in it, so "have we caught up with revision
R" is a comparison, and no progress notification is needed (which etcd before 3.4.25 and 3.5.8 could send too early).

A consistent read asks etcd for its revision once for all readers that wait, and waits until the feed has come there.
With the embedded store the feed hears of a write before its writer does, and there is nothing to wait for.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence

from minik8s.apiserver.cache.expiry import LeaseBook
from minik8s.apiserver.cache.interface import ResourceInfo
from minik8s.apiserver.cache.resource import Cache
from minik8s.apiserver.storage.base import Event, Store, StoreError, StoreUnavailable, Subscription
from minik8s.apiserver.storage.compactor import Compactor
from minik8s.client.log import get_logger

log = get_logger(__name__)
CATCH_UP_SECONDS = 5.0
RESTART_SECONDS = 0.2


class CacheSet:
    """The process's caches (interface.Caches)."""

    def __init__(self, store: Store, compaction_interval: float = 300) -> None:
        self.store = store
        self.leases = LeaseBook(store)
        self.revision = 0
        "Every change up to here is in the caches."
        self._caches: dict[str, Cache] = {}
        self._routes: dict[str, Cache | None] = {}  # key prefix (with slash) to its cache; None: known to have none
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._waiter_count = 0
        self._subscription: Subscription | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._barrier = _Barrier(store)
        self._compactor = Compactor(store, compaction_interval, self._trim)
        self._closed = False

    # --- life ---

    async def start(self) -> None:
        await self._subscribe()
        self._compactor.start()

    async def _subscribe(self) -> None:
        revision = await self.store.current_revision()
        self._subscription = await self.store.watch("", revision + 1, self)
        self._advance(revision)

    async def started(self) -> None:
        """A cache must hear of what happens before it loads."""
        if self._subscription is None:
            raise StoreUnavailable("the watch on the store is being restored" if not self._closed else "shut down")

    async def close(self) -> None:
        self._closed = True
        await self._compactor.close()
        if self._restarting is not None:
            self._restarting.cancel()
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        for cache in self._caches.values():
            cache.reset()

    # --- resources ---

    def resource(self, info: ResourceInfo) -> Cache:
        cache = self._caches.get(info.prefix)
        if cache is None:
            cache = self._caches[info.prefix] = Cache(self, info)
            self._routes[info.prefix] = cache
        else:
            cache.info = info
        return cache

    def drop(self, prefix: str) -> None:
        cache = self._caches.pop(prefix, None)
        self._routes.pop(prefix, None)
        if cache is not None:
            cache.reset()

    def _route(self, key: str) -> Cache | None:
        """The cache whose prefix the key has: /registry/pods/… or /registry/services/specs/…, the longer one first."""
        second = key.find("/", key.find("/", 1) + 1) + 1
        third = key.find("/", second) + 1
        cache = self._routes.get(key[:third]) if third else None
        return cache or self._routes.get(key[:second])

    # --- the store's watch ---

    def on_events(self, events: Sequence[Event]) -> None:
        if len(events) == 1:
            cache = self._route(events[0].key)
            if cache is not None:
                cache.on_events(events)
        else:
            batches: dict[Cache, list[Event]] = {}
            for event in events:
                cache = self._route(event.key)
                if cache is not None:
                    batches.setdefault(cache, []).append(event)
            for cache, batch in batches.items():
                cache.on_events(batch)
        self._advance(events[-1].revision)

    def on_lost(self, error: StoreError) -> None:
        """The store forgot what we have not seen yet (or was closed): begin again, and let all clients list again."""
        self._subscription = None
        for cache in self._caches.values():
            cache.reset()
        if not self._closed:
            log.warning("lost track of the store, starting anew", error=str(error))
            self._restarting = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        while not self._closed:
            try:
                return await self._subscribe()
            except StoreError as error:
                log.warning("cannot watch the store", error=str(error))
                await asyncio.sleep(RESTART_SECONDS)

    # --- revisions ---

    def _advance(self, revision: int) -> None:
        if revision > self.revision:
            self.revision = revision
        while self._waiters and self._waiters[0][0] <= self.revision:
            future = heapq.heappop(self._waiters)[2]
            if not future.done():
                future.set_result(None)

    async def wait_for(self, revision: int, seconds: float) -> bool:
        """Has the feed come to `revision` within the time?"""
        if revision <= self.revision:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiter_count += 1
        heapq.heappush(self._waiters, (revision, self._waiter_count, future))
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return False
        return True

    async def catch_up(self) -> None:
        """Come to the store's present revision."""
        revision = await self._barrier.revision()
        if revision > self.revision and not await self.wait_for(revision, CATCH_UP_SECONDS):
            raise StoreUnavailable(f"the cache is behind the store: {self.revision}, {revision}")

    def _trim(self, revision: int) -> None:
        for cache in self._caches.values():
            if cache.state.floor:
                cache.state.trim(revision)


class _Barrier:
    """The store's present revision, asked once for all who wait. One who comes while a question is under way must not
    use its answer (it may be older than the write he knows of): he shares the next one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: asyncio.Task[int] | None = None
        self._next: asyncio.Task[int] | None = None

    async def revision(self) -> int:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._ask(self._running))
        return await asyncio.shield(self._next)

    async def _ask(self, before: asyncio.Task[int] | None) -> int:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        return await self._store.current_revision()
