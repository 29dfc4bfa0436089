"""The three loops against an API server in memory."""

from minik8s.api import core, discovery
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.endpoints.endpoints_controller import EndpointsController
from minik8s.controllers.endpoints.mirroring import EndpointSliceMirroringController
from minik8s.controllers.endpoints.slice_controller import EndpointSliceController
from tests.unit.controllers.builders import pod
from tests.unit.controllers.conftest import Bench
from tests.unit.controllers.endpoints.test_targets import service


def slices(bench: Bench) -> list[list[str]]:
    found = bench.api.objects(discovery.EndpointSlice)
    return sorted(sorted(endpoint.addresses[0] for endpoint in one.endpoints) for one in found)


async def test_pods_come_change_and_go(bench: Bench) -> None:
    bench.api.add(service())
    await bench.start(EndpointsController, EndpointSliceController)
    assert bench.api.get(core.Endpoints, "web", "default").subsets == []
    assert slices(bench) == [[]]
    bench.api.add(pod("a", ready=True, ip="10.0.0.1", node="n1"))
    await bench.rest()
    assert bench.api.get(core.Endpoints, "web", "default").subsets[0].addresses[0].ip == "10.0.0.1"
    assert slices(bench) == [["10.0.0.1"]]
    bench.api.add(pod("a", ready=False, ip="10.0.0.1", node="n1"))
    await bench.rest()
    assert bench.api.get(core.Endpoints, "web", "default").subsets[0].addresses == []
    (only,) = bench.api.objects(discovery.EndpointSlice)
    assert only.endpoints[0].conditions.ready is False
    bench.api.remove(core.Pod, "a", "default")
    await bench.rest()
    assert slices(bench) == [[]]


async def test_what_concerns_no_endpoint_writes_nothing(bench: Bench) -> None:
    bench.api.add(service())
    bench.api.add(pod("a", ready=True, ip="10.0.0.1"))
    await bench.start(EndpointsController, EndpointSliceController)
    before = len(bench.api.requests)
    bench.api.add(pod("a", ready=True, ip="10.0.0.1", restarts=1, annotations={"note": "new"}))
    await bench.rest("5s")
    assert len(bench.api.requests) == before


async def test_a_deleted_service_takes_its_endpoints_but_not_others(bench: Bench) -> None:
    hand_made = core.Endpoints(metadata=ObjectMeta(name="kubernetes", namespace="default"))
    bench.api.add(service())
    bench.api.add(hand_made)
    await bench.start(EndpointsController)
    bench.api.remove(core.Service, "web", "default")
    await bench.rest()
    assert [one.metadata.name for one in bench.api.objects(core.Endpoints)] == ["kubernetes"]


async def test_a_slow_cache_never_doubles_the_slices(bench: Bench) -> None:
    bench.api.add(service())
    (controller,) = await bench.start(EndpointSliceController)
    for number in range(6):
        bench.api.add(pod(f"p{number}", ready=True, ip=f"10.0.0.{number}"))
        controller.enqueue("default/web")
        bench.api.cut_watches()
        await bench.rest(0.003)
    await bench.rest("10s")
    assert slices(bench) == [[f"10.0.0.{number}" for number in range(6)]]


async def test_hand_made_endpoints_are_mirrored_until_their_service_selects(bench: Bench) -> None:
    plain = service()
    plain.spec.selector = {}
    subset = core.EndpointSubset(
        addresses=[core.EndpointAddress(ip="192.0.2.1")],
        not_ready_addresses=[core.EndpointAddress(ip="192.0.2.2")],
        ports=[core.EndpointPort(port=9000)],
    )
    bench.api.add(plain)
    bench.api.add(core.Endpoints(metadata=ObjectMeta(name="web", namespace="default"), subsets=[subset]))
    await bench.start(EndpointSliceMirroringController)
    (mirror,) = bench.api.objects(discovery.EndpointSlice)
    assert mirror.metadata.labels["endpointslice.kubernetes.io/managed-by"].startswith("endpointslicemirroring")
    ready = {endpoint.addresses[0]: endpoint.conditions.ready for endpoint in mirror.endpoints}
    assert ready == {"192.0.2.1": True, "192.0.2.2": False}
    bench.api.add(service())
    await bench.rest()
    assert bench.api.objects(discovery.EndpointSlice) == []
