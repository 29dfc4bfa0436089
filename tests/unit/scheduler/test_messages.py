"""What people are told when no node will do: upstream's words, counted per node."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.scheduler.listers import Listers
from minik8s.scheduler.model import Taint
from minik8s.scheduler.plugins import default_algorithm
from minik8s.scheduler.preemption import plan_preemption
from minik8s.scheduler.snapshot import Snapshot
from tests.unit.scheduler.clusters import cluster, make_node, make_pod


def message(snapshot: Snapshot, pod: Any, listers: Listers | None = None) -> str:
    algorithm = default_algorithm(listers, seed=1)
    decision = algorithm.schedule(pod, snapshot)
    assert decision.node == ""
    decision.preemption = plan_preemption(pod, snapshot, algorithm, decision, []).message
    return decision.message()


def test_reasons_are_counted_and_sorted() -> None:
    taint = (Taint("dedicated", "gpu", "NoSchedule"),)
    snapshot = cluster(make_node("a", cpu=50), make_node("b", taints=taint), make_node("c", taints=taint))
    assert message(snapshot, make_pod("p")) == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: gpu}. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_no_victims_where_the_place_is_taken_by_equals() -> None:
    snapshot = cluster(make_node("a", cpu=1000), pods={"a": [make_pod("big", cpu="950m")]})
    assert message(snapshot, make_pod("p")) == (
        "0/1 nodes are available: 1 Insufficient cpu. "
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


def test_one_node_may_have_several_reasons() -> None:
    snapshot = cluster(make_node("a", cpu=1000), pods={"a": [make_pod("big", cpu="950m", requests={"memory": "8Gi"})]})
    told = message(snapshot, make_pod("p", requests={"memory": "1Gi"}))
    assert told.startswith("0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. ")


@pytest.mark.parametrize(
    ("node", "pod", "reason"),
    [
        ({"unschedulable": True}, {}, "node(s) were unschedulable"),
        ({}, {"nodeSelector": {"disk": "ssd"}}, "node(s) didn't match Pod's node affinity/selector"),
        ({}, {"requests": {"nvidia.com/gpu": "1"}}, "Insufficient nvidia.com/gpu"),
        ({"allocatable": {"pods": 0}}, {}, "Too many pods"),
        (
            {"taints": (Taint("node.kubernetes.io/not-ready", "", "NoExecute"),)},
            {},
            "node(s) had untolerated taint {node.kubernetes.io/not-ready: }",
        ),
    ],
)
def test_words_of_each_filter(node: dict[str, Any], pod: dict[str, Any], reason: str) -> None:
    told = message(cluster(make_node("a", **node)), make_pod("p", **pod))
    assert told.startswith(f"0/1 nodes are available: 1 {reason}. preemption: ")


def test_a_daemons_pod_names_one_node_only() -> None:
    required = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    snapshot = cluster(make_node("a", cpu=10), make_node("b"), make_node("c"))
    assert message(snapshot, make_pod("p", affinity=affinity)).startswith(
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. "
    )


def test_a_missing_claim_is_the_pods_own_trouble() -> None:
    pod = make_pod("p", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}])
    assert message(cluster(make_node("a")), pod) == (
        '0/1 nodes are available: persistentvolumeclaim "data" not found. '
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )


def test_never_preempting_says_so() -> None:
    snapshot = cluster(make_node("a", cpu=1000), pods={"a": [make_pod("big", cpu="950m")]})
    told = message(snapshot, make_pod("p", priority=5, preemptionPolicy="Never"))
    assert told.endswith("preemption: not eligible due to preemptionPolicy=Never.")


def test_without_nodes() -> None:
    assert message(cluster(), make_pod("p")) == "no nodes available to schedule pods"
