"""Services and slices to service ports."""

from minik8s.api import core, discovery
from minik8s.proxy.model import Endpoint, compute_service_ports


def service(**spec):
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.10", "ports": [{"port": 80, "targetPort": 8080}]} | spec
    return core.Service.from_dict({"metadata": {"name": "web", "namespace": "default"}, "spec": spec})


def slice_of(*endpoints, port_name="", port=8080, service="web"):
    return discovery.EndpointSlice.from_dict(
        {
            "metadata": {
                "name": "web-x",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": service},
            },
            "addressType": "IPv4",
            "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
            "endpoints": list(endpoints),
        }
    )


def endpoint(ip, node="n1", **conditions):
    return {"addresses": [ip], "nodeName": node, "conditions": conditions or {"ready": True}}


def test_ready_endpoints_are_sorted_and_unique():
    [sp] = compute_service_ports(
        [service()], [slice_of(endpoint("10.0.0.2"), endpoint("10.0.0.1")), slice_of(endpoint("10.0.0.1"))], "n1"
    )
    assert [e.address for e in sp.cluster_endpoints] == ["10.0.0.1:8080", "10.0.0.2:8080"]
    assert sp.key == "default/web"


def test_unready_endpoints_are_left_out():
    [sp] = compute_service_ports([service()], [slice_of(endpoint("10.0.0.1", ready=False))], "n1")
    assert sp.cluster_endpoints == ()


def test_a_slice_that_calls_a_leaving_endpoint_ready_is_believed():
    """Of a service with publishNotReadyAddresses."""
    leaving = endpoint("10.0.0.1", ready=True, serving=True, terminating=True)
    [port] = compute_service_ports([service()], [slice_of(leaving, endpoint("10.0.0.2"))], "n1")
    assert [e.ip for e in port.cluster_endpoints] == ["10.0.0.1", "10.0.0.2"]


def test_serving_terminating_endpoints_are_the_last_resort():
    leaving = endpoint("10.0.0.1", ready=False, serving=True, terminating=True)
    [sp] = compute_service_ports([service()], [slice_of(leaving)], "n1")
    assert [e.ip for e in sp.cluster_endpoints] == ["10.0.0.1"]
    [sp] = compute_service_ports([service()], [slice_of(leaving, endpoint("10.0.0.2"))], "n1")
    assert [e.ip for e in sp.cluster_endpoints] == ["10.0.0.2"]


def test_local_policy_counts_only_this_nodes_endpoints():
    slices = [slice_of(endpoint("10.0.0.1", node="n1"), endpoint("10.0.0.2", node="n2"))]
    [sp] = compute_service_ports([service(internalTrafficPolicy="Local")], slices, "n2")
    assert sp.internal_endpoints == (Endpoint("10.0.0.2", 8080, True),)
    assert len(sp.external_endpoints) == 2


def test_headless_external_name_and_foreign_services_are_skipped():
    foreign = service()
    foreign.metadata.labels = {"service.kubernetes.io/service-proxy-name": "other"}
    services = [service(clusterIP="None"), service(type="ExternalName", clusterIP=""), foreign]
    assert compute_service_ports(services, [], "n1") == []


def test_ports_are_matched_by_name_and_affinity_has_upstreams_default():
    ports = [{"name": "http", "port": 80, "nodePort": 30080}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    result = compute_service_ports(
        [service(ports=ports, sessionAffinity="ClientIP")], [slice_of(endpoint("10.0.0.1"), port_name="http")], "n1"
    )
    by_name = {sp.port_name: sp for sp in result}
    assert by_name["http"].node_port == 30080 and len(by_name["http"].cluster_endpoints) == 1
    assert by_name["dns"].protocol == "udp" and by_name["dns"].cluster_endpoints == ()
    assert by_name["http"].affinity_seconds == 10800
