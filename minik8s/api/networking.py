"""Models: networking.py."""

from typing import Annotated

from minik8s.api.base import Int32, IntOrString, ListMap, MergeKey, Model, sent
from minik8s.api.core.reference import TypedLocalObjectReference
from minik8s.api.meta import Condition, LabelSelector, ObjectMeta


class ServiceBackendPort(Model, atomic=True):
    """Service Backend Port."""

    name: str | None = None
    number: Int32 | None = None


class IngressServiceBackend(Model):
    """Ingress Service Backend."""

    name: str
    port: ServiceBackendPort | None = None


class IngressBackend(Model):
    """Ingress Backend."""

    resource: TypedLocalObjectReference | None = None
    service: IngressServiceBackend | None = None


class HTTPIngressPath(Model):
    """H T T P Ingress Path."""

    backend: IngressBackend
    path_type: str
    path: str | None = None


class HTTPIngressRuleValue(Model):
    """H T T P Ingress Rule Value."""

    paths: list[HTTPIngressPath] = sent([])


class ParentReference(Model):
    """Parent Reference."""

    name: str
    resource: str
    group: str | None = None
    namespace: str | None = None


class IPAddressSpec(Model):
    """I P Address Spec."""

    parent_ref: ParentReference


class IPAddress(Model):
    """I P Address."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("IPAddress")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: IPAddressSpec


class IPBlock(Model):
    """I P Block."""

    cidr: str
    except_: list[str] = []


class IngressRule(Model):
    """Ingress Rule."""

    host: str | None = None
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Model):
    """Ingress T L S."""

    hosts: list[str] = []
    secret_name: str | None = None


class IngressSpec(Model):
    """Ingress Spec."""

    default_backend: IngressBackend | None = None
    ingress_class_name: str | None = None
    rules: list[IngressRule] = []
    tls: list[IngressTLS] = []


class IngressPortStatus(Model):
    """Ingress Port Status."""

    port: Int32 = sent(0)
    protocol: str = sent("")
    error: str | None = None


class IngressLoadBalancerIngress(Model):
    """Ingress Load Balancer Ingress."""

    hostname: str | None = None
    ip: str | None = None
    ports: list[IngressPortStatus] = []


class IngressLoadBalancerStatus(Model):
    """Ingress Load Balancer Status."""

    ingress: list[IngressLoadBalancerIngress] = []


class IngressStatus(Model):
    """Ingress Status."""

    load_balancer: IngressLoadBalancerStatus | None = None


class Ingress(Model):
    """Ingress."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("Ingress")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: IngressSpec = sent(IngressSpec)
    status: IngressStatus = sent(IngressStatus)


class IngressClassParametersReference(Model):
    """Ingress Class Parameters Reference."""

    kind: str
    name: str
    api_group: str | None = None
    namespace: str | None = None
    scope: str | None = None


class IngressClassSpec(Model):
    """Ingress Class Spec."""

    controller: str | None = None
    parameters: IngressClassParametersReference | None = None


class IngressClass(Model):
    """Ingress Class."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("IngressClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: IngressClassSpec = sent(IngressClassSpec)


class NetworkPolicyPeer(Model):
    """Network Policy Peer."""

    ip_block: IPBlock | None = None
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class NetworkPolicyPort(Model):
    """Network Policy Port."""

    end_port: Int32 | None = None
    port: IntOrString | None = None
    protocol: str | None = None


class NetworkPolicyEgressRule(Model):
    """Network Policy Egress Rule."""

    ports: list[NetworkPolicyPort] = []
    to: list[NetworkPolicyPeer] = []


class NetworkPolicyIngressRule(Model):
    """Network Policy Ingress Rule."""

    from_: list[NetworkPolicyPeer] = []
    ports: list[NetworkPolicyPort] = []


class NetworkPolicySpec(Model):
    """Network Policy Spec."""

    pod_selector: LabelSelector
    egress: list[NetworkPolicyEgressRule] = []
    ingress: list[NetworkPolicyIngressRule] = []
    policy_types: list[str] = []


class NetworkPolicy(Model):
    """Network Policy."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("NetworkPolicy")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: NetworkPolicySpec


class ServiceCIDRSpec(Model):
    """Service C I D R Spec."""

    cidrs: list[str] = []


class ServiceCIDRStatus(Model):
    """Service C I D R Status."""

    conditions: Annotated[list[Condition], MergeKey("type"), ListMap("type")] = []


class ServiceCIDR(Model):
    """Service C I D R."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("ServiceCIDR")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ServiceCIDRSpec = sent(ServiceCIDRSpec)
    status: ServiceCIDRStatus = sent(ServiceCIDRStatus)
