"""storage.k8s.io/v1: storage classes, CSI drivers, attachments.

Mirrors upstream's staging/src/k8s.io/api/storage/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListMap, ListSet, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.core.affinity import TopologySelectorTerm
from minik8s.api.core.persistent_volume import PersistentVolumeSpec
from minik8s.api.meta import LabelSelector, ObjectMeta


class TokenRequest(Model):
    """A token that a CSI driver wants of each pod."""

    audience: str  #: Whom it is for.
    expiration_seconds: Int64 | None = None  #: How long it is good.


class CSIDriverSpec(Model):
    """How a CSI driver wants to be treated."""

    attach_required: bool | None = None  #: Whether volumes must be attached to nodes.
    pod_info_on_mount: bool | None = None  #: Whether it wants to know the pod.
    volume_lifecycle_modes: Annotated[list[str], ListSet()] = []  #: Persistent, Ephemeral.
    storage_capacity: bool | None = None  #: Whether the scheduler looks at its capacity.
    fs_group_policy: str | None = None  #: ReadWriteOnceWithFSType, File or None.
    token_requests: list[TokenRequest] = []  #: Tokens it wants.
    requires_republish: bool | None = None  #: Whether to call it again from time to time.
    se_linux_mount: bool | None = None  #: Whether it mounts with an SELinux label.
    node_allocatable_update_period_seconds: Int64 | None = None  #: How often a node's limit is looked up again.


class CSIDriver(Model):
    """A CSI driver that is installed."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("CSIDriver")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CSIDriverSpec = sent(CSIDriverSpec)


class VolumeNodeResources(Model):
    """How many volumes a node takes."""

    count: Int32 | None = None  #: How many.


class CSINodeDriver(Model):
    """A CSI driver on a node."""

    name: str  #: Name of the driver.
    node_id: str  #: The driver's name for the node.
    topology_keys: list[str] = []  #: Node labels that tell where its volumes reach.
    allocatable: VolumeNodeResources | None = None  #: How many volumes it takes.


class CSINodeSpec(Model):
    """CSI drivers of a node."""

    drivers: Annotated[list[CSINodeDriver], MergeKey("name"), ListMap("name")] = sent([])  #: The drivers.


class CSINode(Model):
    """CSI drivers of a node; named like it."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("CSINode")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CSINodeSpec = sent(CSINodeSpec)


class CSIStorageCapacity(Model):
    """How much a storage class can still give, somewhere."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("CSIStorageCapacity")
    metadata: ObjectMeta = sent(ObjectMeta)
    node_topology: LabelSelector | None = None  #: Where.
    storage_class_name: str  #: The class.
    capacity: QuantityStr | None = None  #: What is left.
    maximum_volume_size: QuantityStr | None = None  #: The largest single volume.


class StorageClass(Model):
    """A kind of storage, and how to make it."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("StorageClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    provisioner: str  #: Who makes the volumes.
    parameters: dict[str, str] = {}  #: Settings for it.
    reclaim_policy: str | None = None  #: Delete (the default) or Retain.
    mount_options: list[str] = []  #: Options for mount.
    allow_volume_expansion: bool | None = None  #: Whether claims may grow.
    volume_binding_mode: str | None = None  #: Immediate (the default) or WaitForFirstConsumer.
    allowed_topologies: list[TopologySelectorTerm] = []  #: Where volumes may be made.


class VolumeAttachmentSource(Model):
    """The volume to attach."""

    persistent_volume_name: str | None = None  #: Its name.
    inline_volume_spec: PersistentVolumeSpec | None = None  #: Or its spec.


class VolumeAttachmentSpec(Model):
    """Which volume to which node."""

    attacher: str  #: Driver that does it.
    source: VolumeAttachmentSource  #: The volume.
    node_name: str  #: The node.


class VolumeError(Model):
    """What went wrong with a volume."""

    time: Time | None = None  #: When.
    message: str | None = None  #: Details, for people.
    error_code: Int32 | None = None  #: The driver's code.


class VolumeAttachmentStatus(Model):
    """Whether the volume is attached."""

    attached: bool = sent(False)  #: It is.
    attachment_metadata: dict[str, str] = {}  #: What the driver says of it.
    attach_error: VolumeError | None = None  #: Why it is not.
    detach_error: VolumeError | None = None  #: Why it still is.


class VolumeAttachment(Model):
    """The wish to attach a volume to a node."""

    api_version: str = sent("storage.k8s.io/v1")
    kind: str = sent("VolumeAttachment")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: VolumeAttachmentSpec
    status: VolumeAttachmentStatus = sent(VolumeAttachmentStatus)
