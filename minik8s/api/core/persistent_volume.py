"""Models: core/persistent_volume.py."""

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
    """Azure File Persistent Volume Source."""

    secret_name: str
    share_name: str
    read_only: bool | None = None
    secret_namespace: str | None = None


class CephFSPersistentVolumeSource(Model):
    """Ceph F S Persistent Volume Source."""

    monitors: list[str] = sent([])
    path: str | None = None
    read_only: bool | None = None
    secret_file: str | None = None
    secret_ref: SecretReference | None = None
    user: str | None = None


class CinderPersistentVolumeSource(Model):
    """Cinder Persistent Volume Source."""

    volume_id: str
    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: SecretReference | None = None


class CSIPersistentVolumeSource(Model):
    """C S I Persistent Volume Source."""

    driver: str
    volume_handle: str
    controller_expand_secret_ref: SecretReference | None = None
    controller_publish_secret_ref: SecretReference | None = None
    fs_type: str | None = None
    node_expand_secret_ref: SecretReference | None = None
    node_publish_secret_ref: SecretReference | None = None
    node_stage_secret_ref: SecretReference | None = None
    read_only: bool | None = None
    volume_attributes: dict[str, str] = {}


class FlexPersistentVolumeSource(Model):
    """Flex Persistent Volume Source."""

    driver: str
    fs_type: str | None = None
    options: dict[str, str] = {}
    read_only: bool | None = None
    secret_ref: SecretReference | None = None


class GlusterfsPersistentVolumeSource(Model):
    """Glusterfs Persistent Volume Source."""

    endpoints: str
    path: str
    endpoints_namespace: str | None = None
    read_only: bool | None = None


class ISCSIPersistentVolumeSource(Model):
    """I S C S I Persistent Volume Source."""

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
    secret_ref: SecretReference | None = None


class LocalVolumeSource(Model):
    """Local Volume Source."""

    path: str
    fs_type: str | None = None


class RBDPersistentVolumeSource(Model):
    """R B D Persistent Volume Source."""

    image: str
    monitors: list[str] = sent([])
    fs_type: str | None = None
    keyring: str | None = None
    pool: str | None = None
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    user: str | None = None


class ScaleIOPersistentVolumeSource(Model):
    """Scale I O Persistent Volume Source."""

    gateway: str
    secret_ref: SecretReference
    system: str
    fs_type: str | None = None
    protection_domain: str | None = None
    read_only: bool | None = None
    ssl_enabled: bool | None = None
    storage_mode: str | None = None
    storage_pool: str | None = None
    volume_name: str | None = None


class StorageOSPersistentVolumeSource(Model):
    """Storage O S Persistent Volume Source."""

    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: ObjectReference | None = None
    volume_name: str | None = None
    volume_namespace: str | None = None


class VolumeNodeAffinity(Model):
    """Volume Node Affinity."""

    required: NodeSelector | None = None


class PersistentVolumeSpec(Model):
    """Persistent Volume Spec."""

    access_modes: list[str] = []
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    azure_file: AzureFilePersistentVolumeSource | None = None
    capacity: dict[str, QuantityStr] = {}
    cephfs: CephFSPersistentVolumeSource | None = None
    cinder: CinderPersistentVolumeSource | None = None
    claim_ref: ObjectReference | None = None
    csi: CSIPersistentVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flex_volume: FlexPersistentVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    iscsi: ISCSIPersistentVolumeSource | None = None
    local: LocalVolumeSource | None = None
    mount_options: list[str] = []
    nfs: NFSVolumeSource | None = None
    node_affinity: VolumeNodeAffinity | None = None
    persistent_volume_reclaim_policy: str | None = None
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    portworx_volume: PortworxVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDPersistentVolumeSource | None = None
    scale_io: ScaleIOPersistentVolumeSource | None = None
    storage_class_name: str | None = None
    storageos: StorageOSPersistentVolumeSource | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None


class PersistentVolumeStatus(Model):
    """Persistent Volume Status."""

    last_phase_transition_time: Time | None = None
    message: str | None = None
    phase: str | None = None
    reason: str | None = None


class PersistentVolume(Model):
    """Persistent Volume."""

    api_version: str = sent("v1")
    kind: str = sent("PersistentVolume")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: PersistentVolumeSpec = sent(PersistentVolumeSpec)
    status: PersistentVolumeStatus = sent(PersistentVolumeStatus)
