"""The controller: a queue of keys, and `reconcile(key)` that may be run again at any time without harm.

Mirrors the loop that every controller of kube-controller-manager and kubernetes/sample-controller spells out. A
subclass sets `name`, wires informers' handlers to `enqueue` in its constructor, and writes `reconcile`.

    class ConfigCounter(Controller):
        name = "config-counter"

        def __init__(self, client, informers):
            super().__init__(client)
            self.configs = self.use(informers.informer(core.ConfigMap))
            self.configs.add_handler(lambda event, old, new: self.enqueue(new or old))

        async def reconcile(self, key):
            config = self.configs.get(key)      # None: it is gone
            ...
            return None                          # or seconds until the next look

Level-triggered: a key says "look here", never what changed. Any exception, a Conflict too, means: again after a
backoff.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from minik8s.client.informer import Informer, key_of
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.client.workqueue import QueueShutDown, WorkQueue
from minik8s.clock import Clock

log = get_logger(__name__)
I = TypeVar("I", bound=Informer[Any])  # noqa: E741


class Controller:
    """Base of all controllers: see the module's example."""

    name: str = "controller"
    workers: int = 1

    def __init__(
        self, client: Client, *, name: str | None = None, workers: int | None = None, clock: Clock | None = None
    ) -> None:
        self.client = client
        self.clock: Clock = clock or client.clock
        self.name = name or type(self).name
        self.workers = workers or type(self).workers
        self.queue: WorkQueue[str] = WorkQueue(self.clock)
        self._informers: list[Informer[Any]] = []

    def use(self, informer: I) -> I:
        """Note that `run` must wait until `informer` is synced; gives it back."""
        self._informers.append(informer)
        return informer

    def enqueue(self, obj: Any) -> None:
        """Ask for a look at an object (model or dict) or at a key `namespace/name`."""
        self.queue.add(obj if isinstance(obj, str) else key_of(obj))

    def enqueue_after(self, key: str, seconds: float) -> None:
        """Ask for a look at `key` once `seconds` have passed."""
        self.queue.add_after(key, seconds)

    async def reconcile(self, key: str) -> float | None:
        """Bring one object's world nearer to its spec; seconds until the next look, or None."""
        raise NotImplementedError

    async def run(self) -> None:
        """Wait for the caches, then work until cancelled."""
        for informer in self._informers:
            await informer.wait_synced()
        log.debug("controller started", controller=self.name, workers=self.workers)
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self.workers):
                    tasks.create_task(self._worker(), name=f"{self.name}-{number}")
        finally:
            self.queue.shut_down()

    async def _worker(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except QueueShutDown:
                return
            await self._work(key)

    async def _work(self, key: str) -> None:
        try:
            requeue_after = await self.reconcile(key)
        except Exception as exc:  # noqa: BLE001 - the only broad except: a Conflict lands here too
            # a Conflict is the ordinary way to learn that the cache is behind: no reason for a warning
            report = log.debug if getattr(exc, "code", 0) == 409 else log.warning
            report("reconcile failed", controller=self.name, key=key, error=f"{type(exc).__name__}: {exc}")
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)
            if requeue_after is not None:
                self.queue.add_after(key, requeue_after)
        finally:
            self.queue.done(key)
