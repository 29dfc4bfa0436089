"""Models: core/service.py."""

from typing import Annotated

from minik8s.api.base import Atomic, Int32, IntOrString, ListMap, MergeKey, Model, sent
from minik8s.api.meta import Condition, ObjectMeta


class ClientIPConfig(Model):
    """Client I P Config."""

    timeout_seconds: Int32 | None = None


class SessionAffinityConfig(Model):
    """Session Affinity Config."""

    client_ip: ClientIPConfig | None = None


class ServicePort(Model):
    """Service Port."""

    port: Int32
    app_protocol: str | None = None
    name: str | None = None
    node_port: Int32 | None = None
    protocol: str | None = None
    target_port: IntOrString | None = None


class ServiceSpec(Model):
    """Service Spec."""

    allocate_load_balancer_node_ports: bool | None = None
    cluster_ip: str | None = None
    cluster_ips: list[str] = []
    external_ips: list[str] = []
    external_name: str | None = None
    external_traffic_policy: str | None = None
    health_check_node_port: Int32 | None = None
    internal_traffic_policy: str | None = None
    ip_families: list[str] = []
    ip_family_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_ip: str | None = None
    load_balancer_source_ranges: list[str] = []
    ports: Annotated[list[ServicePort], MergeKey("port"), ListMap("port", "protocol")] = []
    publish_not_ready_addresses: bool | None = None
    selector: Annotated[dict[str, str], Atomic()] = {}
    session_affinity: str | None = None
    session_affinity_config: SessionAffinityConfig | None = None
    traffic_distribution: str | None = None
    type: str | None = None


class PortStatus(Model):
    """Port Status."""

    port: Int32 = sent(0)
    protocol: str = sent("")
    error: str | None = None


class LoadBalancerIngress(Model):
    """Load Balancer Ingress."""

    hostname: str | None = None
    ip: str | None = None
    ip_mode: str | None = None
    ports: list[PortStatus] = []


class LoadBalancerStatus(Model):
    """Load Balancer Status."""

    ingress: list[LoadBalancerIngress] = []


class ServiceStatus(Model):
    """Service Status."""

    conditions: Annotated[list[Condition], MergeKey("type"), ListMap("type")] = []
    load_balancer: LoadBalancerStatus | None = None


class Service(Model):
    """Service."""

    api_version: str = sent("v1")
    kind: str = sent("Service")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ServiceSpec = sent(ServiceSpec)
    status: ServiceStatus = sent(ServiceStatus)
