"""The collector against an API server in memory."""

from minik8s.api import apps, core
from minik8s.api.meta import ObjectMeta, OwnerReference
from minik8s.controllers.garbagecollector.controller import GarbageCollector
from tests.unit.controllers.builders import deployment, owner_ref, pod, replica_set
from tests.unit.controllers.conftest import Bench


def family(bench: Bench, pods: int = 2) -> None:
    bench.discoverable(apps.Deployment, apps.ReplicaSet, core.Pod, core.Node)
    plan, owned = deployment(), replica_set("web-1")
    owned.metadata.owner_references = [owner_ref(plan)]
    bench.api.add(plan)
    bench.api.add(owned)
    for number in range(pods):
        bench.api.add(pod(f"p{number}", ready=True, owner=owned, node="n1"))


def left(bench: Bench) -> list[str]:
    kinds = (apps.Deployment, apps.ReplicaSet, core.Pod)
    return [one.metadata.name for kind in kinds for one in bench.api.objects(kind)]


async def test_background_takes_everything_below(bench: Bench) -> None:
    family(bench)
    await bench.start(GarbageCollector)
    await bench.rest("2s")
    assert len(left(bench)) == 4, "nothing goes while its owner is there"
    await bench.client.delete(apps.Deployment, "web", "default", propagation_policy="Background")
    for _ in range(4):
        await bench.rest("2s")
        bench.finish_deletions()
    assert left(bench) == []


async def test_foreground_lets_the_owner_go_last(bench: Bench) -> None:
    family(bench)
    await bench.start(GarbageCollector)
    await bench.client.delete(apps.Deployment, "web", "default", propagation_policy="Foreground")
    await bench.rest("2s")
    assert left(bench) == ["web", "web-1", "p0", "p1"], "pods have a grace period: their owners wait"
    assert all(one.metadata.deletion_timestamp for one in bench.pods())
    bench.api.remove(core.Pod, "p0", "default")
    await bench.rest("2s")
    assert left(bench) == ["web", "web-1", "p1"]
    bench.api.remove(core.Pod, "p1", "default")
    await bench.rest("2s")
    assert left(bench) == []


async def test_orphan_strikes_the_owner_and_keeps_the_dependents(bench: Bench) -> None:
    family(bench)
    await bench.start(GarbageCollector)
    await bench.client.delete(apps.Deployment, "web", "default", propagation_policy="Orphan")
    await bench.rest("2s")
    assert left(bench) == ["web-1", "p0", "p1"]
    assert bench.api.get(apps.ReplicaSet, "web-1", "default").metadata.owner_references == []


async def test_an_object_born_ownerless_goes(bench: Bench) -> None:
    family(bench, pods=0)
    await bench.start(GarbageCollector)
    bench.api.add(pod("late", owner=replica_set("never-was")))
    await bench.rest("2s")
    assert "late" not in left(bench)


async def test_one_owner_of_two_is_enough_to_stay(bench: Bench) -> None:
    family(bench, pods=0)
    shared = pod("shared", owner=bench.api.get(apps.ReplicaSet, "web-1", "default"))
    shared.metadata.owner_references.append(owner_ref(replica_set("gone"), controller=False))
    await bench.start(GarbageCollector)
    bench.api.add(shared)
    await bench.rest("2s")
    refs = bench.api.get(core.Pod, "shared", "default").metadata.owner_references
    assert [ref.name for ref in refs] == ["web-1"]


async def test_an_unknown_kind_of_owner_keeps_its_object(bench: Bench) -> None:
    family(bench, pods=0)
    await bench.start(GarbageCollector)
    foreign = OwnerReference(api_version="example.com/v1", kind="Widget", name="w", uid="w-1")
    bench.api.add(
        core.Pod(metadata=ObjectMeta(name="safe", owner_references=[foreign]), spec=core.PodSpec(containers=[]))
    )
    await bench.rest("5m")
    assert "safe" in left(bench)


async def test_an_owner_in_another_namespace_is_none(bench: Bench) -> None:
    family(bench, pods=0)
    await bench.start(GarbageCollector)
    await bench.rest("1s")
    far = pod("far", owner=bench.api.get(apps.ReplicaSet, "web-1", "default"))
    far.metadata.namespace = "elsewhere"
    bench.api.add(far)
    await bench.rest("2s")
    assert bench.api.objects(core.Pod, "elsewhere") == []
    (message,) = [one.message for one in bench.api.objects(core.Event) if one.reason == "OwnerRefInvalidNamespace"]
    assert 'does not exist in namespace "elsewhere"' in message


async def test_a_cluster_scoped_owner_serves_every_namespace(bench: Bench) -> None:
    family(bench, pods=0)
    bench.api.add(core.Node(metadata=ObjectMeta(name="n1", uid="uid-n1")))
    await bench.start(GarbageCollector)
    bench.api.add(pod("mirror", owner=core.Node(metadata=ObjectMeta(name="n1", uid="uid-n1"))))
    await bench.rest("2s")
    assert "mirror" in left(bench)
    bench.api.remove(core.Node, "n1")
    await bench.rest("2s")
    bench.finish_deletions()
    assert "mirror" not in left(bench)


async def test_resources_found_later_are_followed(bench: Bench) -> None:
    bench.discoverable(core.Pod)
    await bench.start(GarbageCollector)
    bench.discoverable(core.Pod, apps.ReplicaSet)
    owner = replica_set("web-1")
    bench.api.add(owner)
    await bench.rest("31s")
    bench.api.add(pod("p", owner=owner))
    await bench.rest("1s")
    bench.api.remove(apps.ReplicaSet, "web-1", "default")
    await bench.rest("2s")
    bench.finish_deletions()
    assert left(bench) == []
