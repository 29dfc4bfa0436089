"""Watch events that have to pass a conversion webhook before they are shown.

The cache pushes rendered events synchronously; a webhook takes time. So the cache renders the stored form, and this
sink converts event by event, in order, before the connection gets them. An event that cannot be converted ends the
watch with an ERROR event, as upstream does; the client lists again.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import orjson

from minik8s.api.status import ApiError
from minik8s.apiserver.cache.interface import EventSink, View


class Converting(Protocol):
    """A resource that converts through a webhook."""

    async def convert(self, objects: list[dict[str, Any]]) -> list[dict[str, Any]]: ...
    def read(self, obj: dict[str, Any]) -> dict[str, Any]: ...


class ConvertingSink:
    """Between the cache (which renders JSON_LINES) and the connection (which gets `view`'s rendering)."""

    def __init__(self, inner: EventSink, resource: Converting, view: View) -> None:
        self._inner, self._resource, self._view = inner, resource, view
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = 0
        self._task = asyncio.create_task(self._pump(), name="convert-watch")

    def push(self, chunk: bytes) -> None:
        self._waiting += len(chunk)
        self._queue.put_nowait(chunk)

    def buffered(self) -> int:
        return self._waiting + self._inner.buffered()

    async def drain(self) -> None:
        await self._inner.drain()

    def close(self) -> None:
        self._queue.put_nowait(None)

    def stop(self) -> None:
        """The client went away."""
        self._task.cancel()

    async def _pump(self) -> None:
        while (chunk := await self._queue.get()) is not None:
            for line in chunk.splitlines():
                event = orjson.loads(line)
                try:
                    shown = await self._show(event)
                except ApiError as error:
                    self._inner.push(self._view.render("ERROR", orjson.dumps(error.to_status())))
                    self._inner.close()
                    return
                self._inner.push(self._view.render(event["type"], shown))
            self._waiting -= len(chunk)
        self._inner.close()

    async def _show(self, event: dict[str, Any]) -> bytes:
        obj = event["object"]
        if event["type"] in ("BOOKMARK", "ERROR"):
            return orjson.dumps(obj)
        converted = await self._resource.convert([obj])
        return orjson.dumps(self._resource.read(converted[0]))
