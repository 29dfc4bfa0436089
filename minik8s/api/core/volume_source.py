"""core/v1: Volume sources that lead to a storage system or the node.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Model, sent
from minik8s.api.core.reference import LocalObjectReference


class AWSElasticBlockStoreVolumeSource(Model):
    """A disk of Amazon's cloud (moved to CSI)."""

    volume_id: str  #: Id of the disk.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    partition: Int32 | None = None  #: Partition to mount.
    read_only: bool | None = None  #: Mount for reading only.


class AzureDiskVolumeSource(Model):
    """A disk of Azure (moved to CSI)."""

    disk_name: str  #: Name of the disk.
    disk_uri: str  #: Address of the disk.
    caching_mode: str | None = None  #: None, ReadOnly or ReadWrite.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    kind: str | None = None  #: Shared, Dedicated or Managed.


class AzureFileVolumeSource(Model):
    """A file share of Azure (moved to CSI)."""

    secret_name: str  #: Secret with the account's name and key.
    share_name: str  #: Name of the share.
    read_only: bool | None = None  #: Mount for reading only.


class CephFSVolumeSource(Model):
    """A Ceph file system (deprecated)."""

    monitors: list[str] = sent([])  #: Addresses of the monitors.
    path: str | None = None  #: Directory to mount; default /.
    user: str | None = None  #: User; default admin.
    secret_file: str | None = None  #: Key file on the node.
    secret_ref: LocalObjectReference | None = None  #: Secret with the credentials.
    read_only: bool | None = None  #: Mount for reading only.


class CinderVolumeSource(Model):
    """A disk of OpenStack (moved to CSI)."""

    volume_id: str  #: Id of the disk.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    secret_ref: LocalObjectReference | None = None  #: Secret with the credentials.


class CSIVolumeSource(Model):
    """A volume that a CSI driver makes for one pod."""

    driver: str  #: Name of the driver.
    read_only: bool | None = None  #: Mount for reading only.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    volume_attributes: dict[str, str] = {}  #: Attributes for the driver.
    node_publish_secret_ref: LocalObjectReference | None = None  #: Secret for mounting.


class FCVolumeSource(Model):
    """A disk over Fibre Channel."""

    target_wwns: list[str] = []  #: World wide names of the target.
    lun: Int32 | None = None  #: Number of the unit.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    wwids: list[str] = []  #: Or world wide ids of the disk.


class FlexVolumeSource(Model):
    """A volume of an old-style plugin (deprecated)."""

    driver: str  #: Name of the plugin.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    secret_ref: LocalObjectReference | None = None  #: Secret with the credentials.
    read_only: bool | None = None  #: Mount for reading only.
    options: dict[str, str] = {}  #: Options for it.


class FlockerVolumeSource(Model):
    """A Flocker volume (removed)."""

    dataset_name: str | None = None  #: Name of the dataset.
    dataset_uuid: str | None = None  #: Or its id.


class GCEPersistentDiskVolumeSource(Model):
    """A disk of Google's cloud (moved to CSI)."""

    pd_name: str  #: Name of the disk.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    partition: Int32 | None = None  #: Partition to mount.
    read_only: bool | None = None  #: Mount for reading only.


class GitRepoVolumeSource(Model):
    """A clone of a repository (deprecated)."""

    repository: str  #: Address of the repository.
    revision: str | None = None  #: Commit to check out.
    directory: str | None = None  #: Directory to clone into.


class GlusterfsVolumeSource(Model):
    """A Glusterfs volume (removed)."""

    endpoints: str  #: Endpoints object with the servers.
    path: str  #: Name of the volume.
    read_only: bool | None = None  #: Mount for reading only.


class ISCSIVolumeSource(Model):
    """A disk over iSCSI."""

    target_portal: str  #: Address of the target.
    iqn: str  #: Name of the target.
    lun: Int32  #: Number of the unit.
    iscsi_interface: str | None = None  #: Interface; default "default" (tcp).
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    portals: list[str] = []  #: Further addresses.
    chap_auth_discovery: bool | None = None  #: Authenticate for discovery.
    secret_ref: LocalObjectReference | None = None  #: Secret with the credentials.
    chap_auth_session: bool | None = None  #: Authenticate for sessions.
    initiator_name: str | None = None  #: Name of the initiator.


class NFSVolumeSource(Model):
    """A directory of an NFS server."""

    server: str  #: Name or address of the server.
    path: str  #: Exported path.
    read_only: bool | None = None  #: Mount for reading only.


class PhotonPersistentDiskVolumeSource(Model):
    """A disk of Photon (removed)."""

    pd_id: str  #: Id of the disk.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …


class PortworxVolumeSource(Model):
    """A Portworx volume (moved to CSI)."""

    volume_id: str  #: Id of the volume.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.


class QuobyteVolumeSource(Model):
    """A Quobyte volume (removed)."""

    registry: str  #: Addresses of the registry.
    volume: str  #: Name of the volume.
    read_only: bool | None = None  #: Mount for reading only.
    user: str | None = None  #: User to map to.
    group: str | None = None  #: Group to map to.
    tenant: str | None = None  #: Owner of the volume.


class RBDVolumeSource(Model):
    """A Ceph block device (deprecated)."""

    monitors: list[str] = sent([])  #: Addresses of the monitors.
    image: str  #: Name of the image.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    pool: str | None = None  #: Pool; default rbd.
    user: str | None = None  #: User; default admin.
    keyring: str | None = None  #: Key file on the node.
    secret_ref: LocalObjectReference | None = None  #: Secret with the credentials.
    read_only: bool | None = None  #: Mount for reading only.


class ScaleIOVolumeSource(Model):
    """A ScaleIO volume (removed)."""

    gateway: str  #: Address of the gateway.
    system: str  #: Name of the system.
    secret_ref: LocalObjectReference  #: Secret with the credentials.
    ssl_enabled: bool | None = None  #: Whether to use TLS.
    protection_domain: str | None = None  #: Protection domain.
    storage_pool: str | None = None  #: Storage pool.
    storage_mode: str | None = None  #: ThickProvisioned or ThinProvisioned.
    volume_name: str | None = None  #: Name of the volume.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.


class StorageOSVolumeSource(Model):
    """A StorageOS volume (removed)."""

    volume_name: str | None = None  #: Name of the volume.
    volume_namespace: str | None = None  #: Namespace of the volume.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    read_only: bool | None = None  #: Mount for reading only.
    secret_ref: LocalObjectReference | None = None  #: Secret with the credentials.


class VsphereVirtualDiskVolumeSource(Model):
    """A disk of vSphere (moved to CSI)."""

    volume_path: str  #: Path of the disk.
    fs_type: str | None = None  #: File system to mount: ext4, xfs …
    storage_policy_name: str | None = None  #: Name of the storage policy.
    storage_policy_id: str | None = None  #: Id of the storage policy.


class HostPathVolumeSource(Model):
    """A path of the node."""

    path: str  #: The path.
    type: str | None = None  #: "" (no check), DirectoryOrCreate, Directory, FileOrCreate, File, Socket …
