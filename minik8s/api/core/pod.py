"""Models: core/pod.py."""

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
    """Host Alias."""

    ip: str
    hostnames: list[str] = []


class PodDNSConfigOption(Model):
    """Pod D N S Config Option."""

    name: str | None = None
    value: str | None = None


class PodDNSConfig(Model):
    """Pod D N S Config."""

    nameservers: list[str] = []
    options: list[PodDNSConfigOption] = []
    searches: list[str] = []


class PodOS(Model):
    """Pod O S."""

    name: str


class PodReadinessGate(Model):
    """Pod Readiness Gate."""

    condition_type: str


class PodResourceClaim(Model):
    """Pod Resource Claim."""

    name: str
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class PodSchedulingGate(Model):
    """Pod Scheduling Gate."""

    name: str


class PodSpec(Model):
    """Pod Spec."""

    containers: Annotated[list[Container], MergeKey("name"), ListMap("name")] = sent([])
    active_deadline_seconds: Int64 | None = None
    affinity: Affinity | None = None
    automount_service_account_token: bool | None = None
    dns_config: PodDNSConfig | None = None
    dns_policy: str | None = None
    enable_service_links: bool | None = None
    ephemeral_containers: Annotated[list[EphemeralContainer], MergeKey("name"), ListMap("name")] = []
    host_aliases: Annotated[list[HostAlias], MergeKey("ip"), ListMap("ip")] = []
    host_ipc: bool | None = None
    host_network: bool | None = None
    host_pid: bool | None = None
    host_users: bool | None = None
    hostname: str | None = None
    image_pull_secrets: Annotated[list[LocalObjectReference], MergeKey("name"), ListMap("name")] = []
    init_containers: Annotated[list[Container], MergeKey("name"), ListMap("name")] = []
    node_name: str | None = None
    node_selector: Annotated[dict[str, str], Atomic()] = {}
    os: PodOS | None = None
    overhead: dict[str, QuantityStr] = {}
    preemption_policy: str | None = None
    priority: Int32 | None = None
    priority_class_name: str | None = None
    readiness_gates: list[PodReadinessGate] = []
    resource_claims: Annotated[list[PodResourceClaim], MergeKey("name"), RetainKeys(), ListMap("name")] = []
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    runtime_class_name: str | None = None
    scheduler_name: str | None = None
    scheduling_gates: Annotated[list[PodSchedulingGate], MergeKey("name"), ListMap("name")] = []
    security_context: PodSecurityContext | None = None
    service_account: str | None = None
    service_account_name: str | None = None
    set_hostname_as_fqdn: bool | None = None
    share_process_namespace: bool | None = None
    subdomain: str | None = None
    termination_grace_period_seconds: Int64 | None = None
    tolerations: list[Toleration] = []
    topology_spread_constraints: Annotated[
        list[TopologySpreadConstraint], MergeKey("topologyKey"), ListMap("topologyKey", "whenUnsatisfiable")
    ] = []
    volumes: Annotated[list[Volume], MergeKey("name"), RetainKeys(), ListMap("name")] = []


class Pod(Model):
    """Pod."""

    api_version: str = sent("v1")
    kind: str = sent("Pod")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PodSpec = sent(PodSpec)
    status: PodStatus = sent(PodStatus)


class PodTemplateSpec(Model):
    """Pod Template Spec."""

    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PodSpec = sent(PodSpec)


class PodTemplate(Model):
    """Pod Template."""

    api_version: str = sent("v1")
    kind: str = sent("PodTemplate")
    metadata: ObjectMeta = sent(ObjectMeta)
    template: PodTemplateSpec | None = None


class Binding(Model):
    """Binding."""

    api_version: str = sent("v1")
    kind: str = sent("Binding")
    metadata: ObjectMeta = sent(ObjectMeta)
    target: ObjectReference
