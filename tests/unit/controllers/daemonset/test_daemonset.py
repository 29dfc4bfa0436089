"""DaemonSets: where they run, how they roll."""

from typing import Any

import pytest

from minik8s.api import apps, core
from minik8s.api.meta import LabelSelector, ObjectMeta
from minik8s.controllers.daemonset.controller import DaemonSetController
from minik8s.controllers.daemonset.placement import compute_placement, node_of, requirement_fits
from tests.unit.controllers.builders import LABELS, template
from tests.unit.controllers.conftest import Bench


def daemon(**spec: Any) -> apps.DaemonSet:
    body = apps.DaemonSetSpec(selector=LabelSelector(match_labels=dict(LABELS)), template=template(), **spec)
    return apps.DaemonSet(metadata=ObjectMeta(name="agent", namespace="default", uid="uid-a", generation=1), spec=body)


def node(name: str, *taints: core.Taint, **labels: str) -> core.Node:
    return core.Node(metadata=ObjectMeta(name=name, labels=labels), spec=core.NodeSpec(taints=list(taints)))


@pytest.mark.parametrize(
    ("taint", "expected"),
    [
        (None, (True, True)),
        (core.Taint(key="dedicated", effect="NoSchedule"), (False, True)),
        (core.Taint(key="dedicated", effect="NoExecute"), (False, False)),
        (core.Taint(key="dedicated", effect="PreferNoSchedule"), (True, True)),
        (core.Taint(key="node.kubernetes.io/unreachable", effect="NoExecute"), (True, True)),
        (core.Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule"), (True, True)),
    ],
)
def test_placement_by_taint(taint: core.Taint | None, expected: tuple[bool, bool]) -> None:
    assert compute_placement(daemon(), node("n1", *([taint] if taint else []))) == expected


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["a", "b"], True), ("In", ["c"], False), ("NotIn", ["c"], True), ("Exists", [], True),
        ("DoesNotExist", [], False), ("Gt", ["1"], False),
    ],
)  # fmt: skip
def test_requirement(operator: str, values: list[str], expected: bool) -> None:
    requirement = core.NodeSelectorRequirement(key="k", operator=operator, values=values)
    assert requirement_fits(requirement, {"k": "a"}) is expected


def test_greater_and_less_are_numbers() -> None:
    assert requirement_fits(core.NodeSelectorRequirement(key="k", operator="Gt", values=["9"]), {"k": "10"})
    assert not requirement_fits(core.NodeSelectorRequirement(key="k", operator="Lt", values=["9"]), {"k": "10"})


def places(bench: Bench) -> list[str]:
    return sorted(node_of(pod) for pod in bench.pods() if pod.metadata.deletion_timestamp is None)


async def run_all(bench: Bench) -> None:
    for pod in bench.pods():
        if pod.status.phase != "Running" and pod.metadata.deletion_timestamp is None:
            bench.set_ready(pod, node=node_of(pod))
    await bench.rest()


async def test_follows_nodes_and_labels(bench: Bench) -> None:
    plan = daemon()
    assert plan.spec.template.spec is not None
    plan.spec.template.spec.node_selector = {"role": "edge"}
    for one in (node("n1", role="edge"), node("n2", role="core")):
        bench.api.add(one)
    bench.api.add(plan)
    await bench.start(DaemonSetController)
    assert places(bench) == ["n1"]
    bench.api.add(node("n3", role="edge"))
    bench.api.add(node("n2", role="edge"))
    await bench.rest()
    assert places(bench) == ["n1", "n2", "n3"]
    bench.api.add(node("n2", role="core"))
    await bench.rest()
    assert places(bench) == ["n1", "n3"]
    await run_all(bench)
    status = bench.api.get(apps.DaemonSet, "agent", "default").status
    assert (status.desired_number_scheduled, status.number_ready, status.updated_number_scheduled) == (2, 2, 2)


async def test_rolls_one_node_at_a_time(bench: Bench) -> None:
    for number in range(3):
        bench.api.add(node(f"n{number}"))
    bench.api.add(daemon())
    await bench.start(DaemonSetController)
    await run_all(bench)
    changed = bench.api.get(apps.DaemonSet, "agent", "default").model_copy(deep=True)
    changed.spec.template.spec.containers[0].image = "web:2"
    changed.metadata.generation = 2
    bench.api.add(changed)
    for _ in range(8):
        await bench.rest("1s")
        assert len(places(bench)) >= 2, "at most one node without its pod"
        bench.finish_deletions()
        await bench.rest("1s")
        await run_all(bench)
    assert {pod.spec.containers[0].image for pod in bench.pods()} == {"web:2"}
    assert len(bench.api.objects(apps.ControllerRevision)) == 2


async def test_a_failed_pod_is_replaced(bench: Bench) -> None:
    bench.api.add(node("n1"))
    bench.api.add(daemon())
    await bench.start(DaemonSetController)
    (failed,) = bench.pods()
    failed.status.phase = "Failed"
    bench.api.add(failed)
    await bench.rest("1s")
    bench.finish_deletions()
    await bench.rest("1s")
    (fresh,) = bench.pods()
    assert fresh.metadata.uid != failed.metadata.uid
    assert any("Found failed daemon pod" in message for message in await bench.events("FailedDaemonPod"))
