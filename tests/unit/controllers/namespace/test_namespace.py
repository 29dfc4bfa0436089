"""A namespace goes: content first, then itself."""

from collections import Counter

from minik8s.api import apps, core
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.namespace.conditions import Progress, compute_conditions
from minik8s.controllers.namespace.controller import NamespaceController
from tests.unit.controllers.builders import START, pod
from tests.unit.controllers.conftest import Bench


def test_conditions() -> None:
    fine = compute_conditions([], Progress(), START)
    assert [condition.status for condition in fine] == ["False"] * 5
    stuck = Progress(remaining=Counter({"pods.": 2}), finalizers=Counter({"example.com/x": 1}))
    shown = {condition.type: condition for condition in compute_conditions(fine, stuck, START + 9)}
    remaining = shown["NamespaceContentRemaining"]
    assert remaining.message == "Some resources are remaining: pods. has 2 resource instances"
    text = "Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances"
    assert shown["NamespaceFinalizersRemaining"].message == text
    assert compute_conditions(fine, Progress(), START + 9) == fine


async def start(bench: Bench) -> None:
    bench.discoverable(core.Pod, core.ConfigMap, core.Secret, apps.Deployment, core.Node)
    spec = core.NamespaceSpec(finalizers=["kubernetes"])
    bench.api.add(core.Namespace(metadata=ObjectMeta(name="gone"), spec=spec))
    await bench.start(NamespaceController)


async def delete(bench: Bench) -> None:
    namespace = bench.api.get(core.Namespace, "gone")
    namespace.metadata.deletion_timestamp = "2026-01-01T00:00:00Z"
    bench.api.add(namespace)
    await bench.rest()


async def test_everything_goes_pods_first(bench: Bench) -> None:
    await start(bench)
    one = pod(ready=True, node="n1")
    one.metadata.namespace, one.spec.termination_grace_period_seconds = "gone", 30
    bench.api.add(one)
    bench.api.add(core.ConfigMap(metadata=ObjectMeta(name="c", namespace="gone")))
    bench.api.add(core.ConfigMap(metadata=ObjectMeta(name="c", namespace="stays")))
    await delete(bench)
    assert bench.api.get(core.Namespace, "gone").status.phase == "Terminating"
    assert bench.api.get(core.ConfigMap, "c", "gone") is not None, "what pods may use stays until they are gone"
    bench.finish_deletions("gone")
    await bench.rest("1s")
    assert bench.api.get(core.ConfigMap, "c", "gone") is None
    assert bench.api.get(core.Namespace, "gone") is None
    assert bench.api.get(core.ConfigMap, "c", "stays") is not None


async def test_a_finalizer_holds_it_and_is_named(bench: Bench) -> None:
    await start(bench)
    held = core.ConfigMap(metadata=ObjectMeta(name="held", namespace="gone", finalizers=["example.com/x"]))
    bench.api.add(held)
    await delete(bench)
    await bench.rest("10s")
    conditions = {one.type: one for one in bench.api.get(core.Namespace, "gone").status.conditions}
    assert conditions["NamespaceFinalizersRemaining"].status == "True"
    held = bench.api.get(core.ConfigMap, "held", "gone")
    held.metadata.finalizers = []
    bench.api.remove(core.ConfigMap, "held", "gone")
    await bench.rest("10s")
    assert bench.api.get(core.Namespace, "gone") is None


async def test_a_failing_discovery_lets_nothing_go(bench: Bench) -> None:
    await start(bench)

    from minik8s.api.status import ServiceUnavailable
    from minik8s.client.resources import Resource

    async def fail(*, strict: bool = False) -> list[Resource]:
        if strict:
            raise ServiceUnavailable("aggregated server is away")
        return bench.resources

    bench.client.discover = fail  # type: ignore[assignment, method-assign]
    await delete(bench)
    await bench.rest("1m")
    conditions = {one.type: one for one in bench.api.get(core.Namespace, "gone").status.conditions}
    assert conditions["NamespaceDeletionDiscoveryFailure"].message == (
        "Discovery failed for some groups: aggregated server is away"
    )
    assert bench.api.get(core.Namespace, "gone") is not None
