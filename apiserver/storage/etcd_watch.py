"""One watch on etcd that outlives connections.

Mirrors: storage/etcd3/watcher.go and the resuming part of etcd's clientv3/watch.go. The task below opens a stream,
asks for everything from the next revision on, and tells the sink; when the stream breaks it waits (100 ms, doubling
to 2 s) and asks again from behind the last revision it has told. Events of one revision come in one message, so the
last revision is always a clean cut. Only a compaction of revisions it has not told yet ends it: `on_lost`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minik8s.apiserver.storage.base import CompactedError, Event, StoreError, StoreUnavailable, WatchSink
from minik8s.client.log import get_logger

if TYPE_CHECKING:
    from minik8s.apiserver.storage.etcd import EtcdStore

log = get_logger(__name__)
FIRST_BACKOFF = 0.1
LAST_BACKOFF = 2.0


class EtcdWatch:
    """A Subscription."""

    def __init__(self, store: EtcdStore, rpc: Any, stub: Any, prefix: str, from_revision: int, sink: WatchSink) -> None:
        self._store = store
        self._rpc = rpc
        self._stub = stub
        self._prefix = prefix
        self._next = from_revision
        self._sink = sink
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._told_something = False
        self.on_done: Callable[[EtcdWatch], None] = lambda watch: None

    async def open(self, timeout: float) -> None:
        """Start; returns when etcd has confirmed the watch."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            await asyncio.wait_for(asyncio.shield(self._opened), timeout)
        except TimeoutError:
            self.cancel()
            raise StoreUnavailable("etcd: the watch could not be opened") from None

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.on_done(self)

    def close(self, error: StoreError) -> None:
        """End for good, and say so."""
        if self._task is not None:
            self.cancel()
            self._sink.on_lost(error)

    async def _run(self) -> None:
        backoff = FIRST_BACKOFF
        while True:
            try:
                await self._stream()
            except CompactedError as error:
                return self._lose(error)
            except self._rpc.AioRpcError:
                pass  # etcd is away: the requests say so, the watch just comes back
            except Exception as error:  # noqa: BLE001 - the sink's fault: it must not stay behind with a gap
                return self._lose(StoreError(f"the watch failed: {error!r}"))
            backoff = FIRST_BACKOFF if self._told_something else min(2 * backoff, LAST_BACKOFF)
            await asyncio.sleep(backoff)

    def _lose(self, error: StoreError) -> None:
        log.warning("a watch on etcd ended", prefix=self._prefix, error=str(error))
        self._task = None
        self.on_done(self)
        self._sink.on_lost(error)

    async def _stream(self) -> None:
        """One connection's life."""
        from minik8s.apiserver.storage.etcd import range_end

        self._told_something = False
        call = self._stub.Watch()
        try:
            create = self._rpc.WatchCreateRequest(
                key=self._prefix.encode() or b"\0",
                range_end=range_end(self._prefix),
                start_revision=self._next,
                progress_notify=True,
            )
            await call.write(self._rpc.WatchRequest(create_request=create))
            async for response in call:
                self._on_response(response)
                if response.canceled:
                    return
        finally:
            with contextlib.suppress(asyncio.InvalidStateError):
                call.cancel()

    def _on_response(self, response: Any) -> None:
        revision = response.header.revision
        self._store.saw_revision(revision, response.compact_revision)
        if response.compact_revision:
            raise CompactedError(response.compact_revision)
        if response.created:
            self._next = self._next or revision + 1
            if not self._opened.done():
                self._opened.set_result(None)
            return
        self._told_something = True
        if response.events:
            events = [self._event(event) for event in response.events]
            self._next = events[-1].revision + 1
            self._sink.on_events(events)
        elif not response.canceled:  # a progress notification: all up to here was told
            self._next = max(self._next, revision + 1)

    def _event(self, event: Any) -> Event:
        kv = event.kv
        if event.type == self._rpc.Event.DELETE:
            return Event(kv.key.decode(), kv.mod_revision, None)
        return Event(kv.key.decode(), kv.mod_revision, self._store.key_value(kv))
