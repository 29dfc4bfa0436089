"""Periodic compaction: history is kept for five to ten minutes.

Mirrors: storage/etcd3/compact.go. Every interval the store is compacted to the revision it had an interval ago.
Upstream elects one API server to do so through a key; several doing it is harmless here, since none forgets anything
younger than an interval.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from minik8s.apiserver.storage.base import Store, StoreError
from minik8s.client.log import get_logger

log = get_logger(__name__)


class Compactor:
    """Compacts `store` every `interval` seconds (0: never) and tells `on_compacted` the revision."""

    def __init__(self, store: Store, interval: float, on_compacted: Callable[[int], None]) -> None:
        self._store = store
        self._interval = interval
        self._on_compacted = on_compacted
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._interval > 0:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        noted = 0
        while True:
            try:
                noted = await self.compact_to(noted)
            except StoreError as error:
                log.warning("compaction failed", error=str(error))
            await asyncio.sleep(self._interval)

    async def compact_to(self, revision: int) -> int:
        """One round: compact to what was noted a round ago, note the present."""
        present = await self._store.current_revision()
        if revision:
            await self._store.compact(revision)
            self._on_compacted(revision)
        return present
