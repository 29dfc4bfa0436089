"""A resource's objects in memory, their indexes, and the window of recent changes. Pure: no I/O, no event loop.

Mirrors: storage/cacher/watch_cache.go (the store, its indexers, and the ring of events). Upstream serves old exact
revisions and later pages of a list from etcd; here the window of changes is undone over the present state.

Invariants: `keys` is sorted and holds the keys of `entries`; every change after `floor` is in `history`, in order;
entries are never changed, only replaced.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import attrgetter

from minik8s.apiserver.cache.encoding import restamp
from minik8s.apiserver.cache.interface import Entry
from minik8s.apiserver.cache.selection import Selection

MAX_CHANGES = 50_000
MAX_OLD_BYTES = 48 << 20
MAX_INDEXES = 32
_revision_of = attrgetter("revision")


class Change:
    """One write as watchers see it: from `before` to `after` (None: was not, is no more)."""

    __slots__ = ("_deleted", "after", "before", "frames", "key", "revision")

    def __init__(self, key: str, revision: int, before: Entry | None, after: Entry | None) -> None:
        self.key = key
        self.revision = revision
        self.before = before
        self.after = after
        self.frames: dict[object, bytes] | None = None
        self._deleted = b""

    @property
    def deleted_data(self) -> bytes:
        """The last state, carrying this change's revision: what a watcher is told that the object left."""
        if not self._deleted and self.before is not None:
            self._deleted = restamp(self.before.data, self.revision)
        return self._deleted

    def transition(self, selection: Selection) -> tuple[str, bytes] | None:
        """The event type and object for one who sees only what the selection matches; None: nothing to tell."""
        before, after = self.before, self.after
        was = before is not None and selection.matches(before)
        if after is not None and selection.matches(after):
            return ("MODIFIED" if was else "ADDED"), after.data
        return ("DELETED", self.deleted_data) if was else None

    def forget_frames(self) -> None:
        """After the fan-out: the history keeps states, not their renderings."""
        self.frames = None
        self._deleted = b""


class Index:
    """Keys by the value of one label or field."""

    __slots__ = ("_keys", "_kind", "_name")

    def __init__(self, kind: str, name: str, entries: Iterable[Entry]) -> None:
        self._kind = kind
        self._name = name
        self._keys: dict[str, set[str]] = {}
        for entry in entries:
            self._add(self._value(entry), entry.key)

    def _value(self, entry: Entry) -> str | None:
        """None: an entry without the label is in no set. A field that is not there is empty."""
        if self._kind == "label":
            return entry.labels.get(self._name)
        return entry.fields.get(self._name, "")

    def _add(self, value: str | None, key: str) -> None:
        if value is not None:
            self._keys.setdefault(value, set()).add(key)

    def update(self, before: Entry | None, after: Entry | None) -> None:
        old = self._value(before) if before is not None else None
        new = self._value(after) if after is not None else None
        if old == new:
            return
        if before is not None and old is not None:
            keys = self._keys[old]
            keys.discard(before.key)
            if not keys:
                del self._keys[old]
        if after is not None:
            self._add(new, after.key)

    def find(self, values: tuple[str, ...] | None) -> list[set[str]]:
        """The sets of keys that have one of the values (None: any value)."""
        if values is None:
            return list(self._keys.values())
        return [self._keys[value] for value in set(values) if value in self._keys]


class CacheState:
    """All entries of one resource."""

    def __init__(self, floor: int, entries: Iterable[Entry] = ()) -> None:
        self.entries = {entry.key: entry for entry in entries}
        self.keys = sorted(self.entries)
        self.floor = floor
        self.changed_revision = floor
        self.history: list[Change] = []
        self._old_bytes = 0
        self._indexes: dict[tuple[str, str], Index] = {}

    # --- writing ---

    def apply(self, key: str, entry: Entry | None, revision: int) -> Change | None:
        """Take in the next write; None if it changes nothing here (a delete of what is not known)."""
        before = self.entries.get(key)
        if entry is not None:
            self.entries[key] = entry
            if before is None:
                insort(self.keys, key)
        elif before is not None:
            del self.entries[key]
            del self.keys[bisect_left(self.keys, key)]
        else:
            return None
        for index in self._indexes.values():
            index.update(before, entry)
        change = Change(key, revision, before, entry)
        self.history.append(change)
        self.changed_revision = revision
        if before is not None:
            self._old_bytes += len(before.data)
        if self._old_bytes > MAX_OLD_BYTES or len(self.history) > MAX_CHANGES:
            self.trim(self.history[len(self.history) // 4].revision)
        return change

    def trim(self, revision: int) -> None:
        """Forget the changes up to `revision`."""
        cut = bisect_right(self.history, revision, key=_revision_of)
        for change in self.history[:cut]:
            if change.before is not None:
                self._old_bytes -= len(change.before.data)
        del self.history[:cut]
        self.floor = max(self.floor, revision)

    # --- reading ---

    def changes_after(self, revision: int) -> list[Change]:
        if revision >= self.changed_revision:
            return []
        return self.history[bisect_right(self.history, revision, key=_revision_of) :]

    def page(self, selection: Selection, start: str, limit: int) -> tuple[list[Entry], int]:
        """The page of a present list without selectors, and how many entries are left behind it."""
        low, high = self._bounds(selection, start)
        page = self.keys[low : min(low + limit, high)] if limit else self.keys[low:high]
        return [self.entries[key] for key in page], high - low - len(page)

    def find(self, selection: Selection, start: str = "", revision: int = 0) -> list[Entry]:
        """Candidates in key order, from `start` on, as of `revision` (0: now): all that match and maybe some that do
        not (the caller filters, and may take its time: the list is a snapshot)."""
        past = self._past(revision) if self.differs(revision) else {}
        keys = self._keys_by_index(selection)
        if keys is None:
            keys = self._keys_in_range(selection, start)
            for key in past:  # what is gone now, and was there then
                if key not in self.entries and key.startswith(selection.prefix) and key >= start:
                    insort(keys, key)
        else:
            wanted = {key for key in keys if key.startswith(selection.prefix) and key >= start}
            wanted.update(key for key in past if key.startswith(selection.prefix) and key >= start)
            keys = sorted(wanted)
        entries = self.entries
        if not past:
            return [entries[key] for key in keys]
        found = (past[key] if key in past else entries.get(key) for key in keys)
        return [entry for entry in found if entry is not None]

    def _past(self, revision: int) -> dict[str, Entry | None]:
        """What the keys that changed after `revision` were then."""
        past: dict[str, Entry | None] = {}
        for change in self.changes_after(revision):
            past.setdefault(change.key, change.before)
        return past

    def _range(self, prefix: str) -> tuple[int, int]:
        return bisect_left(self.keys, prefix), bisect_left(self.keys, prefix[:-1] + "0")  # "0" follows "/"

    def differs(self, revision: int) -> bool:
        """Was anything changed since `revision` (0: now)?"""
        return 0 < revision < self.changed_revision

    def _bounds(self, selection: Selection, start: str) -> tuple[int, int]:
        low, high = self._range(selection.prefix) if selection.namespace else (0, len(self.keys))
        return (max(low, bisect_left(self.keys, start)) if start else low), high

    def _keys_in_range(self, selection: Selection, start: str) -> list[str]:
        low, high = self._bounds(selection, start)
        return self.keys[low:high]

    def _keys_by_index(self, selection: Selection) -> list[str] | None:
        """The smallest set of keys that an index gives; None if no index helps."""
        best: list[set[str]] | None = None
        best_size = len(self.keys) // 2
        for kind, name, values in selection.index_terms():
            sets = self._index(kind, name).find(values)
            size = sum(map(len, sets))
            if size <= best_size:
                best, best_size = sets, size
        return None if best is None else [key for keys in best for key in keys]

    def _index(self, kind: str, name: str) -> Index:
        """Built on first use; the one used longest ago makes place."""
        index = self._indexes.pop((kind, name), None)
        if index is None:
            index = Index(kind, name, self.entries.values())
            if len(self._indexes) >= MAX_INDEXES:
                del self._indexes[next(iter(self._indexes))]
        self._indexes[kind, name] = index
        return index
