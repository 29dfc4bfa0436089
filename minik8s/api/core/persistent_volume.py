"""core/v1: PersistentVolume and the sources that only it has.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Model, QuantityStr, Time, sent
from minik8s.api.core.affinity import NodeSelector
from minik8s.api.core.reference import ObjectReference, SecretReference
from minik8s.api.core.volume_source import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    FCVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    HostPathVolumeSource,
    NFSVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from minik8s.api.meta import ObjectMeta


class AzureFilePersistentVolumeSource(Model):
    """A file share of Azure (moved to CSI), as a PersistentVolume."""

    secret_name: str  #: Secret with the account's name and key.
    share_name: str  #: Name of the share.
    read_only: bool | None = None  #: Mount for reading only.
    secret_namespace: str | None = None  #: Namespace of the secret.


class CephFSPersistentVolumeSource(Model):
    """A Ceph file system (deprecated), as a PersistentVolume."""

    monitors: list[str] = sent([])  #: Addresses of the monitors.
    path: str | None = None  #: Directory to mount; default /.
    user: str | None = None  #: User; default admin.
    secret_file: str | None = None  #: Key file on the node.
    secret_ref: SecretReference | None = None  #: Secret with the credentials.
    read_only: bool | None = None  #: Mount for reading only.


class CinderPersistentVolumeSource(Model):
    """A disk of OpenStack (moved to CSI), as a PersistentVolume."""

    volume_id: str  #: Id of the disk.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    secret_ref: SecretReference | None = None  #: Secret with the credentials.


class CSIPersistentVolumeSource(Model):
    """A volume of a CSI driver."""

    driver: str  #: Name of the driver.
    volume_handle: str  #: The driver's name for the volume.
    read_only: bool | None = None  #: Mount for reading only.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    volume_attributes: dict[str, str] = {}  #: Attributes, as the driver gave them.
    controller_publish_secret_ref: SecretReference | None = None  #: Secret for attaching.
    node_stage_secret_ref: SecretReference | None = None  #: Secret for staging.
    node_publish_secret_ref: SecretReference | None = None  #: Secret for mounting.
    controller_expand_secret_ref: SecretReference | None = None  #: Secret for growing.
    node_expand_secret_ref: SecretReference | None = None  #: Secret for growing on the node.


class FlexPersistentVolumeSource(Model):
    """A volume of an old-style plugin (deprecated), as a PersistentVolume."""

    driver: str  #: Name of the plugin.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    secret_ref: SecretReference | None = None  #: Secret with the credentials.
    read_only: bool | None = None  #: Mount for reading only.
    options: dict[str, str] = {}  #: Options for it.


class GlusterfsPersistentVolumeSource(Model):
    """A Glusterfs volume (removed), as a PersistentVolume."""

    endpoints: str  #: Endpoints object with the servers.
    path: str  #: Name of the volume.
    read_only: bool | None = None  #: Mount for reading only.
    endpoints_namespace: str | None = None  #: Namespace of the endpoints.


class ISCSIPersistentVolumeSource(Model):
    """A disk over iSCSI, as a PersistentVolume."""

    target_portal: str  #: Address of the target.
    iqn: str  #: Name of the target.
    lun: Int32  #: Number of the unit.
    iscsi_interface: str | None = None  #: Interface; default "default" (tcp).
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    portals: list[str] = []  #: Further addresses.
    chap_auth_discovery: bool | None = None  #: Authenticate for discovery.
    secret_ref: SecretReference | None = None  #: Secret with the credentials.
    chap_auth_session: bool | None = None  #: Authenticate for sessions.
    initiator_name: str | None = None  #: Name of the initiator.


class LocalVolumeSource(Model):
    """A disk or directory of one node."""

    path: str  #: Its path on the node.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …


class RBDPersistentVolumeSource(Model):
    """A Ceph block device (deprecated), as a PersistentVolume."""

    monitors: list[str] = sent([])  #: Addresses of the monitors.
    image: str  #: Name of the image.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    pool: str | None = None  #: Pool; default rbd.
    user: str | None = None  #: User; default admin.
    keyring: str | None = None  #: Key file on the node.
    secret_ref: SecretReference | None = None  #: Secret with the credentials.
    read_only: bool | None = None  #: Mount for reading only.


class ScaleIOPersistentVolumeSource(Model):
    """A ScaleIO volume (removed), as a PersistentVolume."""

    gateway: str  #: Address of the gateway.
    system: str  #: Name of the system.
    secret_ref: SecretReference  #: Secret with the credentials.
    ssl_enabled: bool | None = None  #: Whether to use TLS.
    protection_domain: str | None = None  #: Protection domain.
    storage_pool: str | None = None  #: Storage pool.
    storage_mode: str | None = None  #: ThickProvisioned or ThinProvisioned.
    volume_name: str | None = None  #: Name of the volume.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.


class StorageOSPersistentVolumeSource(Model):
    """A StorageOS volume (removed), as a PersistentVolume."""

    volume_name: str | None = None  #: Name of the volume.
    volume_namespace: str | None = None  #: Namespace of the volume.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    secret_ref: ObjectReference | None = None  #: Secret with the credentials.


class VolumeNodeAffinity(Model):
    """Nodes from which a volume can be reached."""

    required: NodeSelector | None = None  #: The nodes.


class PersistentVolumeSpec(Model):
    """A piece of storage: one source, and its terms."""

    capacity: dict[str, QuantityStr] = {}  #: How much it holds.
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None  #: Disk of Google's cloud (moved to CSI).
    #: Disk of Amazon's cloud (moved to CSI).
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None  #: A path of the node; for tests.
    glusterfs: GlusterfsPersistentVolumeSource | None = None  #: A Glusterfs volume (removed).
    nfs: NFSVolumeSource | None = None  #: A directory of an NFS server.
    rbd: RBDPersistentVolumeSource | None = None  #: A Ceph block device (deprecated).
    iscsi: ISCSIPersistentVolumeSource | None = None  #: A disk over iSCSI.
    cinder: CinderPersistentVolumeSource | None = None  #: Disk of OpenStack (moved to CSI).
    cephfs: CephFSPersistentVolumeSource | None = None  #: A Ceph file system (deprecated).
    fc: FCVolumeSource | None = None  #: A disk over Fibre Channel.
    flocker: FlockerVolumeSource | None = None  #: A Flocker volume (removed).
    flex_volume: FlexPersistentVolumeSource | None = None  #: A volume of an old-style plugin (deprecated).
    azure_file: AzureFilePersistentVolumeSource | None = None  #: File share of Azure (moved to CSI).
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None  #: Disk of vSphere (moved to CSI).
    quobyte: QuobyteVolumeSource | None = None  #: A Quobyte volume (removed).
    azure_disk: AzureDiskVolumeSource | None = None  #: Disk of Azure (moved to CSI).
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None  #: Disk of Photon (removed).
    portworx_volume: PortworxVolumeSource | None = None  #: A Portworx volume (moved to CSI).
    scale_io: ScaleIOPersistentVolumeSource | None = None  #: A ScaleIO volume (removed).
    local: LocalVolumeSource | None = None  #: A disk of one node.
    storageos: StorageOSPersistentVolumeSource | None = None  #: A StorageOS volume (removed).
    csi: CSIPersistentVolumeSource | None = None  #: A CSI driver's volume.
    access_modes: list[str] = []  #: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
    claim_ref: ObjectReference | None = None  #: Claim it is bound to.
    persistent_volume_reclaim_policy: str | None = None  #: Retain, Delete or Recycle, once released.
    storage_class_name: str | None = None  #: Its class.
    mount_options: list[str] = []  #: Options for mount.
    volume_mode: str | None = None  #: Filesystem or Block.
    node_affinity: VolumeNodeAffinity | None = None  #: Nodes from which it can be reached.
    volume_attributes_class_name: str | None = None  #: Its class of attributes.


class PersistentVolumeStatus(Model):
    """Where a volume stands."""

    phase: str | None = None  #: Pending, Available, Bound, Released or Failed.
    message: str | None = None  #: Details, for people.
    reason: str | None = None  #: Why, in one CamelCase word.
    last_phase_transition_time: Time | None = None  #: When the phase last changed.


class PersistentVolume(Model):
    """A piece of storage in the cluster, there for a claim to bind."""

    api_version: str = sent("v1")
    kind: str = sent("PersistentVolume")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PersistentVolumeSpec = sent(PersistentVolumeSpec)
    status: PersistentVolumeStatus = sent(PersistentVolumeStatus)
