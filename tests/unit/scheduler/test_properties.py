"""Something bad never happens: whatever the cluster and the pods, no node is promised more than it has."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.plugins import default_algorithm
from minik8s.scheduler.snapshot import Snapshot
from tests.unit.scheduler.clusters import cluster, make_node, make_pod

GPU = "nvidia.com/gpu"

nodes = st.lists(
    st.builds(
        dict,
        cpu=st.integers(0, 4000),
        allocatable=st.fixed_dictionaries({GPU: st.integers(0, 4), "pods": st.integers(0, 6)}),
        labels=st.fixed_dictionaries({"zone": st.sampled_from("ab")}),
    ),
    max_size=6,
)
pods = st.lists(
    st.builds(
        dict,
        cpu=st.sampled_from(["0", "100m", "1", "2500m"]),
        requests=st.sampled_from([{}, {GPU: "1"}, {GPU: "2"}]),
        ports=st.sampled_from([[], [{"hostPort": 80}], [{"hostPort": 80, "hostIP": "10.0.0.1"}], [{"hostPort": 81}]]),
        labels=st.sampled_from([{}, {"app": "web"}]),
        namespace=st.sampled_from(["default", "other"]),
    ),
    max_size=25,
)


def fill(node_specs: list[dict[str, Any]], pod_specs: list[dict[str, Any]], seed: int) -> tuple[Snapshot, list[str]]:
    snapshot = cluster(*(make_node(f"n{i}", **spec) for i, spec in enumerate(node_specs)))
    algorithm = default_algorithm(seed=seed)
    placed = []
    for number, spec in enumerate(pod_specs):
        pod = make_pod(f"p{number}", **spec)
        decision = algorithm.schedule(pod, snapshot)
        placed.append(decision.node)
        if decision.node:
            snapshot.add_pod(pod.assigned(decision.node))
        else:
            counted = sum(decision.reasons.values())
            assert counted >= len(node_specs)  # every node has a reason
    return snapshot, placed


@settings(max_examples=60, deadline=None)
@given(nodes, pods, st.integers(0, 3))
def test_nothing_is_promised_twice(node_specs: Any, pod_specs: Any, seed: int) -> None:
    snapshot, _ = fill(node_specs, pod_specs, seed)
    for name, on_node in snapshot.pods_on.items():
        allocatable = snapshot.node(snapshot.position[name]).allocatable
        wanted: Counter[str] = Counter()
        for pod in on_node.values():
            wanted.update(pod.requests)
        assert len(on_node) <= allocatable["pods"]
        assert all(amount <= allocatable.get(resource, 0) for resource, amount in wanted.items())
        ports = [port for pod in on_node.values() for port in pod.ports]
        assert not any(a.collides(b) for i, a in enumerate(ports) for b in ports[:i])


@settings(max_examples=30, deadline=None)
@given(nodes, pods, st.integers(0, 3))
def test_the_same_seed_gives_the_same_places(node_specs: Any, pod_specs: Any, seed: int) -> None:
    assert fill(node_specs, pod_specs, seed)[1] == fill(node_specs, pod_specs, seed)[1]


actions = st.lists(st.tuples(st.sampled_from(["add", "remove", "node", "drop"]), st.integers(0, 5), st.integers(0, 3)))


@settings(max_examples=60, deadline=None)
@given(actions)
def test_columns_are_what_a_fresh_count_gives(steps: list[tuple[str, int, int]]) -> None:
    """However pods and nodes come and go, in whatever order, the columns hold the sums."""
    snapshot = Snapshot()
    match = None
    for action, pod_number, node_number in steps:
        if action == "add":
            pod = make_pod(f"p{pod_number}", cpu="100m", labels={"app": "web"}, ports=[{"hostPort": 80}])
            snapshot.add_pod(pod.assigned(f"n{node_number}"))
        elif action == "remove":
            snapshot.remove_pod(f"default/p{pod_number}")
        elif action == "node":
            snapshot.add_node(make_node(f"n{node_number}", cpu=1000 + pod_number))
        else:
            snapshot.remove_node(f"n{node_number}")
        if match is None:
            from minik8s.api.selectors import LabelSelector
            from minik8s.scheduler.matches import PodMatch

            match = PodMatch(LabelSelector.parse("app=web"))
        counts = snapshot.matches.column(match)
        for name, position in snapshot.position.items():
            on_node = snapshot.pods_on.get(name, {})
            assert snapshot.pod_count[position] == len(on_node) == counts[position]
            assert snapshot.requested("cpu")[position] == 100 * len(on_node)
        assert snapshot.alive.sum() == len(snapshot.position)


def test_supposing_puts_everything_back() -> None:
    snapshot = cluster(make_node("a"), pods={"a": [make_pod("p"), make_pod("q")]})
    before: SchedPod = snapshot.pods["default/p"]
    with snapshot.supposing(added=[make_pod("r").assigned("a")], removed=["default/p"]):
        assert set(snapshot.pods) == {"default/q", "default/r"}
    assert set(snapshot.pods) == {"default/p", "default/q"}
    assert snapshot.pods["default/p"] == before
    assert snapshot.requested("cpu")[snapshot.position["a"]] == 200
