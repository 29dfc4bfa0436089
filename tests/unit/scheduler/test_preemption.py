"""Who has to go."""

from __future__ import annotations

from typing import Any

from minik8s.scheduler.plugins import default_algorithm
from minik8s.scheduler.preemption import Plan, plan_preemption
from minik8s.scheduler.snapshot import Snapshot
from tests.unit.scheduler.clusters import cluster, make_node, make_pod


def plan(snapshot: Snapshot, pod: Any, budgets: list[Any] | None = None) -> Plan:
    algorithm = default_algorithm(seed=1)
    decision = algorithm.schedule(pod, snapshot)
    assert decision.node == ""
    before = dict(snapshot.pods)
    made = plan_preemption(pod, snapshot, algorithm, decision, budgets or [])
    assert snapshot.pods == before  # only supposed
    return made


def names(made: Plan) -> list[str]:
    return [victim.name for victim in made.victims]


def test_the_least_important_go_and_no_more_than_needed() -> None:
    on_node = [make_pod("low", cpu="400m", priority=1), make_pod("lower", cpu="400m"), make_pod("tiny", cpu="100m")]
    snapshot = cluster(make_node("a", cpu=1000), pods={"a": on_node})
    made = plan(snapshot, make_pod("p", cpu="400m", priority=10))
    assert (made.node, names(made)) == ("a", ["lower"])


def test_the_node_with_the_least_important_victims() -> None:
    snapshot = cluster(
        make_node("a", cpu=1000),
        make_node("b", cpu=1000),
        pods={"a": [make_pod("five", cpu="1", priority=5)], "b": [make_pod("two", cpu="1", priority=2)]},
    )
    assert plan(snapshot, make_pod("p", cpu="1", priority=10)).node == "b"


def test_fewer_budgets_violated_come_before_all_else() -> None:
    budget = {
        "metadata": {"namespace": "default", "name": "pdb"},
        "spec": {"selector": {"matchLabels": {"app": "db"}}},
        "status": {"disruptionsAllowed": 0},
    }
    snapshot = cluster(
        make_node("a", cpu=1000),
        make_node("b", cpu=1000),
        pods={"a": [make_pod("db", cpu="1", labels={"app": "db"})], "b": [make_pod("web", cpu="1", priority=5)]},
    )
    assert names(plan(snapshot, make_pod("p", cpu="1", priority=10), [budget])) == ["web"]
    budget["status"] = {"disruptionsAllowed": 1}
    assert names(plan(snapshot, make_pod("p", cpu="1", priority=10), [budget])) == ["db"]


def test_anti_affinity_is_solved_by_preemption() -> None:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}}
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    snapshot = cluster(make_node("a"), pods={"a": [make_pod("db", labels={"app": "db"}), make_pod("web")]})
    assert names(plan(snapshot, make_pod("p", priority=10, affinity=away))) == ["db"]


def test_what_pods_leaving_cannot_change_is_left_alone() -> None:
    snapshot = cluster(make_node("a", cpu=1000), pods={"a": [make_pod("low", cpu="1")]})
    made = plan(snapshot, make_pod("p", cpu="2", priority=10))
    assert made.node == ""
    assert made.message == ("preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")


def test_who_waits_for_a_victim_to_leave_does_not_preempt_again() -> None:
    leaving = make_pod("low", cpu="1")
    leaving = type(leaving)(**{f: getattr(leaving, f) for f in leaving.__slots__} | {"terminating": True, "node": "a"})
    snapshot = cluster(make_node("a", cpu=1000))
    snapshot.add_pod(leaving)
    pod = make_pod("p", cpu="1", priority=10, status={"nominatedNodeName": "a"})
    pod = type(pod)(**{f: getattr(pod, f) for f in pod.__slots__} | {"nominated_node": "a"})
    made = plan(snapshot, pod)
    assert made.keeps_nomination
    assert made.message == "preemption: not eligible due to a terminating pod on the nominated node."
