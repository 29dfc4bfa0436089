"""core/v1: Service.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Atomic, Int32, IntOrString, ListMap, MergeKey, Model, sent
from minik8s.api.meta import Condition, ObjectMeta


class ClientIPConfig(Model):
    """Affinity by client address."""

    timeout_seconds: Int32 | None = None  #: How long it lasts; default 10800.


class SessionAffinityConfig(Model):
    """Details of session affinity."""

    client_ip: ClientIPConfig | None = None  #: By client address.


class ServicePort(Model):
    """A port of a Service."""

    name: str | None = None  #: Name of the port; needed where there are several.
    protocol: str | None = None  #: TCP (the default), UDP or SCTP.
    port: Int32  #: Port of the service.
    target_port: IntOrString | None = None  #: Port number or name at the pods; default the same.
    node_port: Int32 | None = None  #: Port at every node; chosen when absent.
    app_protocol: str | None = None  #: Protocol spoken on it: http, kubernetes.io/h2c …


class ServiceSpec(Model):
    """Which pods, at which address, on which ports."""

    ports: Annotated[list[ServicePort], MergeKey("port"), ListMap("port", "protocol")] = []  #: Ports it serves.
    #: Labels of its pods; without it, endpoints are managed by hand.
    selector: Annotated[dict[str, str], Atomic()] = {}
    cluster_ip: str | None = None  #: Its address in the cluster; None makes it headless; chosen when absent.
    type: str | None = None  #: ClusterIP (the default), NodePort, LoadBalancer or ExternalName.
    external_ips: list[str] = []  #: Further addresses at which nodes take its traffic.
    session_affinity: str | None = None  #: None (the default) or ClientIP.
    load_balancer_ip: str | None = None  #: Address wished of the load balancer (deprecated).
    load_balancer_source_ranges: list[str] = []  #: Client ranges that the load balancer lets in.
    external_name: str | None = None  #: DNS name it stands for, with type ExternalName.
    #: Cluster, or Local (to pods on the same node, keeping the client's address).
    external_traffic_policy: str | None = None
    health_check_node_port: Int32 | None = None  #: Port for the load balancer's checks, with Local.
    publish_not_ready_addresses: bool | None = None  #: Publish pods before they are ready.
    session_affinity_config: SessionAffinityConfig | None = None  #: Details of the affinity.
    ip_family_policy: str | None = None  #: SingleStack, PreferDualStack or RequireDualStack.
    cluster_ips: list[str] = []  #: The same for each IP family, clusterIP first.
    ip_families: list[str] = []  #: IPv4, IPv6, in order of preference.
    allocate_load_balancer_node_ports: bool | None = None  #: Whether a load balancer gets node ports; default true.
    load_balancer_class: str | None = None  #: Implementation of the load balancer.
    internal_traffic_policy: str | None = None  #: Cluster, or Local (to pods on the same node).
    traffic_distribution: str | None = None  #: Wish for where traffic goes: PreferClose.


class PortStatus(Model):
    """State of a load balancer's port."""

    port: Int32 = sent(0)  #: Port number.
    protocol: str = sent("")  #: TCP, UDP or SCTP.
    error: str | None = None  #: What is wrong, as a word.


class LoadBalancerIngress(Model):
    """An address of a load balancer."""

    ip: str | None = None  #: Its IP address.
    hostname: str | None = None  #: Its DNS name.
    ip_mode: str | None = None  #: VIP or Proxy: whether packets arrive with this address.
    ports: list[PortStatus] = []  #: State of its ports.


class LoadBalancerStatus(Model):
    """State of a load balancer."""

    ingress: list[LoadBalancerIngress] = []  #: Where traffic comes in.


class ServiceStatus(Model):
    """What was observed of a Service."""

    load_balancer: LoadBalancerStatus | None = None  #: Its load balancer.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[Condition], MergeKey("type"), ListMap("type")] = []


class Service(Model):
    """A stable name and address for a changing set of pods."""

    api_version: str = sent("v1")
    kind: str = sent("Service")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ServiceSpec = sent(ServiceSpec)
    status: ServiceStatus = sent(ServiceStatus)
