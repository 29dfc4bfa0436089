"""core/v1: PersistentVolumeClaim: a request for storage.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import ListMap, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.core.container import VolumeResourceRequirements
from minik8s.api.core.reference import TypedLocalObjectReference, TypedObjectReference
from minik8s.api.meta import LabelSelector, ObjectMeta


class PersistentVolumeClaimSpec(Model):
    """The storage that is asked for."""

    access_modes: list[str] = []  #: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
    resources: VolumeResourceRequirements | None = None  #: How much storage.
    volume_name: str | None = None  #: The bound volume; set by the system, or by hand to ask for one.
    selector: LabelSelector | None = None  #: Labels of the volumes that qualify.
    storage_class_name: str | None = None  #: Class to provision from; "" asks for a volume without class.
    volume_mode: str | None = None  #: Filesystem (the default) or Block.
    data_source: TypedLocalObjectReference | None = None  #: Snapshot or claim to start from.
    data_source_ref: TypedObjectReference | None = None  #: As dataSource, for any kind of object.
    volume_attributes_class_name: str | None = None  #: Class of attributes that the driver may change later.


class PersistentVolumeClaimTemplate(Model):
    """A claim to be made with each pod."""

    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PersistentVolumeClaimSpec  #: The claim's spec.


class PersistentVolumeClaimCondition(Model):
    """What goes on with a claim."""

    type: str  #: Resizing, FileSystemResizePending …
    status: str  #: True, False or Unknown.
    last_probe_time: Time | None = None  #: When the condition was last checked.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class ModifyVolumeStatus(Model):
    """Progress of a change of volume attributes."""

    target_volume_attributes_class_name: str | None = None  #: The class on its way.
    status: str = sent("")  #: Pending, InProgress or Infeasible.


class PersistentVolumeClaimStatus(Model):
    """Where a claim stands."""

    phase: str | None = None  #: Pending, Bound or Lost.
    access_modes: list[str] = []  #: What the bound volume can do.
    capacity: dict[str, QuantityStr] = {}  #: What the bound volume holds.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[PersistentVolumeClaimCondition], MergeKey("type"), ListMap("type")] = []
    allocated_resources: dict[str, QuantityStr] = {}  #: Size that a resize is going to.
    allocated_resource_statuses: dict[str, str] = {}  #: State of the resize, by resource.
    current_volume_attributes_class_name: str | None = None  #: Attributes class in force.
    modify_volume_status: ModifyVolumeStatus | None = None  #: A change of that class under way.


class PersistentVolumeClaim(Model):
    """A request for storage by a user; binds to a PersistentVolume."""

    api_version: str = sent("v1")
    kind: str = sent("PersistentVolumeClaim")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PersistentVolumeClaimSpec = sent(PersistentVolumeClaimSpec)
    status: PersistentVolumeClaimStatus = sent(PersistentVolumeClaimStatus)
