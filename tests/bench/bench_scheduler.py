"""How fast the scheduler decides, and how fast it binds against an API in memory.

usage: python -m tests.bench.bench_scheduler [--nodes 1000 5000] [--pods 2000]

`decide` is `schedule` and `add_pod` alone; `bind` is the whole loop with informers, bindings and events on the fake API
server (whose own work is in the figure). The same over a real server: shared/tools/upstream/sched-bench.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

from minik8s.api import core
from minik8s.component.process import _loop_factory
from minik8s.scheduler.listers import Listers
from minik8s.scheduler.loop import Scheduler
from minik8s.scheduler.model import node_of, pod_of
from minik8s.scheduler.plugins import default_algorithm
from minik8s.scheduler.snapshot import Snapshot
from minik8s.testing.fakeapi import FakeAPI, FakeClient

REPLICAS: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}


def node(number: int) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": f"n{number}", "topology.kubernetes.io/zone": f"z{number % 3}"}
    allocatable = {"cpu": "32", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"n{number}", "labels": labels},
        "status": {"allocatable": allocatable},
    }


def pod(number: int) -> dict[str, Any]:
    container = {"name": "c", "image": "busybox", "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}
    meta = {"name": f"p{number}", "namespace": "default", "uid": f"uid-{number}", "labels": {"app": "web"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}


def decide(nodes: int, pods: int) -> float:
    """Pods per second, decisions only."""
    snapshot = Snapshot()
    for number in range(nodes):
        snapshot.add_node(node_of(node(number)))
    algorithm = default_algorithm(Listers(replica_sets={"default/web": REPLICAS}), seed=1)
    waiting = [pod_of(pod(number)) for number in range(pods)]
    start = time.perf_counter()
    for one in waiting:
        snapshot.add_pod(one.assigned(algorithm.schedule(one, snapshot).node))
    return pods / (time.perf_counter() - start)


async def bind(nodes: int, pods: int) -> float:
    """Pods per second, bound in the fake API."""
    api = FakeAPI()
    api.add(REPLICAS)
    for number in range(nodes):
        api.add(node(number))
    scheduler = Scheduler(FakeClient(api), seed=1)
    tasks = [asyncio.ensure_future(scheduler.run_informers()), asyncio.ensure_future(scheduler.run())]
    while not scheduler.ready:  # noqa: ASYNC110 - a benchmark may poll
        await asyncio.sleep(0.01)
    for number in range(pods):
        api.add(pod(number))
    start = time.perf_counter()
    while api.count("POST", "pods/binding") < pods:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - start
    assert all(bound.spec.node_name for bound in api.objects(core.Pod))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return pods / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="*", default=[1000, 5000])
    parser.add_argument("--pods", type=int, default=2000)
    flags = parser.parse_args()
    for nodes in flags.nodes:
        print(f"decide nodes={nodes} pods={flags.pods}: {decide(nodes, flags.pods):.0f} pods/s")
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            rate = runner.run(bind(nodes, flags.pods))
        print(f"bind   nodes={nodes} pods={flags.pods}: {rate:.0f} pods/s")


if __name__ == "__main__":
    main()
