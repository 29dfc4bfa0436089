"""What a pod offers a Service, in both forms."""

from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.endpoints.endpoints_controller import compute_endpoints
from minik8s.controllers.endpoints.slice_endpoints import compute_plan
from minik8s.controllers.endpoints.subsets import compute_subsets, truncate
from minik8s.controllers.endpoints.targets import target_port
from tests.unit.controllers.builders import pod


def service(ports: list[core.ServicePort] | None = None, **spec: Any) -> core.Service:
    found = [core.ServicePort(name="http", port=80, target_port=8080)] if ports is None else ports
    body = core.ServiceSpec(selector={"app": "web"}, ports=found, cluster_ip="10.96.0.7", **spec)
    return core.Service(metadata=ObjectMeta(name="web", namespace="default", uid="uid-svc"), spec=body)


def with_port(one: core.Pod, name: str, number: int, protocol: str | None = None) -> core.Pod:
    port = core.ContainerPort(name=name, container_port=number, protocol=protocol)
    one.spec.containers = [*one.spec.containers, core.Container(name=f"c{number}", ports=[port])]
    return one


@pytest.mark.parametrize(
    ("target", "protocol", "expected"),
    [(None, "TCP", 80), (8080, "TCP", 8080), ("web", "TCP", 3000), ("dns", "UDP", 53), ("dns", "TCP", None)],
)
def test_target_port(target: int | str | None, protocol: str, expected: int | None) -> None:
    one = with_port(with_port(pod(), "web", 3000), "dns", 53, "UDP")
    assert target_port(one, core.ServicePort(port=80, target_port=target, protocol=protocol)) == expected


def addresses(subsets: list[core.EndpointSubset]) -> list[tuple[list[str], list[str], list[int]]]:
    return [
        ([a.ip for a in s.addresses], [a.ip for a in s.not_ready_addresses], [p.port for p in s.ports]) for s in subsets
    ]


def test_subsets_split_by_readiness_and_leave_out_who_is_going() -> None:
    pods = [
        pod("b", ready=True, ip="10.0.0.2"), pod("a", ready=True, ip="10.0.0.1"), pod("c", ready=False, ip="10.0.0.3"),
        pod("going", ready=True, ip="10.0.0.4", deleting=True), pod("done", phase="Succeeded", ip="10.0.0.5"),
        pod("no-address", ready=True),
    ]  # fmt: skip
    assert addresses(compute_subsets(service(), pods)) == [(["10.0.0.1", "10.0.0.2"], ["10.0.0.3"], [8080])]


def test_a_named_port_that_differs_between_pods_makes_two_subsets() -> None:
    one, two = pod("a", ready=True, ip="10.0.0.1"), pod("b", ready=True, ip="10.0.0.2")
    with_port(one, "web", 3000)
    with_port(two, "web", 3001)
    found = compute_subsets(service([core.ServicePort(port=80, target_port="web")]), [one, two])
    assert addresses(found) == [(["10.0.0.1"], [], [3000]), (["10.0.0.2"], [], [3001])]


def test_publish_not_ready_addresses() -> None:
    pods = [pod("a", ready=False, ip="10.0.0.1"), pod("b", ready=False, ip="10.0.0.2", deleting=True)]
    found = compute_subsets(service(publish_not_ready_addresses=True), pods)
    assert addresses(found) == [(["10.0.0.1", "10.0.0.2"], [], [8080])]


def test_headless_without_ports_and_with_hostnames() -> None:
    one = pod("a", ready=True, ip="10.0.0.1")
    one.spec.hostname, one.spec.subdomain = "a", "web"
    headless = service([])
    headless.spec.cluster_ip = "None"
    found = compute_endpoints(headless, [one], None)
    assert found.subsets[0].addresses[0].hostname == "a"
    assert found.subsets[0].ports == []
    assert found.metadata.labels["service.kubernetes.io/headless"] == ""
    assert compute_endpoints(headless, [one], found) == found


def test_over_capacity_is_cut_and_said() -> None:
    pods = [pod(f"p{n}", ready=True, ip=f"10.0.{n // 250}.{n % 250}") for n in range(1100)]
    subsets = compute_subsets(service(), pods)
    assert truncate(subsets)
    assert len(subsets[0].addresses) == 1000
    found = compute_endpoints(service(), pods, None)
    assert found.metadata.annotations == {"endpoints.kubernetes.io/over-capacity": "truncated"}


def test_slices_carry_conditions_zone_and_owner() -> None:
    pods = [
        pod("a", ready=True, node="n1", ip="10.0.0.1"),
        pod("b", ready=True, node="n2", ip="10.0.0.2", deleting=True),
        pod("c", ready=False, ip="10.0.0.3"),
    ]
    plan = compute_plan(service(), pods, [], {"n1": "z1"}.get)
    (created,) = plan.create
    seen = {
        e.addresses[0]: (e.conditions.ready, e.conditions.serving, e.conditions.terminating, e.zone, e.node_name)
        for e in created.endpoints
        if e.conditions is not None
    }
    assert seen == {
        "10.0.0.1": (True, True, False, "z1", "n1"),
        "10.0.0.2": (False, True, True, None, "n2"),
        "10.0.0.3": (False, False, False, None, None),
    }
    assert created.metadata.labels == {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert created.metadata.owner_references[0].kind == "Service"
    assert (created.ports[0].name, created.ports[0].port) == ("http", 8080)
