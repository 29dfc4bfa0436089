"""Many simulated nodes in one process: shared caches, each node its own pods."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from minik8s.api import core
from minik8s.client.informer import Informer
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.kubelet import Kubelet
from minik8s.kubelet.runtimes.base import RuntimeOptions
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.kubelet.shared import PodRouter
from minik8s.testing.time import settle


async def test_each_node_runs_its_own_pods(rig: Any, tmp_path: Path) -> None:
    clock, client = rig.clock, rig.client
    router = PodRouter(Informer(client, core.Pod))
    services: Informer[core.Service] = Informer(client, core.Service)
    peers: Informer[core.Node] = Informer(client, core.Node)
    early = rig.make_pod("early")
    early.spec.node_name = "sim-1"
    rig.api.add(early)
    nodes = []
    for n in range(3):
        config = KubeletConfig(f"sim-{n}", tmp_path / f"sim-{n}", runtime="fake", node_ip="10.0.0.1", simulated=True)
        runtime = FakeRuntime(RuntimeOptions(config.node_name, config.root_dir), clock)
        nodes.append(Kubelet(config, client, runtime, clock, router.view(config.node_name), services, peers))
    running = [router.informer.run(), services.run(), peers.run(), *(node.run() for node in nodes)]
    tasks = [asyncio.create_task(run) for run in running]
    await settle()
    late = rig.make_pod("late")
    late.spec.node_name = "sim-2"
    await rig.add(late)
    assert [[p.metadata.name for p in node.loop.active_pods()] for node in nodes] == [[], ["early"], ["late"]]
    for name in ("early", "late"):
        assert (await rig.status(name)).phase == "Running"
    await client.delete(core.Pod, "late", "default", grace_period_seconds=0)
    await clock.advance("3s")
    assert nodes[2].loop.workers == {} and not await rig.exists("late")
    watches = [path for method, path in rig.api.requests if method == "GET" and path == "/api/v1/pods"]
    assert len(watches) <= 2  # one list, one watch, for all nodes
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
