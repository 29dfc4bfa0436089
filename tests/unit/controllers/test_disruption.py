"""How many pods may be evicted."""

import pytest

from minik8s.api import policy
from minik8s.api.meta import LabelSelector, ObjectMeta, format_time
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.disruption import DisruptionController, compute_status
from tests.unit.controllers.builders import LABELS, START, pod, replica_set
from tests.unit.controllers.conftest import Bench


def budget(
    min_available: int | str | None = None, max_unavailable: int | str | None = None
) -> policy.PodDisruptionBudget:
    spec = policy.PodDisruptionBudgetSpec(
        selector=LabelSelector(match_labels=dict(LABELS)), min_available=min_available, max_unavailable=max_unavailable
    )
    return policy.PodDisruptionBudget(metadata=ObjectMeta(name="b", namespace="default"), spec=spec)


@pytest.mark.parametrize(
    ("lowest", "highest", "ready", "scale", "expected"),
    [
        (2, None, 3, None, (3, 2, 1)),
        (5, None, 3, None, (3, 5, 0)),
        ("50%", None, 3, 5, (5, 3, 0)),
        (None, 1, 3, 3, (3, 2, 1)),
        (None, "34%", 3, 3, (3, 1, 2)),
        (None, 1, 3, 5, (5, 4, 0)),
        (0, None, 0, None, (0, 0, 0)),
    ],
)
def test_allowed(
    lowest: int | str | None, highest: int | str | None, ready: int, scale: int | None, expected: tuple[int, int, int]
) -> None:
    pods = [pod(f"p{number}", ready=True) for number in range(ready)]
    status = compute_status(budget(lowest, highest), pods, scale, START)
    assert (status.expected_pods, status.desired_healthy, status.disruptions_allowed) == expected


def test_granted_evictions_count_until_they_come_true_or_grow_old() -> None:
    plan, pods = budget(1), [pod("a", ready=True), pod("b", ready=True)]
    plan.status.disrupted_pods = {"a": format_time(START), "gone": format_time(START)}
    status = compute_status(plan, pods, None, START + 10)
    assert (status.current_healthy, list(status.disrupted_pods)) == (1, ["a"])
    assert compute_status(plan, pods, None, START + 121).disruptions_allowed == 1


async def test_the_loop_follows_pods_and_their_owner(bench: Bench) -> None:
    owner = replica_set("web", 2)
    bench.api.add(owner)
    bench.api.add(budget(max_unavailable=1))
    for name in ("a", "b"):
        bench.api.add(pod(name, ready=True, owner=owner, node="n1"))
    await bench.start(DisruptionController)
    assert bench.api.get(policy.PodDisruptionBudget, "b", "default").status.disruptions_allowed == 1
    bench.api.add(pod("a", ready=False, owner=owner, node="n1"))
    await bench.rest()
    status = bench.api.get(policy.PodDisruptionBudget, "b", "default").status
    verdict = find_condition(status.conditions, "DisruptionAllowed")
    assert status.disruptions_allowed == 0
    assert verdict is not None and (verdict.status, verdict.reason) == ("False", "InsufficientPods")
    bench.api.add(pod("stray", ready=True))
    await bench.rest()
    status = bench.api.get(policy.PodDisruptionBudget, "b", "default").status
    assert [one.reason for one in status.conditions] == ["SyncFailed"]
