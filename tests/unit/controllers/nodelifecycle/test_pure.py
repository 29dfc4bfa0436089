"""Health, taints, zones and tolerations, without a server."""

import pytest

from minik8s.api import coordination, core
from minik8s.api.meta import ObjectMeta, format_micro_time, format_time
from minik8s.controllers.nodelifecycle.eviction import FOREVER, compute_stay, tolerates
from minik8s.controllers.nodelifecycle.health import compute_unknown, is_silent, observe
from minik8s.controllers.nodelifecycle.taints import NOT_READY, UNREACHABLE, compute_no_execute, compute_no_schedule
from minik8s.controllers.nodelifecycle.zones import Limiter, Rates, ZoneState, compute_rates, compute_zone_state
from tests.unit.controllers.builders import START


def node(name: str = "n1", ready: str | None = "True", beat: float = 0, zone: str = "") -> core.Node:
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    meta = ObjectMeta(name=name, uid=f"uid-{name}", labels=labels, creation_timestamp=format_time(START))
    conditions = []
    if ready is not None:
        stamp = format_time(START + beat)
        conditions = [core.NodeCondition(type="Ready", status=ready, last_heartbeat_time=stamp)]
    return core.Node(metadata=meta, status=core.NodeStatus(conditions=conditions))


def lease(renewed: float) -> coordination.Lease:
    spec = coordination.LeaseSpec(renew_time=format_micro_time(START + renewed))
    return coordination.Lease(metadata=ObjectMeta(name="n1", namespace="kube-node-lease"), spec=spec)


def test_either_signal_is_a_sign_of_life() -> None:
    health = observe(node(), lease(0), None, START)
    assert observe(node(), lease(0), health, START + 30).probed == START
    assert observe(node(beat=10), lease(0), health, START + 30).probed == START + 30
    assert observe(node(), lease(10), health, START + 30).probed == START + 30
    assert observe(node(), None, health, START + 30).probed == START, "a lease that vanished is no sign"


def test_a_nodes_own_clock_does_not_matter() -> None:
    health = observe(node(beat=-9000), lease(-9000), None, START)
    health = observe(node(beat=-8990), lease(-8990), health, START + 10)
    assert not is_silent(node(), health, START + 59, 50, 60)
    assert is_silent(node(), health, START + 61, 50, 60)


def test_a_node_that_never_spoke_has_the_start_up_grace() -> None:
    silent = node(ready=None)
    health = observe(silent, None, None, START + 40)
    assert not is_silent(silent, health, START + 59, 50, 60)
    assert is_silent(silent, health, START + 61, 50, 60)
    reasons = {condition.reason for condition in compute_unknown(silent, START + 61)}
    assert reasons == {"NodeStatusNeverUpdated"}


def test_unknown_is_said_once() -> None:
    lost = node()
    lost.status.conditions = compute_unknown(lost, START + 60)
    ready = lost.status.conditions[0]
    assert (ready.status, ready.reason, ready.message) == (
        "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.",
    )  # fmt: skip
    assert compute_unknown(lost, START + 120) == lost.status.conditions


def test_no_schedule_taints_follow_conditions_and_cordon() -> None:
    bad = node(ready="Unknown")
    bad.spec.unschedulable = True
    bad.spec.taints = [core.Taint(key="mine", effect="NoSchedule"), core.Taint(key=NOT_READY, effect="NoSchedule")]
    taints = compute_no_schedule(bad, START)
    assert [taint.key for taint in taints] == ["mine", UNREACHABLE, "node.kubernetes.io/unschedulable"]
    bad.spec.taints = taints
    assert compute_no_schedule(bad, START + 99) == taints


def test_no_execute_taint_swaps() -> None:
    first = compute_no_execute([], "Unknown", START)
    assert [(taint.key, taint.effect) for taint in first] == [(UNREACHABLE, "NoExecute")]
    assert compute_no_execute(first, "Unknown", START + 9) == first
    assert [taint.key for taint in compute_no_execute(first, "False", START + 9)] == [NOT_READY]
    assert compute_no_execute(first, "True", START + 9) == []


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ([True, True], ZoneState.NORMAL),
        ([False, False], ZoneState.FULL),
        ([False, False, True], ZoneState.NORMAL),
        ([False] * 6 + [True] * 4, ZoneState.PARTIAL),
        ([False] * 5 + [True] * 5, ZoneState.NORMAL),
        ([], ZoneState.NORMAL),
    ],
)
def test_zone_state(ready: list[bool], expected: ZoneState) -> None:
    assert compute_zone_state(ready, 0.55) is expected


def test_rates() -> None:
    def zone(name: str, down: int, up: int) -> list[core.Node]:
        return [node(f"{name}{n}", "Unknown" if n < down else "True", zone=name) for n in range(down + up)]

    rates = compute_rates([*zone("a", 1, 3), *zone("b", 6, 4), *zone("c", 40, 20)], Rates())
    assert rates == {":a": 0.1, ":b": 0.0, ":c": 0.01}
    assert compute_rates([*zone("a", 2, 0), *zone("b", 1, 0)], Rates()) == {":a": 0.0, ":b": 0.0}


def test_limiter() -> None:
    limiter = Limiter()
    assert limiter.allows("z", 0.1, 0)
    limiter.take("z", 0)
    assert [limiter.allows("z", 0.1, now) for now in (0, 9, 10)] == [False, False, True]
    assert limiter.allows("other", 0.1, 0)
    assert not limiter.allows("third", 0, 0)


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "value": "other"}, False),
        ({"key": "k", "operator": "Exists", "effect": "NoSchedule"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"value": "v"}, False),
    ],
)
def test_tolerates(toleration: dict[str, str], expected: bool) -> None:
    taint = core.Taint(key="k", value="v", effect="NoExecute")
    assert tolerates(core.Toleration(**toleration), taint) is expected


def test_stay() -> None:
    taints = [core.Taint(key="a", effect="NoExecute"), core.Taint(key="b", effect="NoExecute")]
    a = core.Toleration(key="a", operator="Exists", toleration_seconds=300)
    b = core.Toleration(key="b", operator="Exists")
    assert compute_stay([], taints) == 0
    assert compute_stay([a], taints) == 0
    assert compute_stay([a, b], taints) == 300
    assert compute_stay([b, core.Toleration(operator="Exists")], taints) == FOREVER
    assert compute_stay([], []) == FOREVER
