"""Sizes during a rollout: tables, and the two promises as properties."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minik8s.api import apps
from minik8s.controllers.deployment.fenceposts import max_surge, min_available, resolve, wanted
from minik8s.controllers.deployment.proportional import compute_proportional
from minik8s.controllers.deployment.revisions import DESIRED_REPLICAS, MAX_REPLICAS, replicas_of
from minik8s.controllers.deployment.rollout import (
    Scale,
    compute_cleanup,
    compute_rolling_down,
    compute_rolling_up,
    compute_scaling,
    is_scaling_event,
)
from tests.unit.controllers.builders import deployment, replica_set, rolling


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (3, "25%", "25%", (1, 0)),
        (1, "25%", "25%", (1, 0)),
        (10, 0, 0, (0, 1)),
        (4, "0%", "10%", (0, 1)),
        (5, 2, 3, (2, 3)),
    ],
)
def test_fenceposts(replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]) -> None:
    assert resolve(deployment(replicas=replicas, strategy=rolling(surge, unavailable))) == expected


def scaled(steps: list[Scale]) -> dict[str, int]:
    return {step.replica_set.metadata.name: step.replicas for step in steps}


def test_unhealthy_old_pods_go_first_and_count_against_no_one() -> None:
    plan = deployment(replicas=10, strategy=rolling(3, 2))
    broken = replica_set("broken", 4)
    broken.status = apps.ReplicaSetStatus(replicas=4, available_replicas=0)
    good = replica_set("good", 8)
    good.status = apps.ReplicaSetStatus(replicas=8, available_replicas=8)
    new = replica_set("new", 0)
    new.status = apps.ReplicaSetStatus(replicas=0)
    assert scaled(compute_rolling_down(plan, new, [broken, good])) == {"broken": 0}


def test_a_new_version_that_never_comes_up_stops_the_rollout() -> None:
    plan = deployment(replicas=10, strategy=rolling(3, 2))
    old, new = replica_set("old", 8), replica_set("new", 5)
    old.status = apps.ReplicaSetStatus(replicas=8, available_replicas=8)
    new.status = apps.ReplicaSetStatus(replicas=5, available_replicas=0)
    assert compute_rolling_up(plan, new, [old]) == []
    assert compute_rolling_down(plan, new, [old]) == []


class World:
    """ReplicaSets as their controllers would keep them: pods appear and go at once, but become available when told."""

    def __init__(self, plan: apps.Deployment) -> None:
        self.plan = plan
        self.available = {"old": wanted(plan), "new": 0}
        self.size = {"old": wanted(plan), "new": 0}

    def sets(self) -> tuple[apps.ReplicaSet, apps.ReplicaSet]:
        found = []
        for name in ("old", "new"):
            one = replica_set(name, self.size[name])
            one.status = apps.ReplicaSetStatus(replicas=self.size[name], available_replicas=self.available[name])
            found.append(one)
        return found[0], found[1]

    def step(self) -> bool:
        old, new = self.sets()
        steps = compute_rolling_up(self.plan, new, [old]) or compute_rolling_down(self.plan, new, [old])
        for scale in steps:
            name = scale.replica_set.metadata.name
            self.size[name] = scale.replicas
            # the replica controller gives up unavailable pods first
            self.available[name] = min(self.available[name], scale.replicas)
        return bool(steps)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 20), st.integers(0, 10), st.integers(0, 10), st.data())
def test_a_rollout_keeps_its_promises_and_ends(
    replicas: int, surge: int, unavailable: int, data: st.DataObject
) -> None:
    plan = deployment(replicas=replicas, strategy=rolling(surge, unavailable))
    world, limit, floor = World(plan), replicas + max_surge(plan), min_available(plan)
    for _ in range(10 * replicas + 20):
        moved = world.step()
        assert sum(world.size.values()) <= limit, "more pods than the surge allows"
        assert sum(world.available.values()) >= floor, "fewer available pods than promised"
        coming = world.size["new"] - world.available["new"]
        if not moved and coming:
            world.available["new"] += data.draw(st.integers(1, coming))
    assert world.size == {"old": 0, "new": replicas}


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 60), st.integers(0, 20), st.lists(st.integers(1, 20), min_size=2, max_size=4),
)  # fmt: skip
def test_proportional_scaling_hits_the_allowed_size(after: int, surge: int, sizes: list[int]) -> None:
    plan = deployment(replicas=after, strategy=rolling(surge, 1))
    sets = []
    for number, size in enumerate(sizes):
        one = replica_set(f"rs-{number}", size)
        one.metadata.annotations = {MAX_REPLICAS: str(sum(sizes))}
        sets.append(one)
    result = compute_proportional(plan, sets)
    allowed = after + max_surge(plan) if after else 0
    assert all(size >= 0 for size in result.values())
    if allowed >= sum(sizes):
        assert sum(result.values()) == allowed
        assert all(result[one.metadata.name] >= replicas_of(one) for one in sets)
    else:
        assert all(result[one.metadata.name] <= replicas_of(one) for one in sets)


@pytest.mark.parametrize(
    ("replicas", "sizes", "expected"),
    [
        (12, [5, 5], [6, 6]),  # equal shares
        (4, [5, 5], [2, 2]),
        (20, [8, 2], [16, 4]),
        (0, [5, 5], [0, 0]),
    ],
)
def test_proportional_examples_of_upstream(replicas: int, sizes: list[int], expected: list[int]) -> None:
    plan = deployment(replicas=replicas, strategy=rolling(0, 1))
    sets = []
    for number, size in enumerate(sizes):
        one = replica_set(f"rs-{number}", size)
        one.metadata.annotations = {MAX_REPLICAS: "10", DESIRED_REPLICAS: "10"}
        one.status = apps.ReplicaSetStatus(replicas=size, available_replicas=size)
        sets.append(one)
    assert is_scaling_event(plan, sets)
    assert list(scaled(compute_scaling(plan, sets[1], [sets[0]])).values()) == expected


def test_cleanup_spares_what_is_not_empty_or_not_yet_seen() -> None:
    sets = []
    for number, (size, generation, observed) in enumerate([(0, 1, 1), (1, 1, 1), (0, 2, 1), (0, 1, 1)]):
        one = replica_set(f"rs-{number}", size)
        one.metadata.generation = generation
        one.status = apps.ReplicaSetStatus(replicas=size, observed_generation=observed)
        sets.append(one)
    assert [one.metadata.name for one in compute_cleanup(deployment(), sets, 1)] == ["rs-0"]
