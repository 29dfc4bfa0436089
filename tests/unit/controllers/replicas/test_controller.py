"""The replica loop against an API server in memory."""

import pytest

from minik8s.api import apps, core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import Forbidden
from minik8s.controllers.owners import controller_of
from minik8s.controllers.replicas.controller import new_replica_set_controller, new_replication_controller
from tests.unit.controllers.builders import LABELS, owner_ref, pod, replica_set, template
from tests.unit.controllers.conftest import Bench


def status_of(bench: Bench) -> apps.ReplicaSetStatus:
    status: apps.ReplicaSetStatus = bench.api.get(apps.ReplicaSet, "web", "default").status
    return status


def resize(bench: Bench, replicas: int) -> None:
    owner = bench.api.get(apps.ReplicaSet, "web", "default")
    owner.spec.replicas = replicas
    bench.api.add(owner)


async def test_creates_reports_and_scales_down(bench: Bench) -> None:
    bench.api.add(replica_set(replicas=3))
    await bench.start(new_replica_set_controller)
    pods = bench.pods()
    assert len(pods) == 3
    assert all(one.metadata.labels == LABELS and one.metadata.name.startswith("web-") for one in pods)
    refs = [controller_of(one.metadata) for one in pods]
    assert {(ref.kind, ref.name, ref.block_owner_deletion) for ref in refs if ref} == {("ReplicaSet", "web", True)}
    await bench.run_all_pods()
    assert (status_of(bench).ready_replicas, status_of(bench).available_replicas) == (3, 3)
    assert len(await bench.events("SuccessfulCreate")) == 3
    resize(bench, 1)
    await bench.rest()
    bench.finish_deletions()
    await bench.rest()
    assert len(bench.pods()) == 1
    assert status_of(bench).replicas == 1
    assert all(message.startswith("Deleted pod: web-") for message in await bench.events("SuccessfulDelete"))


async def test_a_pod_that_dies_or_fails_is_replaced(bench: Bench) -> None:
    bench.api.add(replica_set(replicas=2))
    await bench.start(new_replica_set_controller)
    first, second = bench.pods()
    bench.api.remove(core.Pod, first.metadata.name, "default")
    second.status.phase = "Failed"
    bench.api.add(second)
    await bench.rest()
    alive = [one for one in bench.pods() if one.status.phase != "Failed"]
    assert len(alive) == 2
    assert {one.metadata.name for one in alive}.isdisjoint({first.metadata.name, second.metadata.name})


async def test_orphans_are_adopted_and_strangers_released(bench: Bench) -> None:
    owner = replica_set(replicas=2)
    bench.api.add(owner)
    bench.api.add(pod("orphan", ready=True, node="n1"))
    bench.api.add(pod("stranger", ready=True, node="n1", labels={"app": "db"}, owner=owner))
    await bench.start(new_replica_set_controller)
    adopted = controller_of(bench.api.get(core.Pod, "orphan", "default").metadata)
    assert adopted is not None and adopted.uid == owner.metadata.uid
    assert controller_of(bench.api.get(core.Pod, "stranger", "default").metadata) is None
    mine = [one for one in bench.pods() if controller_of(one.metadata)]
    assert len(mine) == 2


async def test_another_controllers_pod_is_left_alone(bench: Bench) -> None:
    other = replica_set("other")
    bench.api.add(replica_set(replicas=1))
    bench.api.add(pod("theirs", owner=other, ready=True))
    await bench.start(new_replica_set_controller)
    theirs = bench.api.get(core.Pod, "theirs", "default")
    assert [ref.uid for ref in theirs.metadata.owner_references] == [other.metadata.uid]
    assert len(bench.pods()) == 2


async def test_a_set_that_is_being_deleted_creates_and_adopts_nothing(bench: Bench) -> None:
    owner = replica_set(replicas=3)
    owner.metadata.deletion_timestamp, owner.metadata.finalizers = "2026-01-01T00:00:00Z", ["foregroundDeletion"]
    bench.api.add(owner)
    bench.api.add(pod("orphan"))
    await bench.start(new_replica_set_controller)
    assert [one.metadata.name for one in bench.pods()] == ["orphan"]
    assert controller_of(bench.pods()[0].metadata) is None


async def test_a_refused_create_becomes_condition_and_event_and_is_tried_again(bench: Bench) -> None:
    bench.api.faults.fail("POST", "pods", Forbidden("exceeded quota: pods=1"))
    bench.api.add(replica_set(replicas=2))
    await bench.start(new_replica_set_controller)
    failed = await bench.events("FailedCreate")
    assert failed == ["Error creating: exceeded quota: pods=1"]
    await bench.rest("10s")
    assert len(bench.pods()) == 2
    assert status_of(bench).conditions == []


async def test_a_slow_watch_never_doubles_the_pods(bench: Bench) -> None:
    bench.api.add(replica_set(replicas=2))
    (controller,) = await bench.start(new_replica_set_controller)
    for _ in range(5):
        controller.enqueue("default/web")
        bench.api.cut_watches()
        await bench.rest(0.01)
    await bench.rest("10s")
    assert len(bench.pods()) == 2


async def test_available_when_min_ready_seconds_are_over(bench: Bench) -> None:
    owner = replica_set(replicas=1)
    owner.spec.min_ready_seconds = 30
    bench.api.add(owner)
    await bench.start(new_replica_set_controller)
    await bench.run_all_pods()
    assert (status_of(bench).ready_replicas, status_of(bench).available_replicas) == (1, None)
    await bench.rest("31s")
    assert status_of(bench).available_replicas == 1


@pytest.mark.parametrize("selector", [dict(LABELS)])
async def test_replication_controllers_run_on_the_same_core(bench: Bench, selector: dict[str, str]) -> None:
    spec = core.ReplicationControllerSpec(replicas=2, selector=selector, template=template())
    meta = ObjectMeta(name="old", namespace="default")
    bench.api.add(core.ReplicationController(metadata=meta, spec=spec))
    await bench.start(new_replication_controller)
    pods = bench.pods()
    assert len(pods) == 2
    ref = controller_of(pods[0].metadata)
    assert ref is not None and (ref.api_version, ref.kind) == ("v1", "ReplicationController")
    assert owner_ref(bench.api.get(core.ReplicationController, "old", "default")) == ref
