"""The Store protocol: etcd v3's model, made small.

Mirrors: etcd's KV, Watch and Lease services as upstream's apiserver uses them
(staging/src/k8s.io/apiserver/pkg/storage/etcd3). One global revision grows by one with every write; every key
remembers the revision that created it and the one that last changed it; a write may demand the latter
(compare-and-swap); any revision that was not compacted away can be read and watched from.

Left out: ranges that are not prefixes, transactions over several keys (each object has a revision of its own, and
two in one transaction would share it), lease keep-alive.

Invariants every backend keeps, and tests/component/storage/test_store_contract.py holds them to:

* an acknowledged write is durable, and every read that starts after the acknowledgement sees it;
* watch events arrive in revision order, none twice, none left out, across reconnections;
* nothing below the compaction revision is answered from guesses: `CompactedError` instead.

Values are bytes. A backend takes a `stamp(value, revision)` function and hands every value out stamped: Kubernetes
objects carry their own revision inside (`metadata.resourceVersion`), which is known only once the write has its
revision. Stamping at this border means that one and the same bytes object serves the store's memory, its history,
the watch cache and every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

MAX_VALUE_BYTES = 1_500_000
"etcd's default --max-request-bytes is 1.5 MiB, the request's frame included; both backends draw the line here."

Stamp = Callable[[bytes, int], bytes]


def no_stamp(value: bytes, revision: int) -> bytes:
    """The stamp of plain values: nothing is written into them."""
    return value


class StoreError(Exception):
    """Something the store could not do."""


class CompactedError(StoreError):
    """The asked-for revision was compacted away. `compact_revision` is the oldest that can still be read."""

    def __init__(self, compact_revision: int) -> None:
        super().__init__(f"required revision has been compacted; the oldest kept is {compact_revision}")
        self.compact_revision = compact_revision


class FutureRevisionError(StoreError):
    """The asked-for revision has not been written yet."""

    def __init__(self, current_revision: int) -> None:
        super().__init__(f"required revision is a future revision; the current one is {current_revision}")
        self.current_revision = current_revision


class StoreUnavailable(StoreError):
    """The store cannot be reached or is shut down. The write that got this may or may not have happened."""


class StoreLocked(StoreError):
    """Another process holds the embedded store's file."""


class ValueTooLarge(StoreError):
    """The value is larger than MAX_VALUE_BYTES: answer 413 RequestEntityTooLarge (upstream: 500 with this text)."""

    def __init__(self) -> None:
        super().__init__("etcdserver: request is too large")


class LeaseNotFound(StoreError):
    """The lease does not exist (any more)."""


class KeyValue:
    """One key at one revision. Immutable by agreement: it is shared between history, caches and answers."""

    __slots__ = ("create_revision", "key", "lease", "mod_revision", "value")

    def __init__(self, key: str, value: bytes, create_revision: int, mod_revision: int, lease: int = 0) -> None:
        self.key = key
        self.value = value
        self.create_revision = create_revision
        self.mod_revision = mod_revision
        self.lease = lease

    def __repr__(self) -> str:
        return f"KeyValue({self.key!r}, {len(self.value)} bytes, {self.create_revision}..{self.mod_revision})"


class Event:
    """One change: `kv` is the new state, or None when the key was deleted.

    `hint` is what the writer passed to `txn` when the write came through this very store object, else None: a
    writer that has the decoded object at hand spares the watcher from decoding it again.
    """

    __slots__ = ("hint", "key", "kv", "revision")

    def __init__(self, key: str, revision: int, kv: KeyValue | None, hint: Any = None) -> None:
        self.key = key
        self.revision = revision
        self.kv = kv
        self.hint = hint

    @property
    def type(self) -> Literal["PUT", "DELETE"]:
        return "DELETE" if self.kv is None else "PUT"

    def __repr__(self) -> str:
        return f"Event({self.type} {self.key!r} at {self.revision})"


@dataclass(frozen=True, slots=True)
class RangeResult:
    """A page of keys in key order, as they were at `revision`.

    `more` says that keys after the last one were left out by `limit`; `count` is how many keys there are from
    `start` on, whatever the limit.
    """

    kvs: list[KeyValue]
    revision: int
    more: bool
    count: int


@dataclass(frozen=True, slots=True)
class TxnResult:
    """The outcome of one compare-and-write.

    succeeded: `kv` is what was written, or, for a delete, what was removed; `revision` is the write's own.
    not succeeded: nothing was written, `kv` is the key's present state (None if absent), `revision` the store's.
    """

    succeeded: bool
    revision: int
    kv: KeyValue | None


class WatchSink(Protocol):
    """What a watch calls, on the event loop's thread. Neither method may block or raise."""

    def on_events(self, events: Sequence[Event]) -> None:
        """Events in revision order. For writes through this store object on the embedded backend this is called
        before the write is acknowledged."""

    def on_lost(self, error: StoreError) -> None:
        """The watch ended for good (revision compacted while disconnected, store closed). No call follows."""


class Subscription(Protocol):
    """A running watch."""

    def cancel(self) -> None:
        """Stop; no sink call follows. May be called twice."""


class Store(Protocol):
    """A backend. Used from one event loop; `start` before anything else, `close` last."""

    stamp: Stamp

    @property
    def revision(self) -> int:
        """The newest revision known here, without asking anybody. Exact for the embedded backend."""

    @property
    def synchronous(self) -> bool:
        """True when watch sinks have been called for a write before any reader could know of it (one process holds
        the store), so that a cache fed by a watch needs no barrier for consistent reads."""

    @property
    def history_start(self) -> int:
        """A cache may be loaded as of this revision and brought up to date by a watch at no great cost, so that
        clients can resume their watches across a restart. 0: unknown, load the present state."""

    async def start(self) -> None:
        """Open the file or connect; returns when reads and writes work, raises StoreUnavailable/StoreLocked if not."""

    async def close(self) -> None:
        """Finish the writes that wait, end the watches, release the file. Idempotent."""

    async def current_revision(self) -> int:
        """The revision of the newest acknowledged write of anyone (linearizable)."""

    async def get(self, key: str, revision: int = 0) -> KeyValue | None:
        """The key now, or as of `revision`. Raises CompactedError, FutureRevisionError."""

    async def list(self, prefix: str, limit: int = 0, start: str = "", revision: int = 0) -> RangeResult:
        """Keys with `prefix`, not below `start`, in key order, at most `limit` (0: all), now or as of `revision`."""

    async def txn(
        self, key: str, value: bytes | None, expected: int | None = None, lease: int = 0, hint: Any = None
    ) -> TxnResult:
        """Write `value` (None: delete) if the key's mod_revision is `expected` (0: absent; None: no condition).

        Deleting an absent key does not succeed and takes no revision. Raises LeaseNotFound, ValueTooLarge,
        StoreUnavailable.
        """

    async def watch(self, prefix: str, from_revision: int, sink: WatchSink) -> Subscription:
        """Deliver every event at or after `from_revision` (0: from the next one) under `prefix` to `sink`.

        Raises CompactedError when `from_revision` is not kept any more. Reconnects by itself; when it cannot go on
        without a gap, `sink.on_lost(CompactedError)`.
        """

    async def compact(self, revision: int) -> None:
        """Forget all states that no reader at or after `revision` could see. Compacting twice is no error."""

    async def grant_lease(self, ttl: int) -> int:
        """A lease that expires in `ttl` seconds; the keys written under it are deleted then."""

    async def revoke_lease(self, lease: int) -> None:
        """Delete the lease's keys now. Raises LeaseNotFound."""

    async def healthy(self) -> bool:
        """Does a linearizable read work now (for /readyz)?"""
