"""Models: meta.py."""

from typing import Annotated

from minik8s.api.base import FieldsV1, Int32, Int64, ListMap, ListSet, MergeKey, Model, Time, sent
from minik8s.api.times import (
    format_micro_time as format_micro_time,
)
from minik8s.api.times import (
    format_time as format_time,
)
from minik8s.api.times import (
    parse_time as parse_time,
)


class OwnerReference(Model, atomic=True):
    """Owner Reference."""

    api_version: str
    kind: str
    name: str
    uid: str
    block_owner_deletion: bool | None = None
    controller: bool | None = None


class ManagedFieldsEntry(Model):
    """Managed Fields Entry."""

    api_version: str | None = None
    fields_type: str | None = None
    fields_v1: FieldsV1 | None = None
    manager: str | None = None
    operation: str | None = None
    subresource: str | None = None
    time: Time | None = None


class ObjectMeta(Model):
    """Object Meta."""

    annotations: dict[str, str] = {}
    creation_timestamp: Time | None = None
    deletion_grace_period_seconds: Int64 | None = None
    deletion_timestamp: Time | None = None
    finalizers: Annotated[list[str], MergeKey(), ListSet()] = []
    generate_name: str = ""
    generation: Int64 | None = None
    labels: dict[str, str] = {}
    managed_fields: list[ManagedFieldsEntry] = []
    name: str = ""
    namespace: str = ""
    owner_references: Annotated[list[OwnerReference], MergeKey("uid"), ListMap("uid")] = []
    resource_version: str = ""
    self_link: str | None = None
    uid: str = ""


class ListMeta(Model):
    """List Meta."""

    continue_: str | None = None
    remaining_item_count: Int64 | None = None
    resource_version: str | None = None
    self_link: str | None = None


class LabelSelectorRequirement(Model):
    """Label Selector Requirement."""

    key: str
    operator: str
    values: list[str] = []


class LabelSelector(Model, atomic=True):
    """Label Selector."""

    match_expressions: list[LabelSelectorRequirement] = []
    match_labels: dict[str, str] = {}


class Preconditions(Model):
    """Preconditions."""

    resource_version: str | None = None
    uid: str | None = None


class DeleteOptions(Model):
    """Delete Options."""

    api_version: str = sent("v1")
    kind: str = sent("DeleteOptions")
    dry_run: list[str] = []
    grace_period_seconds: Int64 | None = None
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None
    orphan_dependents: bool | None = None
    preconditions: Preconditions | None = None
    propagation_policy: str | None = None


class Condition(Model):
    """Condition."""

    last_transition_time: Time
    message: str
    reason: str
    status: str
    type: str
    observed_generation: Int64 | None = None


class FieldSelectorRequirement(Model):
    """Field Selector Requirement."""

    key: str
    operator: str
    values: list[str] = []


class StatusCause(Model):
    """Status Cause."""

    field: str | None = None
    message: str | None = None
    reason: str | None = None


class StatusDetails(Model):
    """Status Details."""

    causes: list[StatusCause] = []
    group: str | None = None
    kind: str | None = None
    name: str | None = None
    retry_after_seconds: Int32 | None = None
    uid: str | None = None


class Status(Model):
    """Status."""

    api_version: str = sent("v1")
    kind: str = sent("Status")
    metadata: ListMeta = sent(ListMeta)
    code: Int32 | None = None
    details: StatusDetails | None = None
    message: str | None = None
    reason: str | None = None
    status: str | None = None


class ServerAddressByClientCIDR(Model):
    """Server Address By Client C I D R."""

    client_cidr: str
    server_address: str


class GroupVersionForDiscovery(Model):
    """Group Version For Discovery."""

    group_version: str
    version: str


class APIGroup(Model):
    """A P I Group."""

    api_version: str = sent("v1")
    kind: str = sent("APIGroup")
    name: str
    versions: list[GroupVersionForDiscovery] = sent([])
    preferred_version: GroupVersionForDiscovery | None = None
    server_address_by_client_cidrs: list[ServerAddressByClientCIDR] = []


class APIGroupList(Model):
    """A P I Group List."""

    api_version: str = sent("v1")
    kind: str = sent("APIGroupList")
    groups: list[APIGroup] = sent([])


class APIResource(Model):
    """A P I Resource."""

    kind: str
    name: str
    namespaced: bool
    singular_name: str
    verbs: list[str] = sent([])
    categories: list[str] = []
    group: str | None = None
    short_names: list[str] = []
    storage_version_hash: str | None = None
    version: str | None = None


class APIResourceList(Model):
    """A P I Resource List."""

    api_version: str = sent("v1")
    kind: str = sent("APIResourceList")
    group_version: str
    resources: list[APIResource] = sent([])


class APIVersions(Model):
    """A P I Versions."""

    api_version: str = sent("v1")
    kind: str = sent("APIVersions")
    server_address_by_client_cidrs: list[ServerAddressByClientCIDR] = sent([])
    versions: list[str] = sent([])
