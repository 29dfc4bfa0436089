"""core/v1: What was observed of pods.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int64, ListMap, MergeKey, Model, RetainKeys, Time, sent
from minik8s.api.core.container_status import ContainerStatus


class HostIP(Model):
    """An address of a pod's node."""

    ip: str  #: The address.


class PodIP(Model):
    """An address of a pod."""

    ip: str  #: The address.


class PodCondition(Model):
    """An observation of a pod."""

    type: str  #: PodScheduled, Initialized, ContainersReady, Ready, DisruptionTarget …
    status: str  #: True, False or Unknown.
    last_probe_time: Time | None = None  #: When the condition was last checked.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.
    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.


class PodResourceClaimStatus(Model):
    """The claim made for an entry of spec.resourceClaims."""

    name: str = sent("")  #: The entry.
    resource_claim_name: str | None = None  #: The claim.


class PodStatus(Model):
    """What was observed of a pod; the kubelet writes it."""

    phase: str | None = None  #: Pending, Running, Succeeded, Failed or Unknown.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[PodCondition], MergeKey("type"), ListMap("type")] = []
    message: str | None = None  #: Details, for people.
    reason: str | None = None  #: Why it is in this state: Evicted …
    host_ip: str | None = None  #: Address of its node.
    pod_ip: str | None = None  #: Its address.
    start_time: Time | None = None  #: When the kubelet took it on.
    container_statuses: list[ContainerStatus] = []  #: Its containers.
    qos_class: str | None = None  #: Guaranteed, Burstable or BestEffort, from requests and limits.
    init_container_statuses: list[ContainerStatus] = []  #: Its init containers, in order.
    nominated_node_name: str | None = None  #: Node where room is being made for it.
    pod_ips: Annotated[list[PodIP], MergeKey("ip"), ListMap("ip")] = []  #: The same for each IP family, podIP first.
    ephemeral_container_statuses: list[ContainerStatus] = []  #: Its ephemeral containers.
    resize: str | None = None  #: No longer used; see the conditions.
    #: Claims made for it.
    resource_claim_statuses: Annotated[
        list[PodResourceClaimStatus], MergeKey("name"), RetainKeys(), ListMap("name")
    ] = []
    host_ips: Annotated[list[HostIP], MergeKey("ip")] = []  #: The same for each IP family.
    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
