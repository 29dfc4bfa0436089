"""core/v1: Pod, its spec and templates, and Binding.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Atomic, Int32, Int64, ListMap, MergeKey, Model, QuantityStr, RetainKeys, sent
from minik8s.api.core.affinity import Affinity, Toleration, TopologySpreadConstraint
from minik8s.api.core.container import Container, EphemeralContainer, ResourceRequirements
from minik8s.api.core.pod_status import PodStatus
from minik8s.api.core.reference import LocalObjectReference, ObjectReference
from minik8s.api.core.security import PodSecurityContext
from minik8s.api.core.volume import Volume
from minik8s.api.meta import ObjectMeta


class HostAlias(Model):
    """A line in a pod's /etc/hosts."""

    ip: str  #: The address.
    hostnames: list[str] = []  #: Names for it.


class PodDNSConfigOption(Model):
    """An option in resolv.conf."""

    name: str | None = None  #: Its name.
    value: str | None = None  #: Its value.


class PodDNSConfig(Model):
    """DNS settings of a pod, added to what dnsPolicy gives."""

    nameservers: list[str] = []  #: Addresses of name servers.
    searches: list[str] = []  #: Search domains.
    options: list[PodDNSConfigOption] = []  #: Resolver options.


class PodOS(Model):
    """The operating system a pod is made for."""

    name: str  #: linux or windows.


class PodReadinessGate(Model):
    """A condition that counts towards a pod's readiness."""

    condition_type: str  #: Type of the condition, set by someone else.


class PodResourceClaim(Model):
    """A resource claim that a pod's containers can use."""

    name: str  #: Name inside the pod.
    resource_claim_name: str | None = None  #: A claim that exists.
    resource_claim_template_name: str | None = None  #: Template for a claim of its own.


class PodSchedulingGate(Model):
    """Holds a pod back from scheduling until it is removed."""

    name: str  #: Who holds it.


class PodSpec(Model):
    """The containers that run together on a node, and how."""

    #: Volumes that its containers can mount.
    volumes: Annotated[list[Volume], MergeKey("name"), RetainKeys(), ListMap("name")] = []
    #: Containers that run side by side; at least one.
    containers: Annotated[list[Container], MergeKey("name"), ListMap("name")] = sent([])
    restart_policy: str | None = None  #: Always (the default), OnFailure or Never.
    termination_grace_period_seconds: Int64 | None = None  #: Time to end by itself after SIGTERM; default 30.
    active_deadline_seconds: Int64 | None = None  #: Fail the pod when it has run so long.
    dns_policy: str | None = None  #: ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.
    node_selector: Annotated[dict[str, str], Atomic()] = {}  #: Labels that its node must have.
    service_account_name: str | None = None  #: Identity it runs as; default "default".
    service_account: str | None = None  #: Old name of serviceAccountName.
    node_name: str | None = None  #: Node it is bound to; set by the scheduler.
    host_network: bool | None = None  #: Use the node's network.
    host_pid: bool | None = None  #: See the node's processes.
    host_ipc: bool | None = None  #: Use the node's IPC.
    security_context: PodSecurityContext | None = None  #: User, groups and other privileges for all its containers.
    #: Credentials for pulling its images.
    image_pull_secrets: Annotated[list[LocalObjectReference], MergeKey("name"), ListMap("name")] = []
    hostname: str | None = None  #: Its host name; default its own name.
    subdomain: str | None = None  #: With hostname, makes hostname.subdomain.namespace.svc.
    affinity: Affinity | None = None  #: Attraction to nodes and pods.
    scheduler_name: str | None = None  #: Scheduler to place it; default default-scheduler.
    #: Containers that run before, one after the other.
    init_containers: Annotated[list[Container], MergeKey("name"), ListMap("name")] = []
    automount_service_account_token: bool | None = None  #: Whether containers get the token as files.
    tolerations: list[Toleration] = []  #: Taints it puts up with.
    host_aliases: Annotated[list[HostAlias], MergeKey("ip"), ListMap("ip")] = []  #: Lines for its /etc/hosts.
    priority_class_name: str | None = None  #: Its PriorityClass.
    priority: Int32 | None = None  #: That class's value, filled in.
    dns_config: PodDNSConfig | None = None  #: More DNS settings.
    share_process_namespace: bool | None = None  #: Let its containers see each other's processes.
    readiness_gates: list[PodReadinessGate] = []  #: Further conditions for being ready.
    runtime_class_name: str | None = None  #: Its RuntimeClass.
    #: Put services into the environment, as Docker links did; default true.
    enable_service_links: bool | None = None
    preemption_policy: str | None = None  #: PreemptLowerPriority (the default) or Never.
    overhead: dict[str, QuantityStr] = {}  #: What the runtime needs besides; filled in from the RuntimeClass.
    #: How to spread such pods over areas.
    topology_spread_constraints: Annotated[
        list[TopologySpreadConstraint], MergeKey("topologyKey"), ListMap("topologyKey", "whenUnsatisfiable")
    ] = []
    #: Containers added later for debugging, by their own subresource.
    ephemeral_containers: Annotated[list[EphemeralContainer], MergeKey("name"), ListMap("name")] = []
    set_hostname_as_fqdn: bool | None = None  #: Let the kernel know the full host name.
    os: PodOS | None = None  #: Operating system it is made for.
    host_users: bool | None = None  #: False gives it a user namespace of its own.
    #: Hold it back from scheduling while there are any.
    scheduling_gates: Annotated[list[PodSchedulingGate], MergeKey("name"), ListMap("name")] = []
    #: Resource claims its containers can use.
    resource_claims: Annotated[list[PodResourceClaim], MergeKey("name"), RetainKeys(), ListMap("name")] = []
    resources: ResourceRequirements | None = None  #: CPU and memory for the pod as a whole.


class Pod(Model):
    """A group of containers that run on one node, share an address, and live and die together."""

    api_version: str = sent("v1")
    kind: str = sent("Pod")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PodSpec = sent(PodSpec)
    status: PodStatus = sent(PodStatus)


class PodTemplateSpec(Model):
    """A pod to be made."""

    metadata: ObjectMeta = sent(ObjectMeta)  #: Labels and annotations of the pods.
    spec: PodSpec = sent(PodSpec)  #: Spec of the pods.


class PodTemplate(Model):
    """A template for pods, kept on its own."""

    api_version: str = sent("v1")
    kind: str = sent("PodTemplate")
    metadata: ObjectMeta = sent(ObjectMeta)
    template: PodTemplateSpec | None = None  #: The template.


class Binding(Model):
    """Assigns a pod to a node."""

    api_version: str = sent("v1")
    kind: str = sent("Binding")
    metadata: ObjectMeta = sent(ObjectMeta)
    target: ObjectReference  #: The node.
