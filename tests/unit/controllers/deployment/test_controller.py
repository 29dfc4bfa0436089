"""Deployment and ReplicaSet controllers together, on virtual time."""

from minik8s.api import apps, core
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.deployment.controller import DeploymentController
from minik8s.controllers.deployment.revisions import REVISION
from minik8s.controllers.replicas.controller import new_replica_set_controller
from tests.unit.controllers.builders import deployment, rolling
from tests.unit.controllers.conftest import Bench

BOTH = (DeploymentController, new_replica_set_controller)


def current(bench: Bench) -> apps.Deployment:
    found: apps.Deployment = bench.api.get(apps.Deployment, "web", "default")
    return found


def sizes(bench: Bench) -> dict[str, int]:
    """Image → replicas of its ReplicaSet."""
    found = {}
    for one in bench.api.objects(apps.ReplicaSet):
        found[one.spec.template.spec.containers[0].image] = one.spec.replicas
    return found


def change(bench: Bench, **spec: object) -> None:
    plan = current(bench).model_copy(deep=True)
    for name, value in spec.items():
        if name == "image":
            assert plan.spec.template.spec is not None
            plan.spec.template.spec.containers[0].image = str(value)
        else:
            setattr(plan.spec, name, value)
    plan.metadata.generation = (plan.metadata.generation or 0) + 1
    bench.api.add(plan)


async def roll(bench: Bench, limit: int = 40) -> None:
    """Play the kubelet until the rollout is over."""
    for _ in range(limit):
        bench.finish_deletions()
        await bench.run_all_pods()
        plan = current(bench)
        surplus = [one for one in bench.api.objects(apps.ReplicaSet) if one.status.replicas != one.spec.replicas]
        counts = {plan.status.replicas, plan.status.updated_replicas, plan.status.available_replicas}
        if counts == {plan.spec.replicas} and not surplus:
            return
    raise AssertionError(f"no end of the rollout: {sizes(bench)} {plan.status}")


async def test_first_rollout(bench: Bench) -> None:
    bench.api.add(deployment(progress_deadline_seconds=600))
    await bench.start(*BOTH)
    await roll(bench)
    plan = current(bench)
    assert (plan.status.replicas, plan.status.ready_replicas, plan.status.unavailable_replicas) == (3, 3, None)
    assert plan.status.observed_generation == plan.metadata.generation
    done = find_condition(plan.status.conditions, "Progressing")
    assert done is not None and done.reason == "NewReplicaSetAvailable"
    (only,) = bench.api.objects(apps.ReplicaSet)
    assert only.metadata.annotations[REVISION] == "1"
    assert await bench.events("ScalingReplicaSet") == [f"Scaled up replica set {only.metadata.name} from 0 to 3"]


async def test_rolling_update_and_back(bench: Bench) -> None:
    bench.api.add(deployment(strategy=rolling(1, 0)))
    await bench.start(*BOTH)
    await roll(bench)
    change(bench, image="web:2")
    await bench.rest()
    assert sizes(bench) == {"web:1": 3, "web:2": 1}, "one more, none less"
    await roll(bench)
    assert sizes(bench) == {"web:1": 0, "web:2": 3}
    change(bench, image="web:1")
    await roll(bench)
    assert sizes(bench) == {"web:1": 3, "web:2": 0}
    numbers = {
        one.spec.template.spec.containers[0].image: one.metadata.annotations[REVISION]
        for one in bench.api.objects(apps.ReplicaSet)
    }
    assert numbers == {"web:1": "3", "web:2": "2"}


async def test_recreate_waits_for_the_last_old_pod(bench: Bench) -> None:
    bench.api.add(deployment(strategy=apps.DeploymentStrategy(type="Recreate")))
    await bench.start(*BOTH)
    await roll(bench)
    change(bench, image="web:2")
    await bench.rest("1s")
    assert sizes(bench) == {"web:1": 0}, "nothing new while old pods may run"
    assert all(pod.metadata.deletion_timestamp for pod in bench.pods())
    await roll(bench)
    assert sizes(bench) == {"web:1": 0, "web:2": 3}


async def test_paused_scales_but_does_not_roll(bench: Bench) -> None:
    bench.api.add(deployment(progress_deadline_seconds=600))
    await bench.start(*BOTH)
    await roll(bench)
    change(bench, paused=True, image="web:2", replicas=5)
    await bench.rest("1s")
    assert sizes(bench) == {"web:1": 5}
    paused = find_condition(current(bench).status.conditions, "Progressing")
    assert paused is not None and paused.reason in ("DeploymentPaused", "NewReplicaSetAvailable")
    change(bench, paused=None)
    await roll(bench)
    assert sizes(bench) == {"web:1": 0, "web:2": 5}


async def test_the_deadline_strikes_without_any_event(bench: Bench) -> None:
    bench.api.add(deployment(progress_deadline_seconds=60))
    await bench.start(*BOTH)
    await bench.rest("70s")
    late = find_condition(current(bench).status.conditions, "Progressing")
    assert late is not None and (late.status, late.reason) == ("False", "ProgressDeadlineExceeded")


async def test_history_is_kept_to_its_limit(bench: Bench) -> None:
    bench.api.add(deployment(revision_history_limit=1))
    await bench.start(*BOTH)
    for number in range(1, 5):
        change(bench, image=f"web:{number}")
        await roll(bench)
        await bench.rest("1s")
    assert sizes(bench) == {"web:3": 0, "web:4": 3}


async def test_two_managers_at_once_do_no_harm(bench: Bench) -> None:
    bench.api.add(deployment())
    await bench.start(*BOTH, DeploymentController, new_replica_set_controller)
    await roll(bench)
    assert sizes(bench) == {"web:1": 3}


async def test_a_foreign_set_of_our_name_is_a_collision(bench: Bench) -> None:
    from minik8s.controllers.deployment.revisions import compute_new_replica_set

    plan = deployment()
    taken = compute_new_replica_set(plan, 1)
    taken.metadata = ObjectMeta(name=taken.metadata.name, namespace="default", labels={"somebody": "else"})
    taken.spec.template.spec.containers[0].image = "other:1"  # type: ignore[union-attr]
    taken.spec.selector.match_labels = {"somebody": "else"}
    taken.spec.template.metadata = ObjectMeta(labels={"somebody": "else"})  # type: ignore[union-attr]
    taken.spec.replicas = 0
    bench.api.add(taken)
    bench.api.add(plan)
    await bench.start(*BOTH)
    await bench.rest("5s")
    assert current(bench).status.collision_count == 1
    assert sizes(bench) == {"other:1": 0, "web:1": 3}


async def test_an_orphaned_set_is_taken_in(bench: Bench) -> None:
    bench.api.add(deployment())
    await bench.start(*BOTH)
    await roll(bench)
    (only,) = bench.api.objects(apps.ReplicaSet)
    only.metadata.owner_references = []
    bench.api.add(only)
    await bench.rest("1s")
    (again,) = bench.api.objects(apps.ReplicaSet)
    assert [ref.uid for ref in again.metadata.owner_references] == [current(bench).metadata.uid]
    assert len(bench.api.objects(core.Pod)) == 3
