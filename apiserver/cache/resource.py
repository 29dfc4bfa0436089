"""The cache of one resource: loading, reads, watches, and the write path.

Mirrors: storage/cacher/cacher.go and registry/generic/registry's use of storage.Interface. Implements `ResourceCache`
of interface.py over the pure parts: state.py, selection.py, pages.py, fanout.py, watching.py.

A write encodes the object once and hands labels and fields along with it to the store as a hint; when the store tells
of the write, the cache finds the entry ready and nothing is decoded. Writes of others (etcd, several API servers) and
what is loaded at start are decoded once, and the tree is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.apiserver.cache import pages
from minik8s.apiserver.cache.encoding import encode, restamp, stamp
from minik8s.apiserver.cache.fanout import Fanout
from minik8s.apiserver.cache.interface import (
    Entry,
    EventSink,
    KeyExists,
    KeyMissing,
    ListPage,
    ListQuery,
    ResourceInfo,
    ResourceVersionTooLarge,
    RevisionMismatch,
    WatchQuery,
)
from minik8s.apiserver.cache.selection import Selection
from minik8s.apiserver.cache.state import CacheState, Change
from minik8s.apiserver.cache.watching import RunningWatch
from minik8s.apiserver.storage.base import Event, KeyValue, StoreError
from minik8s.client.log import get_logger

if TYPE_CHECKING:
    from minik8s.apiserver.cache.feed import CacheSet

log = get_logger(__name__)
BOOKMARK_SECONDS = 60.0
FUTURE_WAIT_SECONDS = 3.0
SCAN_PER_STEP = 1000
_NOTHING: Mapping[str, str] = {}


class Cache:
    """A ResourceCache."""

    def __init__(self, caches: CacheSet, info: ResourceInfo) -> None:
        self.info = info
        self.state = CacheState(0)
        self.generation = 0
        "Grows when the cache lost track and started anew: who waits in between must give up."
        self.fanout = Fanout(info.prefix, info.namespaced)
        self.watches: dict[RunningWatch, None] = {}
        self._caches = caches
        self._store = caches.store
        self._loaded = False
        self._loading: asyncio.Task[None] | None = None
        self._early: list[Event] = []  # what the feed told while loading
        self._bookmark_timer: asyncio.TimerHandle | None = None

    # --- loading ---

    async def ready(self) -> None:
        if self._loaded:
            return
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load(self.generation))
        try:
            await asyncio.shield(self._loading)
        finally:
            if self._loading is not None and self._loading.done():
                self._loading = None
        if not self._loaded:  # lost while loading
            await self.ready()

    async def _load(self, generation: int) -> None:
        """The state at the start of the kept history (or now), then what happened since."""
        self._early = []
        await self._caches.started()
        page = await self._store.list(self.info.prefix, revision=self._store.history_start)
        entries: list[Entry] = []
        for number, kv in enumerate(page.kvs):
            if (entry := self._decode(kv)) is not None:
                entries.append(entry)
            if number % 256 == 255:
                await asyncio.sleep(0)
        state, last = CacheState(page.revision, entries), page.revision
        for number, event in enumerate(await self._past(last)):
            self._apply(state, event)
            last = event.revision
            if number % 256 == 255:
                await asyncio.sleep(0)
        if generation == self.generation:
            early, self._early = self._early, []
            for event in early:
                if event.revision > last:
                    self._apply(state, event)
            self.state, self._loaded = state, True

    async def _past(self, revision: int) -> Sequence[Event]:
        """What happened after `revision`, from a store that remembers."""
        past = _Past()
        if self._store.history_start:
            (await self._store.watch(self.info.prefix, revision + 1, past)).cancel()
        return past.events

    def reset(self) -> None:
        """Start anew on next use: the store's watch had a gap, or the resource is gone."""
        self.generation += 1
        self._loaded = False
        self.state = CacheState(0)
        for watch in list(self.watches):
            watch.finish("store")
        if self._bookmark_timer is not None:
            self._bookmark_timer.cancel()
            self._bookmark_timer = None

    # --- what the store tells ---

    def on_events(self, events: Sequence[Event]) -> None:
        if not self._loaded:
            if self._loading is not None:
                self._early.extend(events)
            return
        changes = [change for event in events if (change := self._apply(self.state, event)) is not None]
        self.fanout.tell(changes)

    def _apply(self, state: CacheState, event: Event) -> Change | None:
        entry: Entry | None = None
        if event.kv is not None:
            entry = event.hint if event.hint is not None else self._decode(event.kv)
            if entry is None:
                return None
            entry.revision, entry.data = event.revision, event.kv.value
        return state.apply(event.key, entry, event.revision)

    def _decode(self, kv: KeyValue) -> Entry | None:
        try:
            obj = orjson.loads(kv.value)
            return Entry(kv.key, kv.mod_revision, kv.value, _labels(obj), self.info.fields(obj))
        except (ValueError, AttributeError, LookupError, TypeError) as error:
            log.error("unreadable object in the store", key=kv.key, error=str(error))
            return None

    # --- consistency ---

    @property
    def revision(self) -> int:
        return self._caches.revision

    async def catch_up(self) -> None:
        """Return when this cache shows every write acknowledged before the call."""
        await self.ready()
        if not self._store.synchronous:
            await self._caches.catch_up()

    async def wait_for(self, revision: int) -> None:
        """Return when this cache is not older than `revision`."""
        await self.ready()
        if revision > self._caches.revision and not await self._caches.wait_for(revision, FUTURE_WAIT_SECONDS):
            raise ResourceVersionTooLarge(revision, self._caches.revision)

    # --- reads ---

    def key(self, namespace: str, name: str) -> str:
        return f"{self.info.prefix}{namespace}/{name}" if self.info.namespaced else self.info.prefix + name

    async def get(self, key: str, min_revision: int | None = None) -> Entry | None:
        if not self._loaded:
            await self.ready()
        if min_revision is None:
            if not self._store.synchronous:
                await self._caches.catch_up()
        elif min_revision:
            await self.wait_for(min_revision)
        return self.state.entries.get(key)

    async def count(self) -> int:
        await self.ready()
        return len(self.state.keys)

    def selection(self, namespace: str, labels: LabelSelector | None, fields: FieldSelector | None) -> Selection:
        return Selection(self.info.prefix, self.info.namespaced, namespace, labels, fields)

    async def list(self, query: ListQuery) -> ListPage:
        selection = self.selection(query.namespace, query.label_selector, query.field_selector)
        scope = self.key(query.namespace, "") if query.namespace else self.info.prefix
        start, asked = "", 0
        if query.continue_token:
            start, asked = pages.decode_continue(query.continue_token, scope)
            await self._reach("" if asked < 0 else "0", "")
            asked = max(asked, 0)
        else:
            exact = query.resource_version_match == "Exact" or (
                query.resource_version_match == "" and query.limit > 0 and query.resource_version not in ("", "0")
            )
            version = await self._reach(query.resource_version, query.resource_version_match)
            asked = version if exact else 0
        if asked > self.revision:
            await self.wait_for(asked)
        if asked and asked < self.state.floor:
            raise pages.continue_expired(start, scope) if start else pages.list_expired()
        return await self._page(selection, scope, start, asked, query.limit)

    async def _reach(self, version_text: str, match: str) -> int:
        version = pages.parse_version(version_text)
        if not version_text:
            await self.catch_up()
        elif version and match != "Exact":
            await self.wait_for(version)
        else:
            await self.ready()
        return version

    async def _page(self, selection: Selection, scope: str, start: str, revision: int, limit: int) -> ListPage:
        answered = revision or self.revision
        single = selection.single_key(self.info.namespaced)
        if single and not revision and not start:
            entry = self.state.entries.get(single)
            found = [entry] if entry is not None and selection.matches(entry) else []
            return ListPage(found, answered)
        if not selection.filters and not self.state.differs(revision):
            found, left = self.state.page(selection, start, limit)
        else:
            candidates = self.state.find(selection, start, revision)
            if selection.filters:
                candidates = await _filter(candidates, selection, limit + 1 if limit else 0)
            found = candidates
            left = len(found) - limit if limit else 0
            found = found[:limit] if limit else found
        if left <= 0:
            return ListPage(found, answered)
        token = pages.encode_continue(found[-1].key + "\0", scope, answered)
        return ListPage(found, answered, token, None if selection.filters else left)

    # --- watches ---

    async def watch(self, query: WatchQuery, sink: EventSink) -> RunningWatch:
        pages.parse_version(query.resource_version)
        await self.ready()
        watch = RunningWatch(self, query, sink)
        await watch.start()
        return watch

    def bookmarks_wanted(self) -> None:
        if self._bookmark_timer is None:
            loop = asyncio.get_running_loop()
            self._bookmark_timer = loop.call_later(BOOKMARK_SECONDS, self._send_bookmarks)

    def _send_bookmarks(self) -> None:
        self._bookmark_timer = None
        if not self.fanout.idle:  # what is on its way goes first
            self._bookmark_timer = asyncio.get_running_loop().call_later(0.05, self._send_bookmarks)
            return
        wanting = [watch for watch in self.watches if watch.wants_bookmarks]
        for watch in wanting:
            watch.bookmark(self.revision)
        if wanting:
            self.bookmarks_wanted()

    # --- writes ---

    async def create(self, key: str, obj: dict[str, Any], ttl: int | None = None) -> Entry:
        return await self._write(key, obj, encode(obj), 0, ttl)

    async def update(self, key: str, obj: dict[str, Any], expected: int, ttl: int | None = None) -> Entry:
        present, value = self.state.entries.get(key), encode(obj)
        if present is not None and present.revision == expected and _same(present.data, stamp(value, expected)):
            return present
        return await self._write(key, obj, value, expected, ttl)

    async def _write(self, key: str, obj: dict[str, Any], value: bytes, expected: int, ttl: int | None) -> Entry:
        if not self._loaded:
            await self.ready()
        ttl = self.info.ttl if ttl is None else ttl
        lease = await self._caches.leases.lease_for(ttl) if ttl else 0
        entry = Entry(key, 0, b"", dict(_labels(obj)), self.info.fields(obj))
        result = await self._store.txn(key, value, expected, lease, entry)
        if not result.succeeded:
            if expected == 0 and result.kv is not None:
                raise KeyExists(key)
            raise self._lost_race(key, result.kv)
        assert result.kv is not None
        entry.revision, entry.data = result.revision, result.kv.value
        return entry

    async def delete(self, key: str, expected: int) -> Entry:
        if not self._loaded:
            await self.ready()
        result = await self._store.txn(key, None, expected)
        if not result.succeeded:
            raise self._lost_race(key, result.kv)
        assert result.kv is not None
        last = self._decode(result.kv)
        data = restamp(result.kv.value, result.revision)
        if last is None:
            return Entry(key, result.revision, data, _NOTHING, _NOTHING)
        return Entry(key, result.revision, data, last.labels, last.fields)

    def _lost_race(self, key: str, kv: KeyValue | None) -> KeyMissing | RevisionMismatch:
        current = self._decode(kv) if kv is not None else None
        return KeyMissing(key) if current is None else RevisionMismatch(current)


class _Past:
    """Collects what a store's watch replays."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_events(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    def on_lost(self, error: StoreError) -> None:
        """The next load will see it."""


def _same(left: bytes, right: bytes) -> bool:
    """Is it the same object? The order of the fields may differ, the length then does not."""
    return left == right or (len(left) == len(right) and bool(orjson.loads(left) == orjson.loads(right)))


def _labels(obj: dict[str, Any]) -> Mapping[str, str]:
    return obj["metadata"].get("labels") or _NOTHING


async def _filter(candidates: Sequence[Entry], selection: Selection, limit: int) -> list[Entry]:
    """Those that match, at most `limit` (0: all); a long scan lets others in between."""
    found: list[Entry] = []
    for number, entry in enumerate(candidates, 1):
        if selection.matches(entry):
            found.append(entry)
            if len(found) == limit:
                break
        if number % SCAN_PER_STEP == 0:
            await asyncio.sleep(0)
    return found
