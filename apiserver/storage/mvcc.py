"""The embedded store's state in memory: what every key is now, and how it came to be so, back to the compaction.

Mirrors: etcd's mvcc package (treeIndex, watchableStore), without its B-tree on disk: all values are in memory once,
and the past is a list of records that can be undone. Pure: no I/O, no clock, no event loop.

The past is read by walking the records backwards from now, so a read at revision R costs in proportion to what was
written since R; reads at old revisions are pages of long lists, and those are recent.

Invariant: for every R with compact_revision <= R <= revision the state at R can be told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from minik8s.apiserver.storage.base import CompactedError, Event, FutureRevisionError, KeyValue, RangeResult

_revision_of = attrgetter("revision")


class Record(Event):
    """One write, with what it replaced."""

    __slots__ = ("prev",)

    def __init__(self, key: str, revision: int, kv: KeyValue | None, prev: KeyValue | None, hint: Any = None) -> None:
        super().__init__(key, revision, kv, hint)
        self.prev = prev


class Mvcc:
    """Keys, revisions, history."""

    def __init__(self, revision: int = 1, compact_revision: int = 0) -> None:
        self.revision = revision
        self.compact_revision = compact_revision
        self.current: dict[str, KeyValue] = {}
        self.history: list[Record] = []
        self.history_bytes = 0
        "Bytes of values that only the history keeps alive."

    def apply(self, record: Record) -> None:
        """Make the next write visible."""
        if record.kv is None:
            del self.current[record.key]
        else:
            self.current[record.key] = record.kv
        self.revision = record.revision
        self.history.append(record)
        if record.prev is not None:
            self.history_bytes += len(record.prev.value)

    def check_readable(self, revision: int) -> None:
        if revision > self.revision:
            raise FutureRevisionError(self.revision)
        if revision < self.compact_revision:
            raise CompactedError(self.compact_revision)

    def get(self, key: str, revision: int = 0) -> KeyValue | None:
        if not revision or revision == self.revision:
            return self.current.get(key)
        self.check_readable(revision)
        for record in self.history[self._after(revision) :]:
            if record.key == key:
                return record.prev
        return self.current.get(key)

    def list(self, prefix: str, limit: int = 0, start: str = "", revision: int = 0) -> RangeResult:
        state = self.current
        if revision and revision != self.revision:
            self.check_readable(revision)
            state = self._state_at(prefix, revision)
        keys = sorted(key for key in state if key.startswith(prefix) and key >= start)
        wanted = keys[:limit] if limit else keys
        kvs = [state[key] for key in wanted]
        return RangeResult(kvs, revision or self.revision, len(wanted) < len(keys), len(keys))

    def events_from(self, prefix: str, revision: int) -> Sequence[Record]:
        """The writes at or after `revision` under `prefix`."""
        if revision <= self.compact_revision:
            raise CompactedError(self.compact_revision)
        records = self.history[self._after(revision - 1) :]
        return [record for record in records if record.key.startswith(prefix)]

    def compact(self, revision: int) -> Sequence[int]:
        """Forget what lies before `revision`; returns the revisions of the writes that nobody can see any more, in
        ascending order (a tombstone after the state it ended)."""
        if revision > self.revision:
            raise FutureRevisionError(self.revision)
        if revision <= self.compact_revision:
            return []
        cut = self._after(revision)
        dead: list[int] = []
        for record in self.history[:cut]:
            if record.prev is not None:
                dead.append(record.prev.mod_revision)
                self.history_bytes -= len(record.prev.value)
            if record.kv is None:
                dead.append(record.revision)
        del self.history[:cut]
        self.compact_revision = revision
        return sorted(dead)

    def _after(self, revision: int) -> int:
        return bisect_right(self.history, revision, key=_revision_of)

    def _state_at(self, prefix: str, revision: int) -> dict[str, KeyValue]:
        state = {key: kv for key, kv in self.current.items() if key.startswith(prefix)}
        for record in reversed(self.history[self._after(revision) :]):
            if not record.key.startswith(prefix):
                continue
            if record.prev is None:
                del state[record.key]
            else:
                state[record.key] = record.prev
        return state


def rebuild(rows: Iterable[tuple[int, str, bytes | None, int, int]], compact_revision: int) -> tuple[Mvcc, list[int]]:
    """The state from a log of (revision, key, value, create_revision, lease) rows in revision order.

    Also returns the revisions of rows that a compaction which was cut short left behind.
    """
    state = Mvcc(max(compact_revision, 1), compact_revision)
    leftovers: list[int] = []
    for revision, key, value, create_revision, lease in rows:
        prev = state.current.get(key)
        kv = None if value is None else KeyValue(key, value, create_revision, revision, lease)
        if revision > compact_revision:
            state.apply(Record(key, revision, kv, prev)) if kv or prev else _skip(state, revision)
            continue
        if prev is not None:
            leftovers.append(prev.mod_revision)
        if kv is None:
            leftovers.append(revision)
            state.current.pop(key, None)
        else:
            state.current[key] = kv
    return state, sorted(leftovers)


def _skip(state: Mvcc, revision: int) -> None:
    """A tombstone whose object a compaction already removed takes its revision and nothing else."""
    state.revision = revision
