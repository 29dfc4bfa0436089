"""A kubelet on an API server in memory and the fake runtime, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.kubelet import Kubelet
from minik8s.kubelet.runtimes.base import RuntimeOptions
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock, settle

NODE = "n1"


class Rig:
    """One node. `restart()` is a new kubelet process on the same runtime."""

    def __init__(self, clock: VirtualClock, api: FakeAPI, client: FakeClient, root: Path) -> None:
        self.clock, self.api, self.client, self.root = clock, api, client, root
        self.runtime = FakeRuntime(RuntimeOptions(NODE, root), clock)
        self.config = KubeletConfig(NODE, root, runtime="fake", node_ip="10.0.0.1", simulated=True)
        self.kubelet: Kubelet | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, **changes: Any) -> None:
        self.config = replace(self.config, **changes)
        self.kubelet = Kubelet(self.config, self.client, self.runtime, self.clock)
        self._task = asyncio.create_task(self.kubelet.run())
        await settle()
        assert self.kubelet.ready

    async def stop(self) -> None:
        """As `kill -9`: nothing is told to anybody."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await settle()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def behave(self, name: str, **fields: Any) -> None:
        self.runtime.behave(name, Behaviour(**fields))

    async def add(self, pod: core.Pod) -> None:
        self.api.add(pod)
        await settle()

    async def pod(self, name: str = "web") -> core.Pod:
        return await self.client.get(core.Pod, name, "default")

    async def exists(self, name: str = "web") -> bool:
        return any(p.metadata.name == name for p in await self.client.list(core.Pod, "default"))

    async def status(self, name: str = "web") -> core.PodStatus:
        return (await self.pod(name)).status

    async def until(self, condition: Callable[[], bool | Awaitable[bool]]) -> None:
        """Real waiting, for what threads do (files); virtual time goes on beside it."""
        for _ in range(500):
            result = condition()
            if result if isinstance(result, bool) else await result:
                return
            await asyncio.sleep(0.005)
            await self.clock.advance("100ms")
        raise AssertionError("the condition did not come true")

    async def events(self) -> list[tuple[str, str]]:
        await self.clock.advance("2s")
        return [(e.reason or "", e.message or "") for e in await self.client.list(core.Event, "default")]

    @staticmethod
    def condition(status: core.PodStatus, kind: str) -> core.PodCondition:
        return next(c for c in status.conditions if c.type == kind)

    @staticmethod
    def make_pod(name: str = "web", **spec: Any) -> core.Pod:
        return _make_pod(name, **spec)


def _make_pod(name: str = "web", **spec: Any) -> core.Pod:
    body = {
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": {
            "nodeName": NODE,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "enableServiceLinks": True,
            "containers": [{"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent"}],
            **spec,
        },
        "status": {"phase": "Pending"},
    }
    return core.Pod.from_dict(body)


@pytest.fixture
async def rig(
    clock: VirtualClock,
    api: FakeAPI,
    client: FakeClient,
    tmp_path: Path,
) -> AsyncIterator[Rig]:
    made = Rig(clock, api, client, tmp_path)
    yield made
    if made._task is not None:
        await made.stop()
