"""StatefulSets: order, names, claims, rolling updates with a partition."""

from typing import Any

from minik8s.api import apps, core
from minik8s.api.meta import LabelSelector, ObjectMeta
from minik8s.controllers.history import HASH_LABEL
from minik8s.controllers.statefulset.controller import StatefulSetController
from tests.unit.controllers.builders import LABELS, template
from tests.unit.controllers.conftest import Bench


def stateful(replicas: int = 3, **spec: Any) -> apps.StatefulSet:
    body = apps.StatefulSetSpec(
        replicas=replicas, service_name="web", template=template(),
        selector=LabelSelector(match_labels=dict(LABELS)), **spec,
    )  # fmt: skip
    return apps.StatefulSet(
        metadata=ObjectMeta(name="web", namespace="default", uid="uid-web", generation=1), spec=body
    )


def names(bench: Bench) -> list[str]:
    return sorted(pod.metadata.name for pod in bench.pods())


def images(bench: Bench) -> dict[str, str]:
    return {pod.metadata.name: pod.spec.containers[0].image or "" for pod in bench.pods()}


async def settle(bench: Bench, rounds: int = 8) -> None:
    for _ in range(rounds):
        bench.finish_deletions()
        await bench.rest("1s")
        await bench.run_all_pods()


def change(bench: Bench, **spec: Any) -> None:
    owner = bench.api.get(apps.StatefulSet, "web", "default").model_copy(deep=True)
    for name, value in spec.items():
        if name == "image":
            owner.spec.template.spec.containers[0].image = value
        else:
            setattr(owner.spec, name, value)
    owner.metadata.generation += 1
    bench.api.add(owner)


async def test_pods_come_one_by_one_and_go_from_the_top(bench: Bench) -> None:
    bench.api.add(stateful())
    await bench.start(StatefulSetController)
    assert names(bench) == ["web-0"]
    await bench.rest("10s")
    assert names(bench) == ["web-0"], "waits until it is ready"
    await bench.run_all_pods()
    assert names(bench) == ["web-0", "web-1"]
    await settle(bench)
    assert names(bench) == ["web-0", "web-1", "web-2"]
    first = bench.pods()[0]
    assert (first.spec.hostname, first.spec.subdomain) == ("web-0", "web")
    assert first.metadata.labels["statefulset.kubernetes.io/pod-name"] == "web-0"
    change(bench, replicas=1)
    await bench.rest("1s")
    going = [pod.metadata.name for pod in bench.pods() if pod.metadata.deletion_timestamp]
    assert going == ["web-2"]
    await settle(bench)
    assert names(bench) == ["web-0"]


async def test_parallel_needs_no_order(bench: Bench) -> None:
    bench.api.add(stateful(pod_management_policy="Parallel"))
    await bench.start(StatefulSetController)
    assert names(bench) == ["web-0", "web-1", "web-2"]


async def test_claims_are_made_and_outlive_their_pods(bench: Bench) -> None:
    claim = core.PersistentVolumeClaim(metadata=ObjectMeta(name="data"), spec=core.PersistentVolumeClaimSpec())
    bench.api.add(stateful(2, volume_claim_templates=[claim]))
    await bench.start(StatefulSetController)
    await settle(bench)
    claims = sorted(one.metadata.name for one in bench.api.objects(core.PersistentVolumeClaim))
    assert claims == ["data-web-0", "data-web-1"]
    volume = bench.pods()[0].spec.volumes[0]
    assert volume.persistent_volume_claim is not None and volume.persistent_volume_claim.claim_name == "data-web-0"
    change(bench, replicas=0)
    await settle(bench)
    assert names(bench) == []
    assert len(bench.api.objects(core.PersistentVolumeClaim)) == 2


async def test_a_rolling_update_goes_down_to_the_partition(bench: Bench) -> None:
    rolling = apps.RollingUpdateStatefulSetStrategy(partition=1)
    strategy = apps.StatefulSetUpdateStrategy(type="RollingUpdate", rolling_update=rolling)
    bench.api.add(stateful(update_strategy=strategy))
    await bench.start(StatefulSetController)
    await settle(bench)
    change(bench, image="web:2")
    await bench.rest("1s")
    going = [pod.metadata.name for pod in bench.pods() if pod.metadata.deletion_timestamp]
    assert going == ["web-2"]
    await settle(bench)
    assert images(bench) == {"web-0": "web:1", "web-1": "web:2", "web-2": "web:2"}
    bench.api.remove(core.Pod, "web-0", "default")
    await settle(bench)
    assert images(bench)["web-0"] == "web:1", "below the partition the old revision comes back"
    strategy.rolling_update = apps.RollingUpdateStatefulSetStrategy(partition=0)
    change(bench, update_strategy=strategy)
    await settle(bench, 12)
    assert set(images(bench).values()) == {"web:2"}
    status = bench.api.get(apps.StatefulSet, "web", "default").status
    assert status.current_revision == status.update_revision == bench.pods()[0].metadata.labels[HASH_LABEL]


async def test_on_delete_waits_for_the_user(bench: Bench) -> None:
    bench.api.add(stateful(2, update_strategy=apps.StatefulSetUpdateStrategy(type="OnDelete")))
    await bench.start(StatefulSetController)
    await settle(bench)
    change(bench, image="web:2")
    await settle(bench)
    assert set(images(bench).values()) == {"web:1"}
    bench.api.remove(core.Pod, "web-0", "default")
    await settle(bench)
    assert images(bench) == {"web-0": "web:2", "web-1": "web:1"}


async def test_a_failed_pod_is_made_anew(bench: Bench) -> None:
    bench.api.add(stateful(1))
    await bench.start(StatefulSetController)
    await bench.run_all_pods()
    failed = bench.pods()[0]
    failed.status.phase = "Failed"
    bench.api.add(failed)
    await settle(bench)
    assert [pod.status.phase for pod in bench.pods()] == ["Running"]
    assert bench.pods()[0].metadata.uid != failed.metadata.uid
