"""A watch that only says that something changed: for loops that then look at the cache."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class Changes:
    """View and sink of one watch (cache.interface). ``broken``: the watch has to be started (again)."""

    key: Hashable = "changes"

    def __init__(self) -> None:
        self.broken = True
        self._event = asyncio.Event()

    def render(self, type: str, data: bytes) -> bytes:
        return b"."

    def push(self, chunk: bytes) -> None:
        self._event.set()

    def buffered(self) -> int:
        return 0

    async def drain(self) -> None:
        """Nothing is ever kept."""

    def close(self) -> None:
        self.broken = True
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until something changed, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
