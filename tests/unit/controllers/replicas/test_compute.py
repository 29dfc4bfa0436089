"""Plan and status of a replica set."""

import pytest

from minik8s.controllers.conditions import find_condition
from minik8s.controllers.replicas.compute import BURST, compute_plan, compute_status
from minik8s.controllers.replicas.kinds import REPLICA_SET
from tests.unit.controllers.builders import START, pod, replica_set


@pytest.mark.parametrize(
    ("wanted", "have", "create", "delete"), [(3, 0, 3, 0), (3, 3, 0, 0), (1, 3, 0, 2), (0, 2, 0, 2), (900, 0, BURST, 0)]
)
def test_plan(wanted: int, have: int, create: int, delete: int) -> None:
    pods = [pod(f"p{number}") for number in range(have)]
    plan = compute_plan(replica_set(replicas=wanted), pods, pods, START)
    assert (plan.create, len(plan.delete)) == (create, delete)


def test_status_counts() -> None:
    owner = replica_set(replicas=4)
    owner.spec.min_ready_seconds = 30
    owner.metadata.generation = 7
    pods = [
        pod("a", ready=True, ready_age=60),
        pod("b", ready=True, ready_age=10),
        pod("c", ready=False),
        pod("d", ready=True, ready_age=60, labels={"app": "web", "more": "yes"}),
        pod("e", labels={"other": "label"}),
    ]
    status = compute_status(REPLICA_SET, owner, pods, None, START)
    counts = (status.replicas, status.fully_labeled_replicas, status.ready_replicas, status.available_replicas)
    assert counts == (5, 4, 3, 2)
    assert status.observed_generation == 7


def test_noughts_are_left_out_as_go_does() -> None:
    assert compute_status(REPLICA_SET, replica_set(), [], None, START).to_dict() == {"replicas": 0}


def test_failure_condition_comes_stays_and_goes() -> None:
    owner = replica_set(replicas=2)
    owner.status = compute_status(REPLICA_SET, owner, [], "exceeded quota", START)
    first = find_condition(owner.status.conditions, "ReplicaFailure")
    assert first is not None
    assert (first.status, first.reason, first.message) == ("True", "FailedCreate", "exceeded quota")
    again = compute_status(REPLICA_SET, owner, [], "something else", START + 60)
    assert find_condition(again.conditions, "ReplicaFailure") == first
    assert compute_status(REPLICA_SET, owner, [], None, START + 90).conditions == []
