"""networking.k8s.io/v1: Ingress, NetworkPolicy, and the addresses of services.

Mirrors upstream's staging/src/k8s.io/api/networking/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, IntOrString, ListMap, MergeKey, Model, sent
from minik8s.api.core.reference import TypedLocalObjectReference
from minik8s.api.meta import Condition, LabelSelector, ObjectMeta


class ServiceBackendPort(Model, atomic=True):
    """A port of a Service; one of these."""

    name: str | None = None  #: By name.
    number: Int32 | None = None  #: By number.


class IngressServiceBackend(Model):
    """A Service to send requests to."""

    name: str  #: The Service.
    port: ServiceBackendPort | None = None  #: Its port.


class IngressBackend(Model):
    """Where requests go; one of these."""

    resource: TypedLocalObjectReference | None = None  #: Another object.
    service: IngressServiceBackend | None = None  #: A Service.


class HTTPIngressPath(Model):
    """A path, and where its requests go."""

    path: str | None = None  #: The path.
    backend: IngressBackend  #: Where they go.
    path_type: str  #: Exact, Prefix or ImplementationSpecific.


class HTTPIngressRuleValue(Model):
    """Paths of a host."""

    paths: list[HTTPIngressPath] = sent([])  #: The paths.


class ParentReference(Model):
    """Object that an address belongs to."""

    group: str | None = None  #: Its group.
    resource: str  #: Its resource.
    namespace: str | None = None  #: Its namespace.
    name: str  #: Its name.


class IPAddressSpec(Model):
    """Whose an address is."""

    parent_ref: ParentReference  #: The object.


class IPAddress(Model):
    """An address taken from the service range; its name is the address."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("IPAddress")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: IPAddressSpec


class IPBlock(Model):
    """A range of addresses."""

    cidr: str  #: The range.
    except_: list[str] = []  #: Ranges inside it that do not count.


class IngressRule(Model):
    """Rules for one host."""

    host: str | None = None  #: The host; *.example.com allowed; all where absent.
    http: HTTPIngressRuleValue | None = None  #: Its paths.


class IngressTLS(Model):
    """A certificate for hosts."""

    hosts: list[str] = []  #: The hosts.
    secret_name: str | None = None  #: Secret with key and certificate.


class IngressSpec(Model):
    """Which requests go where."""

    default_backend: IngressBackend | None = None  #: Where requests go that no rule fits.
    tls: list[IngressTLS] = []  #: Certificates.
    rules: list[IngressRule] = []  #: Rules by host.
    ingress_class_name: str | None = None  #: Class of the controller.


class IngressPortStatus(Model):
    """State of a port."""

    port: Int32 = sent(0)  #: Port number.
    protocol: str = sent("")  #: TCP, UDP or SCTP.
    error: str | None = None  #: What is wrong.


class IngressLoadBalancerIngress(Model):
    """An address of an Ingress."""

    ip: str | None = None  #: Its IP address.
    hostname: str | None = None  #: Its DNS name.
    ports: list[IngressPortStatus] = []  #: State of its ports.


class IngressLoadBalancerStatus(Model):
    """Addresses of an Ingress."""

    ingress: list[IngressLoadBalancerIngress] = []  #: The addresses.


class IngressStatus(Model):
    """Where an Ingress can be reached."""

    load_balancer: IngressLoadBalancerStatus | None = None  #: Its addresses.


class Ingress(Model):
    """Routes HTTP from outside to Services, by host and path."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("Ingress")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: IngressSpec = sent(IngressSpec)
    status: IngressStatus = sent(IngressStatus)


class IngressClassParametersReference(Model):
    """Points at a controller's settings."""

    api_group: str | None = None  #: Their group.
    kind: str  #: Their kind.
    name: str  #: Their name.
    scope: str | None = None  #: Cluster or Namespace.
    namespace: str | None = None  #: Their namespace.


class IngressClassSpec(Model):
    """Who looks after Ingresses of a class."""

    controller: str | None = None  #: Name of the controller.
    parameters: IngressClassParametersReference | None = None  #: Its settings.


class IngressClass(Model):
    """A class of Ingresses."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("IngressClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: IngressClassSpec = sent(IngressClassSpec)


class NetworkPolicyPeer(Model):
    """Who may talk: pods, namespaces, or addresses."""

    pod_selector: LabelSelector | None = None  #: Pods with such labels.
    namespace_selector: LabelSelector | None = None  #: In namespaces with such labels; else the policy's own.
    ip_block: IPBlock | None = None  #: Or addresses.


class NetworkPolicyPort(Model):
    """A port that is allowed."""

    protocol: str | None = None  #: TCP (the default), UDP or SCTP.
    port: IntOrString | None = None  #: Port number or name; all where absent.
    end_port: Int32 | None = None  #: Last port of a range.


class NetworkPolicyEgressRule(Model):
    """Traffic that may go out."""

    ports: list[NetworkPolicyPort] = []  #: Ports; all where empty.
    to: list[NetworkPolicyPeer] = []  #: Destinations; all where empty.


class NetworkPolicyIngressRule(Model):
    """Traffic that may come in."""

    ports: list[NetworkPolicyPort] = []  #: Ports; all where empty.
    from_: list[NetworkPolicyPeer] = []  #: Sources; all where empty.


class NetworkPolicySpec(Model):
    """Which traffic some pods may have."""

    pod_selector: LabelSelector  #: The pods; empty means all of the namespace.
    ingress: list[NetworkPolicyIngressRule] = []  #: Traffic in; none where empty.
    egress: list[NetworkPolicyEgressRule] = []  #: Traffic out; none where empty.
    policy_types: list[str] = []  #: Ingress, Egress: which way is restricted.


class NetworkPolicy(Model):
    """Allows traffic of pods; what no policy allows is refused once one applies."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("NetworkPolicy")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: NetworkPolicySpec


class ServiceCIDRSpec(Model):
    """A range for services' addresses."""

    cidrs: list[str] = []  #: The range, one for each IP family.


class ServiceCIDRStatus(Model):
    """Whether the range is in use."""

    #: Observations with a truth value each, by type.
    conditions: Annotated[list[Condition], MergeKey("type"), ListMap("type")] = []


class ServiceCIDR(Model):
    """A range from which services get their addresses."""

    api_version: str = sent("networking.k8s.io/v1")
    kind: str = sent("ServiceCIDR")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ServiceCIDRSpec = sent(ServiceCIDRSpec)
    status: ServiceCIDRStatus = sent(ServiceCIDRStatus)
