"""Who goes first when there are too many pods."""

import pytest

from minik8s.api import core
from minik8s.controllers.ranking import DELETION_COST, compute_pods_to_delete
from tests.unit.controllers.builders import START, pod

UP = {"ready": True, "node": "n1"}

CASES = [
    ("unscheduled before scheduled", pod("a"), pod("b", node="n1")),
    ("pending before running", pod("a", node="n1", phase="Pending"), pod("b", node="n1", phase="Running")),
    ("unknown before running", pod("a", node="n1", phase="Unknown"), pod("b", node="n1", phase="Running")),
    ("not ready before ready", pod("a", ready=False, node="n1"), pod("b", **UP)),
    ("cheaper first", pod("a", annotations={DELETION_COST: "-5"}, **UP), pod("b", **UP)),
    ("shorter ready first", pod("a", ready_age=10, **UP), pod("b", ready_age=10_000, **UP)),
    ("more restarts first", pod("a", restarts=3, **UP), pod("b", restarts=1, **UP)),
    ("younger first", pod("a", age=10, **UP), pod("b", age=100_000, **UP)),
]


@pytest.mark.parametrize(("why", "first", "second"), CASES, ids=[case[0] for case in CASES])
def test_order(why: str, first: core.Pod, second: core.Pod) -> None:
    for pods in ([first, second], [second, first]):
        assert compute_pods_to_delete(pods, pods, 1, START) == [first], why


def test_a_doubled_up_pod_goes_before_one_alone_on_its_node() -> None:
    crowded, alone = pod("a", ready=True, node="n1"), pod("b", ready=True, node="n2")
    related = [crowded, alone, pod("other", ready=True, node="n1")]
    assert compute_pods_to_delete([alone, crowded], related, 1, START) == [crowded]


@pytest.mark.parametrize("text", ["abc", "1.5", "+3", "007", str(2**31)])
def test_an_unreadable_cost_counts_as_nought(text: str) -> None:
    odd, cheap = pod("a", annotations={DELETION_COST: text}, **UP), pod("b", annotations={DELETION_COST: "-1"}, **UP)
    assert compute_pods_to_delete([odd, cheap], [], 1, START) == [cheap]


def test_all_of_them_need_no_order() -> None:
    pods = [pod("a"), pod("b")]
    assert compute_pods_to_delete(pods, [], 2, START) == pods
