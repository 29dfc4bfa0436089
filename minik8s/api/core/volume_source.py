"""Models: core/volume_source.py."""

from minik8s.api.base import Int32, Model, sent
from minik8s.api.core.reference import LocalObjectReference


class AWSElasticBlockStoreVolumeSource(Model):
    """A W S Elastic Block Store Volume Source."""

    volume_id: str
    fs_type: str | None = None
    partition: Int32 | None = None
    read_only: bool | None = None


class AzureDiskVolumeSource(Model):
    """Azure Disk Volume Source."""

    disk_name: str
    disk_uri: str
    caching_mode: str | None = None
    fs_type: str | None = None
    kind: str | None = None
    read_only: bool | None = None


class AzureFileVolumeSource(Model):
    """Azure File Volume Source."""

    secret_name: str
    share_name: str
    read_only: bool | None = None


class CephFSVolumeSource(Model):
    """Ceph F S Volume Source."""

    monitors: list[str] = sent([])
    path: str | None = None
    read_only: bool | None = None
    secret_file: str | None = None
    secret_ref: LocalObjectReference | None = None
    user: str | None = None


class CinderVolumeSource(Model):
    """Cinder Volume Source."""

    volume_id: str
    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None


class CSIVolumeSource(Model):
    """C S I Volume Source."""

    driver: str
    fs_type: str | None = None
    node_publish_secret_ref: LocalObjectReference | None = None
    read_only: bool | None = None
    volume_attributes: dict[str, str] = {}


class FCVolumeSource(Model):
    """F C Volume Source."""

    fs_type: str | None = None
    lun: Int32 | None = None
    read_only: bool | None = None
    target_wwns: list[str] = []
    wwids: list[str] = []


class FlexVolumeSource(Model):
    """Flex Volume Source."""

    driver: str
    fs_type: str | None = None
    options: dict[str, str] = {}
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None


class FlockerVolumeSource(Model):
    """Flocker Volume Source."""

    dataset_name: str | None = None
    dataset_uuid: str | None = None


class GCEPersistentDiskVolumeSource(Model):
    """G C E Persistent Disk Volume Source."""

    pd_name: str
    fs_type: str | None = None
    partition: Int32 | None = None
    read_only: bool | None = None


class GitRepoVolumeSource(Model):
    """Git Repo Volume Source."""

    repository: str
    directory: str | None = None
    revision: str | None = None


class GlusterfsVolumeSource(Model):
    """Glusterfs Volume Source."""

    endpoints: str
    path: str
    read_only: bool | None = None


class ISCSIVolumeSource(Model):
    """I S C S I Volume Source."""

    iqn: str
    lun: Int32
    target_portal: str
    chap_auth_discovery: bool | None = None
    chap_auth_session: bool | None = None
    fs_type: str | None = None
    initiator_name: str | None = None
    iscsi_interface: str | None = None
    portals: list[str] = []
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None


class NFSVolumeSource(Model):
    """N F S Volume Source."""

    path: str
    server: str
    read_only: bool | None = None


class PhotonPersistentDiskVolumeSource(Model):
    """Photon Persistent Disk Volume Source."""

    pd_id: str
    fs_type: str | None = None


class PortworxVolumeSource(Model):
    """Portworx Volume Source."""

    volume_id: str
    fs_type: str | None = None
    read_only: bool | None = None


class QuobyteVolumeSource(Model):
    """Quobyte Volume Source."""

    registry: str
    volume: str
    group: str | None = None
    read_only: bool | None = None
    tenant: str | None = None
    user: str | None = None


class RBDVolumeSource(Model):
    """R B D Volume Source."""

    image: str
    monitors: list[str] = sent([])
    fs_type: str | None = None
    keyring: str | None = None
    pool: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    user: str | None = None


class ScaleIOVolumeSource(Model):
    """Scale I O Volume Source."""

    gateway: str
    secret_ref: LocalObjectReference
    system: str
    fs_type: str | None = None
    protection_domain: str | None = None
    read_only: bool | None = None
    ssl_enabled: bool | None = None
    storage_mode: str | None = None
    storage_pool: str | None = None
    volume_name: str | None = None


class StorageOSVolumeSource(Model):
    """Storage O S Volume Source."""

    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    volume_name: str | None = None
    volume_namespace: str | None = None


class VsphereVirtualDiskVolumeSource(Model):
    """Vsphere Virtual Disk Volume Source."""

    volume_path: str
    fs_type: str | None = None
    storage_policy_id: str | None = None
    storage_policy_name: str | None = None


class HostPathVolumeSource(Model):
    """Host Path Volume Source."""

    path: str
    type: str | None = None
