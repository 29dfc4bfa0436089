"""The ledger's invariants, with the kubelet killed fifty times at any moment while pods come and go.

No device is ever held by two pods that run, none is lost, no pod that ended changes, and no pod that the scheduler had
room for is refused or runs without its devices.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.status import NotFound
from minik8s.kubelet.devices import nvidia
from minik8s.kubelet.devices.grants import read_devices
from minik8s.kubelet.runtimes.base import ContainerState
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour

GPUS = 4
KILLS = 50


@dataclass
class Churn:
    """Plays users and the scheduler, and watches."""

    rig: Any
    dice: random.Random
    made: int = 0
    double: int = 0
    bare: int = 0
    ended: dict[str, dict[str, Any]] = field(default_factory=dict)

    def gpus_of(self, pod: core.Pod) -> int:
        return sum(int(c.resources.limits[nvidia.RESOURCE]) for c in pod.spec.containers if c.resources)

    def _containers(self) -> Iterator[tuple[dict[str, Any], bool]]:
        count = self.dice.choice([1, 1, 1, 2])
        wanted = {"resources": {"limits": {nvidia.RESOURCE: str(count)}, "requests": {nvidia.RESOURCE: str(count)}}}
        yield {"name": self.dice.choice(["app", "batch", "crash"]), "image": "i:1", **wanted}, False
        if self.dice.random() < 0.3:
            yield {"name": "prepare", "image": "i:1", "resources": {"limits": {nvidia.RESOURCE: "1"}}}, True

    async def add(self) -> None:
        """As the scheduler: only where it sees room."""
        used = sum(self.gpus_of(p) for p in await self.live() if self.gpus_of(p) <= GPUS)
        made = list(self._containers())
        spec = {
            "containers": [c for c, init in made if not init],
            "initContainers": [c for c, init in made if init],
            "restartPolicy": "Never" if made[0][0]["name"] == "batch" else "Always",
            "terminationGracePeriodSeconds": self.dice.choice([0, 1, 5]),
        }
        pod = self.rig.make_pod(f"p{self.made}", **spec)
        if self.dice.random() < 0.1:  # somebody names the node himself: refused, and to stay so
            pod.spec.containers[0].resources.limits[nvidia.RESOURCE] = str(GPUS + 1)
            pod.spec.containers[0].resources.requests[nvidia.RESOURCE] = str(GPUS + 1)
            self.made += 1
            self.rig.api.add(pod)
        elif used + self.gpus_of(pod) <= GPUS:
            self.made += 1
            self.rig.api.add(pod)

    async def pods(self) -> list[core.Pod]:
        return list(await self.rig.client.list(core.Pod, "default"))

    async def live(self) -> list[core.Pod]:
        return [pod for pod in await self.pods() if pod.status.phase not in ("Succeeded", "Failed")]

    async def delete(self, pod: core.Pod, force: bool = False) -> None:
        options = {"grace_period_seconds": 0} if force else {}
        with contextlib.suppress(NotFound):
            await self.rig.client.delete(core.Pod, pod.metadata.name, "default", **options)

    async def step(self) -> None:
        pods = await self.pods()
        if self.dice.random() < 0.6 or not pods:
            await self.add()
        else:
            await self.delete(self.dice.choice(pods), force=self.dice.random() < 0.2)

    async def look(self) -> None:
        holders: dict[str, set[str]] = {}
        for container in self.rig.runtime.containers.values():
            if container.status.state is not ContainerState.RUNNING:
                continue
            held = read_devices(container.status.labels).get(nvidia.RESOURCE, [])
            self.bare += not held or list(container.config.gpus) != held
            for uuid in held:
                holders.setdefault(uuid, set()).add(container.status.pod_uid)
        self.double += sum(len(pods) > 1 for pods in holders.values())
        for pod in await self.pods():
            if pod.status.phase in ("Succeeded", "Failed"):
                told = pod.status.to_dict()
                assert self.ended.setdefault(pod.metadata.uid, told) == told, f"{pod.metadata.name} had ended"


@pytest.mark.parametrize("seed", range(3))
async def test_fifty_kills_under_churn(rig: Any, seed: int) -> None:
    runtime = rig.runtime
    runtime.behave("batch", Behaviour(run_for=3.0))
    runtime.behave("crash", Behaviour(run_for=1.5, exit_code=1))
    runtime.behave("prepare", Behaviour(run_for=0.5))
    runtime.behave("app", Behaviour(stop_seconds=0.7))
    for method, seconds in (("run_sandbox", 0.3), ("create_container", 0.2), ("start_container", 0.1),
                            ("stop_sandbox", 0.2), ("remove_sandbox", 0.1)):  # fmt: skip
        runtime.delay(method, seconds)
    churn = Churn(rig, random.Random(seed))
    await rig.start(fake_gpus=GPUS)
    for _ in range(KILLS):
        for _ in range(churn.dice.randrange(1, 6)):
            await churn.step()
            await rig.clock.advance(churn.dice.uniform(0.0, 1.2))
            await churn.look()
        await rig.stop()
        if churn.dice.random() < 0.5:
            await churn.step()
        await rig.clock.advance(churn.dice.uniform(0.0, 3.0))
        await rig.start()
        await churn.look()
    await rig.clock.advance("60s")
    await churn.look()
    refused = [p for p in await churn.pods() if p.status.reason == "UnexpectedAdmissionError"]
    waiting = [p.metadata.name for p in await churn.live() if p.status.phase != "Running"]
    for pod in await churn.pods():
        await churn.delete(pod)
    await rig.clock.advance("60s")
    assert rig.kubelet is not None
    ledger = rig.kubelet.devices.manager.ledgers.of(nvidia.RESOURCE)
    leaked = GPUS - len(ledger.free()) + len(runtime.containers)
    print(f"kills={KILLS} pods={churn.made} ended={len(churn.ended)} double={churn.double} leaked={leaked}")
    assert (churn.double, leaked, churn.bare, len(refused), waiting) == (0, 0, 0, 0, [])
    assert churn.made > 20 and churn.ended
