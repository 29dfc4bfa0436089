"""Fixtures of the controllers' tests: an API server in memory, virtual time, and a manager's context over both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.client.controller import Controller
from minik8s.client.resources import Resource, resolve
from minik8s.controllers.context import Context
from minik8s.controllers.options import Options
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.plugin import api as api
from minik8s.testing.plugin import client as client
from minik8s.testing.plugin import clock as clock
from minik8s.testing.time import VirtualClock, settle


class Bench:
    """One context, its controllers running, and hands to play the kubelet with."""

    def __init__(self, api: FakeAPI, client: FakeClient, clock: VirtualClock) -> None:
        self.api, self.client, self.clock = api, client, clock
        self.context = Context(client, Options())
        self.resources: list[Resource] = []
        client.discover = self._discover  # type: ignore[method-assign]
        self._task: asyncio.Task[None] | None = None

    async def _discover(self, *, strict: bool = False) -> list[Resource]:
        return self.resources

    def discoverable(self, *kinds: Any) -> None:
        """What discovery answers."""
        self.resources = [resolve(kind) for kind in kinds]

    async def start(self, *factories: Callable[[Context], Controller]) -> list[Controller]:
        controllers = [factory(self.context) for factory in factories]

        async def main() -> None:
            async with asyncio.TaskGroup() as tasks:
                self.context.informers.start(tasks)
                for controller in controllers:
                    tasks.create_task(controller.run())

        self._task = asyncio.ensure_future(main())
        await self.clock.advance(0.1)
        return controllers

    async def rest(self, duration: str | float = 0.1) -> None:
        """Let everything happen that is due."""
        await self.clock.advance(duration)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.context.close()
        await settle()

    def pods(self, namespace: str = "default") -> list[core.Pod]:
        return list(self.api.objects(core.Pod, namespace))

    def set_ready(self, pod: core.Pod, ready: bool = True, node: str = "n1", ip: str = "10.0.0.1") -> None:
        """What a kubelet would report."""
        changed = self.api.get(core.Pod, pod.metadata.name, pod.metadata.namespace).model_copy(deep=True)
        changed.spec.node_name = node
        changed.status = core.PodStatus(
            phase="Running",
            pod_ip=ip,
            pod_ips=[core.PodIP(ip=ip)],
            conditions=[
                core.PodCondition(
                    type="Ready",
                    status="True" if ready else "False",
                    last_transition_time=format_time(self.clock.now()),
                )
            ],
        )
        self.api.add(changed)

    async def run_all_pods(self, namespace: str = "default") -> None:
        for pod in self.pods(namespace):
            if pod.status.phase != "Running" and pod.metadata.deletion_timestamp is None:
                self.set_ready(pod)
        await self.rest()

    def finish_deletions(self, namespace: str = "default") -> None:
        """The kubelet confirms that terminating pods have ended."""
        for pod in self.pods(namespace):
            if pod.metadata.deletion_timestamp is not None and not pod.metadata.finalizers:
                self.api.remove(core.Pod, pod.metadata.name, namespace)

    async def events(self, reason: str = "") -> list[str]:
        await self.rest(1)
        found = self.api.objects(core.Event)
        return [event.message or "" for event in found if not reason or event.reason == reason]


@pytest.fixture
async def bench(api: FakeAPI, client: FakeClient, clock: VirtualClock) -> AsyncIterator[Bench]:
    bench = Bench(api, client, clock)
    yield bench
    await bench.stop()
