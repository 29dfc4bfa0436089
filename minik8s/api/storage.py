"""Models: storage.py."""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListMap, ListSet, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.core.affinity import TopologySelectorTerm
from minik8s.api.core.persistent_volume import PersistentVolumeSpec
from minik8s.api.meta import LabelSelector, ObjectMeta


class TokenRequest(Model):
    """Token Request."""

    audience: str
    expiration_seconds: Int64 | None = None


class CSIDriverSpec(Model):
    """C S I Driver Spec."""

    attach_required: bool | None = None
    fs_group_policy: str | None = None
    node_allocatable_update_period_seconds: Int64 | None = None
    pod_info_on_mount: bool | None = None
    requires_republish: bool | None = None
    se_linux_mount: bool | None = None
    storage_capacity: bool | None = None
    token_requests: list[TokenRequest] = []
    volume_lifecycle_modes: Annotated[list[str], ListSet()] = []


class CSIDriver(Model):
    """C S I Driver."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("CSIDriver")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CSIDriverSpec = sent(CSIDriverSpec)


class VolumeNodeResources(Model):
    """Volume Node Resources."""

    count: Int32 | None = None


class CSINodeDriver(Model):
    """C S I Node Driver."""

    name: str
    node_id: str
    allocatable: VolumeNodeResources | None = None
    topology_keys: list[str] = []


class CSINodeSpec(Model):
    """C S I Node Spec."""

    drivers: Annotated[list[CSINodeDriver], MergeKey("name"), ListMap("name")] = sent([])


class CSINode(Model):
    """C S I Node."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("CSINode")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CSINodeSpec = sent(CSINodeSpec)


class CSIStorageCapacity(Model):
    """C S I Storage Capacity."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("CSIStorageCapacity")
    metadata: ObjectMeta = sent(ObjectMeta)
    storage_class_name: str
    capacity: QuantityStr | None = None
    maximum_volume_size: QuantityStr | None = None
    node_topology: LabelSelector | None = None


class StorageClass(Model):
    """Storage Class."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("StorageClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    provisioner: str
    allow_volume_expansion: bool | None = None
    allowed_topologies: list[TopologySelectorTerm] = []
    mount_options: list[str] = []
    parameters: dict[str, str] = {}
    reclaim_policy: str | None = None
    volume_binding_mode: str | None = None


class VolumeAttachmentSource(Model):
    """Volume Attachment Source."""

    inline_volume_spec: PersistentVolumeSpec | None = None
    persistent_volume_name: str | None = None


class VolumeAttachmentSpec(Model):
    """Volume Attachment Spec."""

    attacher: str
    node_name: str
    source: VolumeAttachmentSource


class VolumeError(Model):
    """Volume Error."""

    error_code: Int32 | None = None
    message: str | None = None
    time: Time | None = None


class VolumeAttachmentStatus(Model):
    """Volume Attachment Status."""

    attached: bool = sent(False)
    attach_error: VolumeError | None = None
    attachment_metadata: dict[str, str] = {}
    detach_error: VolumeError | None = None


class VolumeAttachment(Model):
    """Volume Attachment."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("VolumeAttachment")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: VolumeAttachmentSpec
    status: VolumeAttachmentStatus = sent(VolumeAttachmentStatus)
