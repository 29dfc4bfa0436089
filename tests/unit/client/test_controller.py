"""The controller's loop: retries with backoff, conflicts too; requeue; one key at one worker."""

from __future__ import annotations

from typing import Any

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import Conflict
from minik8s.client.controller import Controller
from minik8s.client.informer import InformerFactory
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock

pytest_plugins = ["minik8s.testing.plugin"]


def config(name: str) -> core.ConfigMap:
    return core.ConfigMap(metadata=ObjectMeta(name=name, namespace="default"))


class Counting(Controller):
    """Fails as often as it is told, then asks to be called again after a minute."""

    name = "counting"
    workers = 2

    def __init__(self, client: FakeClient, informers: InformerFactory, failures: int = 0) -> None:
        super().__init__(client)
        self.configs = self.use(informers.informer(core.ConfigMap))
        self.configs.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.failures = failures
        self.calls: list[tuple[float, str]] = []

    async def reconcile(self, key: str) -> float | None:
        self.calls.append((self.clock.monotonic(), key))
        if self.failures:
            self.failures -= 1
            raise Conflict.of("configmaps", key)
        return 60.0


async def started(client: FakeClient, spawn: Any, failures: int = 0) -> Counting:
    informers = InformerFactory(client)
    controller = Counting(client, informers, failures)
    spawn(controller.configs.run())
    spawn(controller.run())
    return controller


async def test_every_object_is_looked_at_and_again_after_what_was_asked(
    api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Any
) -> None:
    api.add(config("a"))
    controller = await started(client, spawn)
    await clock.advance("2m")
    assert [when for when, _ in controller.calls] == [0, 60, 120]


async def test_failures_back_off_and_do_not_stop_the_loop(
    api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Any
) -> None:
    api.add(config("a"))
    controller = await started(client, spawn, failures=3)
    await clock.advance("1s")
    assert [round(when, 3) for when, _ in controller.calls] == [0, 0.005, 0.015, 0.035]
    assert controller.queue.num_requeues("default/a") == 0


async def test_nothing_is_done_before_the_cache_is_complete(
    api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Any
) -> None:
    api.faults.down = True
    controller = await started(client, spawn)
    controller.enqueue("default/a")
    await clock.advance("10m")
    assert controller.calls == []
    api.faults.down = False
    await clock.advance("2m")
    assert [key for _, key in controller.calls][:1] == ["default/a"]
