"""The embedded store: one file, one process, group commit.

Mirrors: the role that etcd plays for upstream. Reads, history and watches are served from memory (mvcc.py); a write
is compared and given its revision on the event loop, waits with all others that came meanwhile for one append to the
file (commit_log.py), becomes visible, is told to the watches, and only then is acknowledged, in that order.

While a write waits it is visible to nobody but to later writes of the same key: they are compared against it. If it
then fails to reach the disk, all that wait fail with it, since they may have been compared against it.

Left out: several processes on one file (a lock refuses the second), defragmentation (SQLite reuses free pages).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from minik8s.apiserver.storage.base import (
    MAX_VALUE_BYTES,
    Event,
    KeyValue,
    RangeResult,
    Stamp,
    StoreError,
    StoreUnavailable,
    Subscription,
    TxnResult,
    ValueTooLarge,
    WatchSink,
    no_stamp,
)
from minik8s.apiserver.storage.commit_log import MAX_ROWS, CommitLog, Row, Statement
from minik8s.apiserver.storage.leases import Leases
from minik8s.apiserver.storage.mvcc import Mvcc, Record, rebuild
from minik8s.client.log import get_logger

log = get_logger(__name__)
_DELETE_ROWS = "DELETE FROM log WHERE revision IN (SELECT value FROM json_each(?))"
_SET_COMPACTED = "INSERT OR REPLACE INTO meta VALUES ('compact_revision', ?)"
BATCH_BYTES = 4 << 20
CLOSE_SECONDS = 2.0
HISTORY_BYTES = 64 << 20
"Beyond this much memory held by old states alone the older half of the history is compacted early."


_Waiting = tuple[Record, asyncio.Future[None]]
_Statement = tuple[Statement, asyncio.Future[None]]


class _Watch:
    """A sink and what it wants; called by the store on each commit."""

    def __init__(self, watches: set[_Watch], prefix: str, from_revision: int, sink: WatchSink) -> None:
        self._watches = watches
        self._prefix = prefix
        self._from = from_revision
        self.sink = sink

    def deliver(self, events: Sequence[Event]) -> None:
        if self._prefix or events[0].revision < self._from:
            prefix, first = self._prefix, self._from
            events = [event for event in events if event.revision >= first and event.key.startswith(prefix)]
        if events:
            self.sink.on_events(events)

    def cancel(self) -> None:
        self._watches.discard(self)


class EmbeddedStore:
    """A Store (see base.py) in one file."""

    synchronous = True

    def __init__(self, path: Path | str, stamp: Stamp = no_stamp, now: Callable[[], float] = time.time) -> None:
        self.stamp = stamp
        self._now = now
        self._log = CommitLog(Path(path))
        self._state = Mvcc()
        self._leases = Leases()
        self._watches: set[_Watch] = set()
        self._next_revision = 1
        self._pending: dict[str, _Waiting] = {}  # the newest write per key that is not on disk yet
        self._queue: list[_Waiting] = []
        self._statements: list[_Statement] = []
        self._committing = False
        self._flush_scheduled = False
        self._open = False
        self._loop: asyncio.AbstractEventLoop
        self._expiry_timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- life ---

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        compact_revision, rows, leases = await asyncio.to_thread(self._log.open)
        self._state, leftovers = rebuild(rows, compact_revision)
        self._next_revision = self._state.revision + 1
        for lease, _, expires in leases:
            self._leases.add(lease, expires)
        for kv in self._state.current.values():
            self._leases.moved(kv.key, None, kv)
        self._open = True
        if leftovers:
            self._delete_rows(leftovers)
        self._arm_expiry()

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._expiry_timer is not None:
            self._expiry_timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)  # rows being deleted
        for task in list(self._tasks):
            task.cancel()
        while self._queue or self._statements or self._committing:
            await asyncio.wait([self._run_statement("SELECT 1")])  # behind everything that waits
        await asyncio.to_thread(self._log.close)
        for watch in list(self._watches):
            watch.cancel()
            watch.sink.on_lost(StoreUnavailable("the store was closed"))

    @property
    def revision(self) -> int:
        return self._state.revision

    @property
    def history_start(self) -> int:
        return max(self._state.compact_revision, 1)

    def _check_open(self) -> None:
        if not self._open:
            raise StoreUnavailable("the store is closed")

    # --- reads ---

    async def current_revision(self) -> int:
        self._check_open()
        return self._state.revision

    async def healthy(self) -> bool:
        return self._open and not self._log.broken

    async def get(self, key: str, revision: int = 0) -> KeyValue | None:
        self._check_open()
        return self._state.get(key, revision)

    async def list(self, prefix: str, limit: int = 0, start: str = "", revision: int = 0) -> RangeResult:
        self._check_open()
        return self._state.list(prefix, limit, start, revision)

    async def watch(self, prefix: str, from_revision: int, sink: WatchSink) -> Subscription:
        self._check_open()
        if from_revision and from_revision <= self._state.revision:
            missed = self._state.events_from(prefix, from_revision)
            if missed:
                sink.on_events(missed)
        watch = _Watch(self._watches, prefix, max(from_revision, self._state.revision + 1), sink)
        self._watches.add(watch)
        return watch

    # --- writes ---

    async def txn(
        self, key: str, value: bytes | None, expected: int | None = None, lease: int = 0, hint: Any = None
    ) -> TxnResult:
        self._check_open()
        if value is not None and len(value) > MAX_VALUE_BYTES:
            raise ValueTooLarge
        if lease:
            self._leases.check(lease)
        waiting = self._pending.get(key)
        before = waiting[0].kv if waiting is not None else self._state.current.get(key)
        found = before.mod_revision if before is not None else 0
        if (expected is not None and expected != found) or (value is None and before is None):
            if waiting is not None:
                await asyncio.wait([waiting[1]])  # what it lost against must be true before it is told
            return TxnResult(False, self._state.revision, self._state.current.get(key))
        revision = self._next_revision
        self._next_revision = revision + 1
        kv = None
        if value is not None:
            created = before.create_revision if before is not None else revision
            kv = KeyValue(key, self.stamp(value, revision), created, revision, lease)
        await self._enqueue(Record(key, revision, kv, before, hint))
        return TxnResult(True, revision, kv if kv is not None else before)

    def _enqueue(self, record: Record) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        self._pending[record.key] = (record, future)
        self._queue.append((record, future))
        self._schedule_flush()
        return future

    def _schedule_flush(self) -> None:
        # Not at once: what the rest of this loop iteration writes shares the sync.
        if not self._committing and not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        if self._committing or not (self._queue or self._statements):
            return
        count = _batch_size(self._queue)
        batch, self._queue = self._queue[:count], self._queue[count:]
        statements, self._statements = self._statements, []
        rows = [_row_of(record) for record, _ in batch]
        self._committing = True

        def done(error: Exception | None) -> None:
            self._loop.call_soon_threadsafe(self._committed, batch, statements, error)

        self._log.submit(rows, [statement for statement, _ in statements], done)

    def _committed(self, batch: Sequence[_Waiting], statements: Sequence[_Statement], error: Exception | None) -> None:
        self._committing = False
        waiters = [future for _, future in batch] + [future for _, future in statements]
        if error is not None:
            self._fail(waiters, error)
            return
        if batch:
            self._publish([record for record, _ in batch])
        self._flush()  # the disk works on the next batch while this one's writers go on
        for future in waiters:
            if not future.done():
                future.set_result(None)

    def _publish(self, records: Sequence[Record]) -> None:
        state, leases, pending = self._state, self._leases, self._pending
        for record in records:
            state.apply(record)
            waiting = pending.get(record.key)
            if waiting is not None and waiting[0] is record:
                del pending[record.key]
            if (record.kv is not None and record.kv.lease) or (record.prev is not None and record.prev.lease):
                leases.moved(record.key, record.prev, record.kv)
        for watch in list(self._watches):
            try:
                watch.deliver(records)
            except Exception as error:  # noqa: BLE001 - a sink's fault must not keep writers waiting, nor leave it with a gap
                log.error("a watch failed", error=repr(error))
                watch.cancel()
                watch.sink.on_lost(StoreError(f"the watch failed: {error!r}"))
        for record in records:
            record.hint = None  # the history needs no decoded objects
        if state.history_bytes > HISTORY_BYTES:
            self._compact_to(state.history[len(state.history) // 2].revision)

    def _fail(self, waiters: Iterable[asyncio.Future[None]], error: Exception) -> None:
        failed = [*waiters, *(future for _, future in self._queue), *(future for _, future in self._statements)]
        self._queue, self._statements = [], []
        self._pending.clear()
        self._next_revision = self._state.revision + 1
        for future in failed:
            if not future.done():
                future.set_exception(error)

    def _run_statement(self, sql: str, *parameters: object) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        self._statements.append(((sql, parameters), future))
        self._schedule_flush()
        return future

    # --- compaction ---

    async def compact(self, revision: int) -> None:
        self._check_open()
        self._compact_to(revision)

    def _compact_to(self, revision: int) -> None:
        before = self._state.compact_revision
        dead = self._state.compact(revision)
        if self._state.compact_revision == before:
            return
        # The mark goes first: rows must not vanish from a history that is still promised.
        mark = self._run_statement(_SET_COMPACTED, revision)
        self._delete_rows(dead, after=mark)

    def _delete_rows(self, revisions: Sequence[int], after: asyncio.Future[None] | None = None) -> None:
        """In pieces and in ascending order, so that writes get in between and a cut leaves no ended state behind."""

        async def work() -> None:
            try:
                if after is not None:
                    await after
                for at in range(0, len(revisions), 500):
                    await self._run_statement(_DELETE_ROWS, json.dumps(revisions[at : at + 500]))
            except StoreError:
                return  # the next start finds what is left over

        task = self._loop.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- leases ---

    async def grant_lease(self, ttl: int) -> int:
        self._check_open()
        lease, expires = self._leases.next_id(), self._now() + ttl
        await self._run_statement("INSERT INTO lease VALUES (?, ?, ?)", lease, ttl, expires)
        self._leases.add(lease, expires)
        self._arm_expiry()
        return lease

    async def revoke_lease(self, lease: int) -> None:
        self._check_open()
        await asyncio.gather(*(self._delete_leased(key, lease) for key in self._leases.keys(lease)))
        self._leases.remove(lease)
        await self._run_statement("DELETE FROM lease WHERE id = ?", lease)

    async def _delete_leased(self, key: str, lease: int) -> None:
        kv = self._state.current.get(key)
        if kv is not None and kv.lease == lease:
            await self.txn(key, None, kv.mod_revision)

    async def expire_leases(self) -> None:
        """Delete the keys of leases whose time is over."""
        for lease in self._leases.due(self._now()):
            await self.revoke_lease(lease)
        self._arm_expiry()

    def _arm_expiry(self) -> None:
        expiry = self._leases.next_expiry()
        if self._expiry_timer is not None:
            self._expiry_timer.cancel()
            self._expiry_timer = None
        if expiry is not None and self._open:
            delay = min(max(expiry - self._now(), 0.05), 3600)
            self._expiry_timer = self._loop.call_later(delay, self._start_expiry)

    def _start_expiry(self) -> None:
        task = self._loop.create_task(self._expire_quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _expire_quietly(self) -> None:
        try:
            await self.expire_leases()
        except StoreError:
            if self._open:  # the disk was full, say: try again, the keys must go
                self._expiry_timer = self._loop.call_later(5, self._start_expiry)


def _batch_size(queue: Sequence[_Waiting]) -> int:
    """How many of the waiting writes go into one commit: large ones must not hold up the many for long."""
    size = 0
    for count, (record, _) in enumerate(queue[:MAX_ROWS]):
        size += len(record.kv.value) if record.kv is not None else 0
        if size > BATCH_BYTES and count:
            return count
    return min(len(queue), MAX_ROWS)


def _row_of(record: Record) -> Row:
    kv = record.kv
    if kv is None:
        return (record.revision, record.key, None, 0, 0)
    return (record.revision, record.key, kv.value, kv.create_revision, kv.lease)
