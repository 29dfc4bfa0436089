"""Leases for objects that are deleted by themselves (events live an hour).

Mirrors: storage/etcd3/lease_manager.go: a lease is shared by what is written within a minute (at most a thousand
objects), and lives that minute longer than asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from minik8s.apiserver.storage.base import Store

REUSE_SECONDS = 60
MAX_OBJECTS = 1000


class LeaseBook:
    """The lease to write under, per time to live."""

    def __init__(self, store: Store, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now = now
        self._open: dict[int, tuple[int, float, int]] = {}  # ttl: lease, reusable until, objects

    async def lease_for(self, ttl: int) -> int:
        lease, until, objects = self._open.get(ttl, (0, 0.0, 0))
        if not lease or self._now() > until or objects >= MAX_OBJECTS:
            reuse = min(REUSE_SECONDS, ttl // 20)
            lease, objects = await self._store.grant_lease(ttl + reuse), 0
            until = self._now() + reuse
        self._open[ttl] = (lease, until, objects + 1)
        return lease
