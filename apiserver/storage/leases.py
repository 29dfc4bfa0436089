"""Leases of the embedded store: which keys go when their time is over.

Mirrors: etcd's lease package (lessor), without keep-alive: the API server only uses leases to let events expire.
Pure: the caller brings the time. A restart keeps the expiry times (etcd grants the full time again).
"""

from __future__ import annotations

from minik8s.apiserver.storage.base import KeyValue, LeaseNotFound


class Leases:
    """Lease ids, their expiry (epoch seconds) and the keys attached to them."""

    def __init__(self) -> None:
        self._expires: dict[int, float] = {}
        self._keys: dict[int, set[str]] = {}
        self._last_id = 0

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add(self, lease: int, expires: float) -> None:
        self._expires[lease] = expires
        self._keys[lease] = set()
        self._last_id = max(self._last_id, lease)

    def check(self, lease: int) -> None:
        if lease not in self._expires:
            raise LeaseNotFound(str(lease))

    def keys(self, lease: int) -> list[str]:
        self.check(lease)
        return sorted(self._keys[lease])

    def remove(self, lease: int) -> None:
        self._expires.pop(lease, None)
        self._keys.pop(lease, None)

    def moved(self, key: str, before: KeyValue | None, after: KeyValue | None) -> None:
        """A key was written: it belongs to the lease of its last write only."""
        if before is not None and before.lease:
            self._keys.get(before.lease, set()).discard(key)
        if after is not None and after.lease in self._keys:
            self._keys[after.lease].add(key)

    def due(self, now: float) -> list[int]:
        return [lease for lease, expires in self._expires.items() if expires <= now]

    def next_expiry(self) -> float | None:
        return min(self._expires.values(), default=None)
