"""Models: core/claim.py."""

from typing import Annotated

from minik8s.api.base import ListMap, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.core.container import VolumeResourceRequirements
from minik8s.api.core.reference import TypedLocalObjectReference, TypedObjectReference
from minik8s.api.meta import LabelSelector, ObjectMeta


class PersistentVolumeClaimSpec(Model):
    """Persistent Volume Claim Spec."""

    access_modes: list[str] = []
    data_source: TypedLocalObjectReference | None = None
    data_source_ref: TypedObjectReference | None = None
    resources: VolumeResourceRequirements | None = None
    selector: LabelSelector | None = None
    storage_class_name: str | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    volume_name: str | None = None


class PersistentVolumeClaimTemplate(Model):
    """Persistent Volume Claim Template."""

    spec: PersistentVolumeClaimSpec
    metadata: ObjectMeta = sent(ObjectMeta)


class PersistentVolumeClaimCondition(Model):
    """Persistent Volume Claim Condition."""

    status: str
    type: str
    last_probe_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class ModifyVolumeStatus(Model):
    """Modify Volume Status."""

    status: str = sent("")
    target_volume_attributes_class_name: str | None = None


class PersistentVolumeClaimStatus(Model):
    """Persistent Volume Claim Status."""

    access_modes: list[str] = []
    allocated_resource_statuses: dict[str, str] = {}
    allocated_resources: dict[str, QuantityStr] = {}
    capacity: dict[str, QuantityStr] = {}
    conditions: Annotated[list[PersistentVolumeClaimCondition], MergeKey("type"), ListMap("type")] = []
    current_volume_attributes_class_name: str | None = None
    modify_volume_status: ModifyVolumeStatus | None = None
    phase: str | None = None


class PersistentVolumeClaim(Model):
    """Persistent Volume Claim."""

    api_version: str = sent("v1")
    kind: str = sent("PersistentVolumeClaim")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PersistentVolumeClaimSpec = sent(PersistentVolumeClaimSpec)
    status: PersistentVolumeClaimStatus = sent(PersistentVolumeClaimStatus)
