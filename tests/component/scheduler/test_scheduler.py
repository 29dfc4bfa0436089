"""The whole scheduler against the API in memory, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.status import Conflict, InternalError
from minik8s.scheduler.loop import Scheduler
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock

pytest_plugins = ["minik8s.testing.plugin"]


def node(name: str, cpu: str = "4", **extra: Any) -> dict[str, Any]:
    capacity = {"cpu": cpu, "memory": "8Gi", "pods": "110", **extra.pop("allocatable", {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **extra.pop("labels", {})}},
        "spec": extra,
        "status": {"allocatable": capacity},
    }


def pod(name: str, cpu: str = "100m", **spec: Any) -> dict[str, Any]:
    requests = {"cpu": cpu, **spec.pop("requests", {})}
    container = {"name": "c", "image": "busybox", "resources": {"requests": requests}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container], **spec},
    }


class Cluster:
    """The scheduler at work, and what the test looks at."""

    def __init__(self, api: FakeAPI, client: FakeClient, clock: VirtualClock) -> None:
        self.api, self.client, self.clock = api, client, clock
        self.scheduler = Scheduler(client, seed=1)

    def node_of(self, name: str) -> str:
        return self.api.get(core.Pod, name, "default").spec.node_name or ""

    def condition(self, name: str) -> tuple[str, str, str]:
        found = [c for c in self.api.get(core.Pod, name, "default").status.conditions if c.type == "PodScheduled"]
        return (found[0].status, found[0].reason or "", found[0].message or "") if found else ("", "", "")

    def events(self, reason: str) -> list[str]:
        return [e.message or "" for e in self.api.objects(core.Event) if e.reason == reason]


@pytest.fixture
async def cluster(api: FakeAPI, client: FakeClient, clock: VirtualClock, spawn: Any) -> AsyncIterator[Cluster]:
    made = Cluster(api, client, clock)
    spawn(made.scheduler.run_informers())
    spawn(made.scheduler.run())
    await clock.advance(0)
    yield made


async def test_a_pod_is_bound_and_told_so(cluster: Cluster) -> None:
    cluster.api.add(node("node-1"))
    cluster.api.add(pod("web-1"))
    await cluster.clock.advance("1s")
    assert cluster.node_of("web-1") == "node-1"
    assert cluster.events("Scheduled") == ["Successfully assigned default/web-1 to node-1"]


async def test_no_node_is_explained_and_tried_again_when_one_comes(cluster: Cluster) -> None:
    cluster.api.add(node("a", taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]))
    cluster.api.add(node("b", cpu="50m"))
    cluster.api.add(pod("web-1"))
    await cluster.clock.advance("1s")
    message = (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {gpu: yes}. "
        "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )
    assert cluster.condition("web-1") == ("False", "Unschedulable", message)
    assert cluster.events("FailedScheduling") == [message]
    cluster.api.add(node("c"))
    await cluster.clock.advance("2s")
    assert cluster.node_of("web-1") == "c"


async def test_a_pod_without_any_node_waits(cluster: Cluster) -> None:
    cluster.api.add(pod("web-1"))
    await cluster.clock.advance("1s")
    assert cluster.condition("web-1")[2] == "no nodes available to schedule pods"


async def test_gpus_are_never_booked_twice_and_are_free_again(cluster: Cluster) -> None:
    cluster.api.add(node("gpu", allocatable={"nvidia.com/gpu": "2"}))
    for number in range(3):
        cluster.api.add(pod(f"train-{number}", requests={"nvidia.com/gpu": "1"}))
        await cluster.clock.advance("1s")
    assert [cluster.node_of(f"train-{n}") for n in range(3)] == ["gpu", "gpu", ""]
    assert "1 Insufficient nvidia.com/gpu" in cluster.condition("train-2")[2]
    cluster.api.remove(core.Pod, "train-0", "default")
    await cluster.clock.advance("12s")
    assert cluster.node_of("train-2") == "gpu"


async def test_a_refused_binding_is_forgotten_and_tried_again(cluster: Cluster) -> None:
    cluster.api.faults.fail("POST", "pods/binding", InternalError.of("etcdserver: request timed out"))
    cluster.api.add(node("node-1"))
    cluster.api.add(pod("web-1", cpu="3"))
    await cluster.clock.advance("100ms")
    assert cluster.node_of("web-1") == ""
    assert cluster.condition("web-1")[1] == "SchedulerError"
    await cluster.clock.advance("5s")
    assert cluster.node_of("web-1") == "node-1"


async def test_a_binding_whose_answer_was_lost_is_kept(cluster: Cluster) -> None:
    cluster.api.faults.fail("POST", "pods/binding", ConnectionResetError("cut"), after=True)
    cluster.api.add(node("node-1"))
    cluster.api.add(pod("web-1", cpu="3"))
    cluster.api.add(pod("web-2", cpu="3"))
    await cluster.clock.advance("30s")
    assert sorted([cluster.node_of("web-1"), cluster.node_of("web-2")]) == ["", "node-1"]
    assert cluster.events("Scheduled") != []


async def test_a_conflict_means_somebody_else_was_faster(cluster: Cluster) -> None:
    cluster.api.add(node("node-1"))
    cluster.api.add(node("node-2"))
    cluster.api.faults.fail(
        "POST", "pods/binding", Conflict.of("pods/binding", "web-1", "already assigned"), after=True
    )
    cluster.api.add(pod("web-1"))
    await cluster.clock.advance("5s")
    assert cluster.api.count("POST", "pods/binding") == 1
    assert cluster.node_of("web-1") in ("node-1", "node-2")


async def test_gated_pods_wait_for_their_gates(cluster: Cluster) -> None:
    cluster.api.add(node("node-1"))
    cluster.api.add(pod("web-1", schedulingGates=[{"name": "example.com/quota"}]))
    await cluster.clock.advance("1m")
    assert cluster.node_of("web-1") == ""
    assert cluster.scheduler.queue.counts()["gated"] == 1
    await cluster.client.patch(core.Pod, "web-1", "default", {"spec": {"schedulingGates": None}})
    await cluster.clock.advance("1s")
    assert cluster.node_of("web-1") == "node-1"


async def test_another_schedulers_pods_are_left_alone(cluster: Cluster) -> None:
    cluster.api.add(node("node-1"))
    cluster.api.add(pod("web-1", schedulerName="mine"))
    await cluster.clock.advance("1m")
    assert cluster.node_of("web-1") == ""


async def test_replicas_are_spread(cluster: Cluster) -> None:
    for name in "abc":
        cluster.api.add(node(name))
    replicas = {"kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": {"name": "web", "namespace": "default"}}
    cluster.api.add({**replicas, "spec": {"selector": {"matchLabels": {"app": "web"}}}})
    await cluster.clock.advance("1s")
    for number in range(6):
        replica = pod(f"web-{number}")
        replica["metadata"]["labels"] = {"app": "web"}
        cluster.api.add(replica)
    await cluster.clock.advance("1s")
    assert sorted(cluster.node_of(f"web-{n}") for n in range(6)) == ["a", "a", "b", "b", "c", "c"]


async def test_preemption_makes_room_for_the_important(cluster: Cluster) -> None:
    cluster.api.add(node("node-1", cpu="1"))
    cluster.api.add(pod("small", cpu="200m", priority=0))
    cluster.api.add(pod("large", cpu="700m", priority=0))
    await cluster.clock.advance("1s")
    assert cluster.node_of("large") == "node-1"
    cluster.api.add(pod("important", cpu="800m", priority=1000))
    await cluster.clock.advance("100ms")
    victim = cluster.api.get(core.Pod, "large", "default")
    assert victim.metadata.deletion_timestamp and victim.metadata.deletion_grace_period_seconds == 30
    assert [c.reason for c in victim.status.conditions if c.type == "DisruptionTarget"] == ["PreemptionByScheduler"]
    assert not cluster.api.get(core.Pod, "small", "default").metadata.deletion_timestamp
    assert cluster.api.get(core.Pod, "important", "default").status.nominated_node_name == "node-1"
    cluster.api.add(pod("sneaky", cpu="800m", priority=10))
    cluster.api.remove(core.Pod, "large", "default")
    await cluster.clock.advance("5s")
    assert cluster.node_of("important") == "node-1"
    assert cluster.node_of("sneaky") == ""


async def test_a_server_that_is_away_loses_nothing(cluster: Cluster) -> None:
    cluster.api.add(node("node-1"))
    cluster.api.add(pod("web-1"))
    await cluster.clock.advance("1s")
    cluster.api.faults.down = True
    cluster.api.cut_watches()
    await cluster.clock.advance("5m")
    assert len(cluster.scheduler.cache.snapshot) == 1
    assert "default/web-1" in cluster.scheduler.cache.snapshot.pods
    cluster.api.faults.down = False
    cluster.api.add(pod("web-2"))
    cluster.api.expire_watches()
    await cluster.clock.advance("2m")
    assert cluster.node_of("web-2") == "node-1"


def claim(storage_class: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {
            "storageClassName": storage_class,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def storage_class(name: str, provisioner: str) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": "WaitForFirstConsumer",
    }


MOUNT = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]


async def test_a_claim_is_provisioned_for_the_chosen_node(cluster: Cluster) -> None:
    cluster.api.add(storage_class("fast", "example.com/disk"))
    cluster.api.add(claim("fast"))
    cluster.api.add(node("node-1"))
    await cluster.clock.advance("1s")
    cluster.api.add(pod("db", volumes=MOUNT))
    await cluster.clock.advance("1s")
    waiting = cluster.api.get(core.PersistentVolumeClaim, "data", "default")
    assert waiting.metadata.annotations == {"volume.kubernetes.io/selected-node": "node-1"}
    assert cluster.node_of("db") == ""
    waiting.spec.volume_name, waiting.status.phase = "pv-1", "Bound"
    cluster.api.add(waiting)
    await cluster.clock.advance("1s")
    assert cluster.node_of("db") == "node-1"


async def test_a_local_volume_is_reserved_the_smallest_that_suits(cluster: Cluster) -> None:
    cluster.api.add(storage_class("local", "kubernetes.io/no-provisioner"))
    cluster.api.add(claim("local"))
    cluster.api.add(node("node-1"))
    for name, size in (("large", "10Gi"), ("right", "2Gi"), ("small", "100Mi")):
        spec = {"storageClassName": "local", "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"]}
        cluster.api.add({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec})
    await cluster.clock.advance("1s")
    cluster.api.add(pod("db", volumes=MOUNT))
    await cluster.clock.advance("1s")
    claimed = {v.metadata.name for v in cluster.api.objects(core.PersistentVolume) if v.spec.claim_ref}
    assert claimed == {"right"}


async def test_a_pod_that_waits_for_volumes_holds_nobody_up(cluster: Cluster) -> None:
    cluster.api.add(storage_class("fast", "example.com/disk"))
    cluster.api.add(claim("fast"))
    cluster.api.add(node("node-1", cpu="100"))
    await cluster.clock.advance("1s")
    for number in range(70):
        cluster.api.add(pod(f"db-{number}", volumes=MOUNT))
    await cluster.clock.advance("1s")
    cluster.api.add(pod("web"))
    await cluster.clock.advance("1s")
    assert cluster.node_of("web") == "node-1"
