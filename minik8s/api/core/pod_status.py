"""Models: core/pod_status.py."""

from typing import Annotated

from minik8s.api.base import Int64, ListMap, MergeKey, Model, RetainKeys, Time, sent
from minik8s.api.core.container_status import ContainerStatus


class HostIP(Model):
    """Host I P."""

    ip: str


class PodIP(Model):
    """Pod I P."""

    ip: str


class PodCondition(Model):
    """Pod Condition."""

    status: str
    type: str
    last_probe_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    observed_generation: Int64 | None = None
    reason: str | None = None


class PodResourceClaimStatus(Model):
    """Pod Resource Claim Status."""

    name: str = sent("")
    resource_claim_name: str | None = None


class PodStatus(Model):
    """Pod Status."""

    conditions: Annotated[list[PodCondition], MergeKey("type"), ListMap("type")] = []
    container_statuses: list[ContainerStatus] = []
    ephemeral_container_statuses: list[ContainerStatus] = []
    host_ip: str | None = None
    host_ips: Annotated[list[HostIP], MergeKey("ip")] = []
    init_container_statuses: list[ContainerStatus] = []
    message: str | None = None
    nominated_node_name: str | None = None
    observed_generation: Int64 | None = None
    phase: str | None = None
    pod_ip: str | None = None
    pod_ips: Annotated[list[PodIP], MergeKey("ip"), ListMap("ip")] = []
    qos_class: str | None = None
    reason: str | None = None
    resize: str | None = None
    resource_claim_statuses: Annotated[
        list[PodResourceClaimStatus], MergeKey("name"), RetainKeys(), ListMap("name")
    ] = []
    start_time: Time | None = None
