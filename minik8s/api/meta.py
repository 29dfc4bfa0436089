"""What all kinds share: metadata, label selectors, options, Status, and discovery's documents.

Mirrors upstream's staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go; rules of the notation: api/base.py.
The functions for times are api/times.py's.
"""

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
    """The object that owns this one; when it goes, this one is collected."""

    kind: str  #: Its kind.
    name: str  #: Its name.
    uid: str  #: Its uid.
    api_version: str  #: Its group and version.
    controller: bool | None = None  #: True for the one owner that manages this object.
    block_owner_deletion: bool | None = None  #: Hold back the owner's foreground deletion until this one is gone.


class ManagedFieldsEntry(Model):
    """Which fields a manager set."""

    manager: str | None = None  #: Who.
    operation: str | None = None  #: Apply or Update.
    api_version: str | None = None  #: Version that the fields are written in.
    time: Time | None = None  #: When it last changed.
    fields_type: str | None = None  #: Always FieldsV1.
    fields_v1: FieldsV1 | None = None  #: The fields, as a tree of keys (f:spec, k:{"name":"x"}).
    subresource: str | None = None  #: Subresource it wrote through.


class ObjectMeta(Model):
    """What every object has: its name, its labels, and what the server keeps of it."""

    name: str = ""  #: Unique in its namespace and kind.
    generate_name: str = ""  #: Prefix from which the server makes a name.
    namespace: str = ""  #: Namespace it lives in; empty for cluster-wide kinds.
    self_link: str | None = None  #: No longer used.
    uid: str = ""  #: Unique in space and time; made by the server.
    resource_version: str = ""  #: Changes with every write; send it back to be told of conflicts.
    generation: Int64 | None = None  #: Counts changes of the spec.
    creation_timestamp: Time | None = None  #: CreationTimestamp is a timestamp of when the server created it.
    deletion_timestamp: Time | None = None  #: When it is to be gone; set once deletion was asked for.
    deletion_grace_period_seconds: Int64 | None = None  #: Seconds it was given for that.
    labels: dict[str, str] = {}  #: Names and values to select by.
    annotations: dict[str, str] = {}  #: Names and values for tools and people.
    #: Objects that it belongs to.
    owner_references: Annotated[list[OwnerReference], MergeKey("uid"), ListMap("uid")] = []
    finalizers: Annotated[list[str], MergeKey(), ListSet()] = []  #: Who must still clean up before it is removed.
    managed_fields: list[ManagedFieldsEntry] = []  #: Which manager set which fields.


class ListMeta(Model):
    """What every list has."""

    self_link: str | None = None  #: No longer used.
    resource_version: str | None = None  #: The version of the whole list; watch from here.
    continue_: str | None = None  #: Token for the next page; empty at the end.
    remaining_item_count: Int64 | None = None  #: How many are left after this page.


class LabelSelectorRequirement(Model):
    """A condition on labels."""

    key: str  #: Label key.
    operator: str  #: In, NotIn, Exists or DoesNotExist.
    values: list[str] = []  #: Values to compare with; none for Exists and DoesNotExist.


class LabelSelector(Model, atomic=True):
    """Chooses objects by labels; empty chooses all."""

    match_labels: dict[str, str] = {}  #: Labels that must have these values.
    match_expressions: list[LabelSelectorRequirement] = []  #: Conditions that must all hold.


class Preconditions(Model):
    """What must be true for a deletion."""

    uid: str | None = None  #: The object's uid.
    resource_version: str | None = None  #: The object's version.


class DeleteOptions(Model):
    """How to delete."""

    api_version: str = sent("v1")
    kind: str = sent("DeleteOptions")
    grace_period_seconds: Int64 | None = None  #: Seconds to let it end by itself; 0 deletes at once.
    preconditions: Preconditions | None = None  #: Refuse unless these hold.
    orphan_dependents: bool | None = None  #: Old form of propagationPolicy.
    propagation_policy: str | None = None  #: What becomes of dependents: Orphan, Background or Foreground.
    dry_run: list[str] = []  #: With All: go through every step, delete nothing.
    #: Delete even what cannot be read back.
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None


class Condition(Model):
    """An observation with a truth value."""

    type: str  #: What is observed.
    status: str  #: True, False or Unknown.
    observed_generation: Int64 | None = None  #: The metadata.generation that this was observed of.
    last_transition_time: Time  #: When the condition last changed its status.
    reason: str  #: Why, in one CamelCase word.
    message: str  #: Details, for people.


class FieldSelectorRequirement(Model):
    """A condition on a field."""

    key: str  #: Name of the field.
    operator: str  #: In, NotIn, Exists or DoesNotExist.
    values: list[str] = []  #: Values to compare with.


class StatusCause(Model):
    """One of several reasons for a failure."""

    reason: str | None = None  #: What kind of failure.
    message: str | None = None  #: Details, for people.
    field: str | None = None  #: Path of the field.


class StatusDetails(Model):
    """More about a failure."""

    name: str | None = None  #: Object it is about.
    group: str | None = None  #: That object's group.
    kind: str | None = None  #: That object's kind or resource.
    causes: list[StatusCause] = []  #: The single failures.
    retry_after_seconds: Int32 | None = None  #: Wait so long before another try.
    uid: str | None = None  #: That object's uid.


class Status(Model):
    """The answer to a request that does not answer with an object."""

    api_version: str = sent("v1")
    kind: str = sent("Status")
    metadata: ListMeta = sent(ListMeta)
    message: str | None = None  #: Details, for people.
    reason: str | None = None  #: What kind of failure, in one word.
    details: StatusDetails | None = None  #: More about it.
    code: Int32 | None = None  #: HTTP status code.
    status: str | None = None  #: Success or Failure.


class ServerAddressByClientCIDR(Model):
    """Address of the server for some clients."""

    client_cidr: str  #: Their address range.
    server_address: str  #: The address.


class GroupVersionForDiscovery(Model):
    """A version of a group."""

    group_version: str  #: As group/version.
    version: str  #: The version alone.


class APIGroup(Model):
    """A group and its versions."""

    api_version: str = sent("v1")
    kind: str = sent("APIGroup")
    name: str  #: Name of the group.
    versions: list[GroupVersionForDiscovery] = sent([])  #: Versions served.
    preferred_version: GroupVersionForDiscovery | None = None  #: The one the server prefers.
    server_address_by_client_cidrs: list[ServerAddressByClientCIDR] = []  #: Addresses of the server.


class APIGroupList(Model):
    """All groups."""

    api_version: str = sent("v1")
    kind: str = sent("APIGroupList")
    groups: list[APIGroup] = sent([])  #: The groups.


class APIResource(Model):
    """A resource of a group and version."""

    name: str  #: Plural name; pods/log for a subresource.
    namespaced: bool  #: Whether its objects live in namespaces.
    kind: str  #: Kind of its objects.
    verbs: list[str] = sent([])  #: What can be done: get, list, watch …
    short_names: list[str] = []  #: Names for the command line.
    singular_name: str  #: Singular name.
    categories: list[str] = []  #: Sets it belongs to: all.
    group: str | None = None  #: Its group, where it differs.
    version: str | None = None  #: Its version, where it differs.
    storage_version_hash: str | None = None  #: Changes when the stored form does.


class APIResourceList(Model):
    """All resources of a group and version."""

    api_version: str = sent("v1")
    kind: str = sent("APIResourceList")
    group_version: str  #: As group/version.
    resources: list[APIResource] = sent([])  #: The resources.


class APIVersions(Model):
    """Versions of the core group."""

    api_version: str = sent("v1")
    kind: str = sent("APIVersions")
    versions: list[str] = sent([])  #: The versions.
    server_address_by_client_cidrs: list[ServerAddressByClientCIDR] = sent([])  #: Addresses of the server.
