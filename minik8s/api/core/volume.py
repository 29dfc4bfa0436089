"""Models: core/volume.py."""

from pydantic import Field

from minik8s.api.base import Int32, Int64, Model, QuantityStr
from minik8s.api.core.claim import PersistentVolumeClaimTemplate
from minik8s.api.core.env import ObjectFieldSelector, ResourceFieldSelector
from minik8s.api.core.volume_source import (
    AWSElasticBlockStoreVolumeSource,
    AzureDiskVolumeSource,
    AzureFileVolumeSource,
    CephFSVolumeSource,
    CinderVolumeSource,
    CSIVolumeSource,
    FCVolumeSource,
    FlexVolumeSource,
    FlockerVolumeSource,
    GCEPersistentDiskVolumeSource,
    GitRepoVolumeSource,
    GlusterfsVolumeSource,
    HostPathVolumeSource,
    ISCSIVolumeSource,
    NFSVolumeSource,
    PhotonPersistentDiskVolumeSource,
    PortworxVolumeSource,
    QuobyteVolumeSource,
    RBDVolumeSource,
    ScaleIOVolumeSource,
    StorageOSVolumeSource,
    VsphereVirtualDiskVolumeSource,
)
from minik8s.api.meta import LabelSelector


class KeyToPath(Model):
    """Key To Path."""

    key: str
    path: str
    mode: Int32 | None = None


class ConfigMapVolumeSource(Model):
    """Config Map Volume Source."""

    default_mode: Int32 | None = None
    items: list[KeyToPath] = []
    name: str | None = None
    optional: bool | None = None


class SecretVolumeSource(Model):
    """Secret Volume Source."""

    default_mode: Int32 | None = None
    items: list[KeyToPath] = []
    optional: bool | None = None
    secret_name: str | None = None


class EmptyDirVolumeSource(Model):
    """Empty Dir Volume Source."""

    medium: str | None = None
    size_limit: QuantityStr | None = None


class ImageVolumeSource(Model):
    """Image Volume Source."""

    pull_policy: str | None = None
    reference: str | None = None


class DownwardAPIVolumeFile(Model):
    """Downward A P I Volume File."""

    path: str
    field_ref: ObjectFieldSelector | None = None
    mode: Int32 | None = None
    resource_field_ref: ResourceFieldSelector | None = None


class DownwardAPIVolumeSource(Model):
    """Downward A P I Volume Source."""

    default_mode: Int32 | None = None
    items: list[DownwardAPIVolumeFile] = []


class ConfigMapProjection(Model):
    """Config Map Projection."""

    items: list[KeyToPath] = []
    name: str | None = None
    optional: bool | None = None


class SecretProjection(Model):
    """Secret Projection."""

    items: list[KeyToPath] = []
    name: str | None = None
    optional: bool | None = None


class DownwardAPIProjection(Model):
    """Downward A P I Projection."""

    items: list[DownwardAPIVolumeFile] = []


class ServiceAccountTokenProjection(Model):
    """Service Account Token Projection."""

    path: str
    audience: str | None = None
    expiration_seconds: Int64 | None = None


class ClusterTrustBundleProjection(Model):
    """Cluster Trust Bundle Projection."""

    path: str
    label_selector: LabelSelector | None = None
    name: str | None = None
    optional: bool | None = None
    signer_name: str | None = None


class VolumeProjection(Model):
    """Volume Projection."""

    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    config_map: ConfigMapProjection | None = None
    downward_api: DownwardAPIProjection | None = Field(None, alias="downwardAPI")
    secret: SecretProjection | None = None
    service_account_token: ServiceAccountTokenProjection | None = None


class ProjectedVolumeSource(Model):
    """Projected Volume Source."""

    default_mode: Int32 | None = None
    sources: list[VolumeProjection] = []


class PersistentVolumeClaimVolumeSource(Model):
    """Persistent Volume Claim Volume Source."""

    claim_name: str
    read_only: bool | None = None


class EphemeralVolumeSource(Model):
    """Ephemeral Volume Source."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None


class Volume(Model):
    """Volume."""

    name: str
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    azure_file: AzureFileVolumeSource | None = None
    cephfs: CephFSVolumeSource | None = None
    cinder: CinderVolumeSource | None = None
    config_map: ConfigMapVolumeSource | None = None
    csi: CSIVolumeSource | None = None
    downward_api: DownwardAPIVolumeSource | None = Field(None, alias="downwardAPI")
    empty_dir: EmptyDirVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flex_volume: FlexVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    git_repo: GitRepoVolumeSource | None = None
    glusterfs: GlusterfsVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    image: ImageVolumeSource | None = None
    iscsi: ISCSIVolumeSource | None = None
    nfs: NFSVolumeSource | None = None
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    portworx_volume: PortworxVolumeSource | None = None
    projected: ProjectedVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDVolumeSource | None = None
    scale_io: ScaleIOVolumeSource | None = None
    secret: SecretVolumeSource | None = None
    storageos: StorageOSVolumeSource | None = None
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None
