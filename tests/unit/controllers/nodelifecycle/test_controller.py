"""A node falls silent: what happens when, on virtual time."""

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.controllers.conditions import find_condition
from minik8s.controllers.nodelifecycle.eviction import TaintEvictionController
from minik8s.controllers.nodelifecycle.monitor import NodeLifecycleController
from minik8s.controllers.nodelifecycle.taints import UNREACHABLE
from minik8s.controllers.podgc import PodGarbageCollector
from tests.unit.controllers.builders import pod
from tests.unit.controllers.conftest import Bench
from tests.unit.controllers.nodelifecycle.test_pure import node


def beat(bench: Bench, *names: str) -> None:
    """What living kubelets post."""
    for name in names:
        current = bench.api.get(core.Node, name)
        stamp = format_time(bench.clock.now())
        current.status.conditions = [core.NodeCondition(type="Ready", status="True", last_heartbeat_time=stamp)]
        bench.api.add(current)


async def live(bench: Bench, seconds: int, *alive: str) -> None:
    for _ in range(seconds // 10):
        beat(bench, *alive)
        await bench.rest("10s")


def taints(bench: Bench, name: str) -> set[tuple[str, str]]:
    return {(taint.key, taint.effect) for taint in bench.api.get(core.Node, name).spec.taints}


def patient(name: str, where: str, seconds: int | None) -> core.Pod:
    one = pod(name, ready=True, node=where)
    one.spec.tolerations = [core.Toleration(key=UNREACHABLE, operator="Exists", toleration_seconds=seconds)]
    return one


async def test_silence_taints_evicts_and_return_heals(bench: Bench) -> None:
    for name in ("n1", "n2", "n3"):
        bench.api.add(node(name))
    for one in (pod("hasty", ready=True, node="n1"), patient("patient", "n1", 120), patient("stoic", "n1", None)):
        bench.api.add(one)
    await bench.start(NodeLifecycleController, TaintEvictionController)
    await live(bench, 40, "n2", "n3")
    assert taints(bench, "n1") == set(), "within the grace period"
    await live(bench, 20, "n2", "n3")
    ready = find_condition(bench.api.get(core.Node, "n1").status.conditions, "Ready")
    assert ready is not None and (ready.status, ready.reason) == ("Unknown", "NodeStatusUnknown")
    assert taints(bench, "n1") == {(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")}
    going = {one.metadata.name for one in bench.pods() if one.metadata.deletion_timestamp}
    assert going == {"hasty"}
    stoic = find_condition(bench.api.get(core.Pod, "stoic", "default").status.conditions, "Ready")
    assert stoic is not None and stoic.status == "False"
    await live(bench, 130, "n2", "n3")
    going = {one.metadata.name for one in bench.pods() if one.metadata.deletion_timestamp}
    assert going == {"hasty", "patient"}
    reasons = find_condition(bench.api.get(core.Pod, "patient", "default").status.conditions, "DisruptionTarget")
    assert reasons is not None and reasons.reason == "DeletionByTaintManager"
    await live(bench, 20, "n1", "n2", "n3")
    assert taints(bench, "n1") == set()
    assert "Node n1 status is now: NodeNotReady" in await bench.events("NodeNotReady")


async def test_a_return_in_time_calls_the_eviction_off(bench: Bench) -> None:
    for name in ("n1", "n2"):
        bench.api.add(node(name))
    bench.api.add(patient("patient", "n1", 120))
    await bench.start(NodeLifecycleController, TaintEvictionController)
    await live(bench, 100, "n2")
    await live(bench, 200, "n1", "n2")
    assert bench.pods()[0].metadata.deletion_timestamp is None
    assert "Cancelling deletion of Pod default/patient" in await bench.events("TaintManagerEviction")


async def test_when_every_node_is_silent_nobody_is_evicted(bench: Bench) -> None:
    for name in ("n1", "n2"):
        bench.api.add(node(name))
    bench.api.add(pod("hasty", ready=True, node="n1"))
    await bench.start(NodeLifecycleController, TaintEvictionController)
    await bench.rest("5m")
    assert taints(bench, "n1") == {(UNREACHABLE, "NoSchedule")}
    assert bench.pods()[0].metadata.deletion_timestamp is None


async def test_pod_gc(bench: Bench) -> None:
    bench.api.add(node("n1"))
    bench.api.add(pod("fine", ready=True, node="n1"))
    bench.api.add(pod("lost", ready=True, node="n9"))
    bench.api.add(pod("unborn", deleting=True))
    await bench.start(PodGarbageCollector)
    assert {one.metadata.name for one in bench.pods()} == {"fine", "lost"}
    await bench.rest("30s")
    assert "lost" in {one.metadata.name for one in bench.pods()}, "in quarantine"
    await bench.rest("40s")
    assert {one.metadata.name for one in bench.pods()} == {"fine"}
