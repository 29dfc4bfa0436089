"""Services: cluster IPs and node ports kept unique, given back, and carried over changes of type."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

import copy
import time
from typing import Any

import orjson
import pytest

from minik8s.api.status import InternalError, Invalid
from minik8s.api.times import format_time
from minik8s.apiserver.auth.user import LOOPBACK
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.strategies.service_alloc import IP_PREFIX, PORT_PREFIX
from tests.unit.apiserver.admission.fakes import FakeRegistry
from tests.unit.apiserver.validation.builders import Json, kind, strategy

SERVICE = strategy("Service")


def context(registry: FakeRegistry, **more: Any) -> Context:
    return Context(kind("Service"), registry, LOOPBACK, "default", **more)  # type: ignore[arg-type]


def service(name: str = "s", **spec: Any) -> Json:
    obj = {"metadata": {"name": name, "namespace": "default"}, "spec": {"ports": [{"port": 80}], **spec}}
    SERVICE.default(obj)
    SERVICE.prepare_create(obj)
    return obj


async def create(registry: FakeRegistry, name: str = "s", **spec: Any) -> Json:
    obj = service(name, **spec)
    reservation = await SERVICE.before_create(context(registry), obj)
    assert reservation is not None
    await reservation.commit()
    return registry.add("Service", obj)


async def change(registry: FakeRegistry, old: Json, **spec: Any) -> Json:
    new = copy.deepcopy(old)
    for key, value in spec.items():
        if value is None:
            new["spec"].pop(key, None)
        else:
            new["spec"][key] = value
    SERVICE.default(new)
    SERVICE.prepare_update(new, old)
    reservation = await SERVICE.before_update(context(registry), new, old)
    if reservation is not None:
        await reservation.commit()
    return registry.add("Service", new)


def held(registry: FakeRegistry) -> set[str]:
    return {key.rpartition("/")[2] for key in registry.claims.held}


async def test_an_ip_is_drawn_and_given_back() -> None:
    registry = FakeRegistry(cidrs=("10.0.0.0/29",))
    obj = await create(registry)
    spec = obj["spec"]
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    assert held(registry) == {spec["clusterIP"]}
    claim = orjson.loads(registry.claims.held[IP_PREFIX + spec["clusterIP"]])
    assert claim["spec"]["parentRef"] == {"group": "", "resource": "services", "namespace": "default", "name": "s"}
    await SERVICE.after_delete(context(registry), obj)
    assert held(registry) == set()


async def test_a_range_fills_up() -> None:
    registry = FakeRegistry(cidrs=("10.0.0.0/29",))
    taken = {(await create(registry, f"s{index}"))["spec"]["clusterIP"] for index in range(6)}
    assert len(taken) == 6
    with pytest.raises(InternalError, match="failed to allocate a serviceIP: range is full"):
        await create(registry, "one-more")


@pytest.mark.parametrize(("ip", "text"), [
    ("10.0.0.9", "failed to allocate IP 10.0.0.9: the provided IP (10.0.0.9) is not in the valid range. The range of valid "
     "IPs is 10.0.0.0/29"),
    ("10.0.0.1", "failed to allocate IP 10.0.0.1: provided IP is already allocated"),
])  # fmt: skip
async def test_a_wanted_ip_may_be_refused(ip: str, text: str) -> None:
    registry = FakeRegistry(cidrs=("10.0.0.0/29",))
    await create(registry, "first", clusterIP="10.0.0.1")
    with pytest.raises(Invalid) as caught:
        await create(registry, clusterIP=ip)
    assert caught.value.message == f'Service "s" is invalid: spec.clusterIPs: Invalid value: ["{ip}"]: {text}'


@pytest.mark.parametrize(("port", "text"), [
    (30000, "provided port is already allocated"),
    (80, "provided port is not in the valid range. The range of valid ports is 30000-32767"),
])  # fmt: skip
async def test_a_wanted_port_may_be_refused(port: int, text: str) -> None:
    registry = FakeRegistry()
    await create(registry, "first", type="NodePort", ports=[{"port": 80, "nodePort": 30000}])
    before = held(registry)
    with pytest.raises(Invalid) as caught:
        await create(registry, type="NodePort", ports=[{"port": 80, "nodePort": port}])
    assert caught.value.message == f'Service "s" is invalid: spec.ports[0].nodePort: Invalid value: {port}: {text}'
    assert held(registry) == before, "the IP taken before the refusal is given back"


async def test_tcp_and_udp_of_one_port_share_a_node_port() -> None:
    ports = [{"name": "a", "port": 53}, {"name": "b", "port": 53, "protocol": "UDP"}]
    obj = await create(FakeRegistry(), type="NodePort", ports=ports)
    assert len({port["nodePort"] for port in obj["spec"]["ports"]}) == 1


async def test_rollback_returns_everything() -> None:
    registry = FakeRegistry()
    reservation = await SERVICE.before_create(context(registry), service(type="NodePort"))
    assert reservation is not None and len(held(registry)) == 2
    await reservation.rollback()
    assert held(registry) == set()


async def test_dry_run_takes_nothing() -> None:
    registry = FakeRegistry()
    obj = service()
    await SERVICE.before_create(context(registry, dry_run=True), obj)
    assert obj["spec"]["clusterIP"] and not held(registry)


async def test_headless_and_external_hold_nothing() -> None:
    registry = FakeRegistry()
    headless = await create(registry, "a", clusterIP="None")
    assert headless["spec"]["clusterIPs"] == ["None"]
    external = await create(registry, "b", type="ExternalName", externalName="x.y")
    assert "clusterIP" not in external["spec"] and "ipFamilies" not in external["spec"]
    assert held(registry) == set()


async def test_type_changes() -> None:
    registry = FakeRegistry()
    obj = await create(registry)
    ip = obj["spec"]["clusterIP"]
    obj = await change(registry, obj, type="NodePort", clusterIP=None, clusterIPs=None)
    port = obj["spec"]["ports"][0]["nodePort"]
    assert obj["spec"]["clusterIP"] == ip
    assert held(registry) == {ip, str(port)}
    obj = await change(registry, obj, ports=[{"port": 80, "protocol": "TCP", "targetPort": 81}])
    assert obj["spec"]["ports"][0]["nodePort"] == port, "an update that leaves the node port out keeps it"
    obj = await change(registry, obj, type="LoadBalancer", externalTrafficPolicy="Local")
    assert obj["spec"]["healthCheckNodePort"] and len(held(registry)) == 3
    obj = await change(registry, obj, type="ClusterIP")
    assert "nodePort" not in obj["spec"]["ports"][0]
    for key in ("healthCheckNodePort", "externalTrafficPolicy", "allocateLoadBalancerNodePorts"):
        assert key not in obj["spec"], key
    assert held(registry) == {ip}
    obj = await change(registry, obj, type="ExternalName", externalName="x.y")
    assert "clusterIP" not in obj["spec"] and held(registry) == set()
    obj = await change(registry, obj, type="ClusterIP", externalName=None)
    assert held(registry) == {obj["spec"]["clusterIP"]}


async def test_an_old_claim_without_its_service_is_taken_over() -> None:
    registry = FakeRegistry()
    parent = {"resource": "services", "namespace": "default", "name": "crashed"}

    def claim(age: float) -> bytes:
        return orjson.dumps(
            {"metadata": {"creationTimestamp": format_time(time.time() - age)}, "spec": {"parentRef": parent}}
        )

    registry.claims.held[f"{PORT_PREFIX}30001"] = claim(5)
    with pytest.raises(Invalid, match="provided port is already allocated"):
        await create(registry, type="NodePort", ports=[{"port": 80, "nodePort": 30001}])
    registry.claims.held[f"{PORT_PREFIX}30001"] = claim(500)
    obj = await create(registry, type="NodePort", ports=[{"port": 80, "nodePort": 30001}])
    assert obj["spec"]["ports"][0]["nodePort"] == 30001


async def test_dual_stack() -> None:
    both = FakeRegistry(cidrs=("10.0.0.0/24", "fd00::/112"))
    obj = await create(both, ipFamilyPolicy="PreferDualStack")
    assert obj["spec"]["ipFamilies"] == ["IPv4", "IPv6"] and len(obj["spec"]["clusterIPs"]) == 2
    with pytest.raises(Invalid, match="this cluster is not configured for dual-stack services"):
        await create(FakeRegistry(), ipFamilyPolicy="RequireDualStack")
    with pytest.raises(Invalid, match="not configured on this cluster"):
        await create(FakeRegistry(), ipFamilies=["IPv6"])


def test_status_write_keeps_the_spec() -> None:
    old = {**service(), "status": {"loadBalancer": {}}}
    new = copy.deepcopy(old)
    new["spec"]["type"], new["status"] = "NodePort", {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}
    SERVICE.prepare_subresource_update("status", new, old)
    assert new["spec"] == old["spec"] and new["status"]["loadBalancer"]["ingress"]
