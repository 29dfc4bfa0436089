"""core/v1: Volumes of pods, and the sources that Kubernetes fills itself.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

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
    """A key and the file it becomes."""

    key: str  #: The key.
    path: str  #: Relative path of the file.
    mode: Int32 | None = None  #: Its permission bits.


class ConfigMapVolumeSource(Model):
    """A ConfigMap as files."""

    name: str | None = None  #: Name of the ConfigMap.
    items: list[KeyToPath] = []  #: Keys to take; all where empty.
    default_mode: Int32 | None = None  #: Permission bits of the files; default 0644.
    optional: bool | None = None  #: Whether it may be missing.


class SecretVolumeSource(Model):
    """A Secret as files, in memory."""

    secret_name: str | None = None  #: Name of the Secret.
    items: list[KeyToPath] = []  #: Keys to take; all where empty.
    default_mode: Int32 | None = None  #: Permission bits of the files; default 0644.
    optional: bool | None = None  #: Whether it may be missing.


class EmptyDirVolumeSource(Model):
    """An empty directory that lives as long as the pod."""

    medium: str | None = None  #: "" (the node's disk) or Memory.
    size_limit: QuantityStr | None = None  #: Evict the pod when it grows beyond.


class ImageVolumeSource(Model):
    """An image's files."""

    reference: str | None = None  #: The image.
    pull_policy: str | None = None  #: Always, IfNotPresent or Never.


class DownwardAPIVolumeFile(Model):
    """A file with something about the pod."""

    path: str  #: Relative path of the file.
    field_ref: ObjectFieldSelector | None = None  #: A field of the pod.
    resource_field_ref: ResourceFieldSelector | None = None  #: Requests or limits of a container.
    mode: Int32 | None = None  #: Its permission bits.


class DownwardAPIVolumeSource(Model):
    """Files with things about the pod."""

    items: list[DownwardAPIVolumeFile] = []  #: The files.
    default_mode: Int32 | None = None  #: Permission bits; default 0644.


class ConfigMapProjection(Model):
    """A ConfigMap as part of a projected volume."""

    name: str | None = None  #: Name of the ConfigMap.
    items: list[KeyToPath] = []  #: Keys to take; all where empty.
    optional: bool | None = None  #: Whether it may be missing.


class SecretProjection(Model):
    """A Secret as part of a projected volume."""

    name: str | None = None  #: Name of the Secret.
    items: list[KeyToPath] = []  #: Keys to take; all where empty.
    optional: bool | None = None  #: Whether it may be missing.


class DownwardAPIProjection(Model):
    """Things about the pod as part of a projected volume."""

    items: list[DownwardAPIVolumeFile] = []  #: The files.


class ServiceAccountTokenProjection(Model):
    """A token of the pod's service account, renewed in time."""

    audience: str | None = None  #: Whom it is for; default the API server.
    expiration_seconds: Int64 | None = None  #: How long it is good; default 3600, at least 600.
    path: str  #: Relative path of the file.


class ClusterTrustBundleProjection(Model):
    """Trusted certificates as a file."""

    name: str | None = None  #: One bundle, by name.
    signer_name: str | None = None  #: All bundles of a signer.
    label_selector: LabelSelector | None = None  #: Of those, the ones with such labels.
    path: str  #: Relative path of the file.
    optional: bool | None = None  #: Whether it may be missing.


class VolumeProjection(Model):
    """One source of a projected volume."""

    secret: SecretProjection | None = None  #: A Secret.
    downward_api: DownwardAPIProjection | None = Field(None, alias="downwardAPI")  #: Things about the pod.
    config_map: ConfigMapProjection | None = None  #: A ConfigMap.
    service_account_token: ServiceAccountTokenProjection | None = None  #: A token.
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None  #: Trusted certificates.


class ProjectedVolumeSource(Model):
    """Several sources in one directory."""

    sources: list[VolumeProjection] = []  #: The sources.
    default_mode: Int32 | None = None  #: Permission bits of the files; default 0644.


class PersistentVolumeClaimVolumeSource(Model):
    """A claim's volume."""

    claim_name: str  #: Name of the claim, in the pod's namespace.
    read_only: bool | None = None  #: Mount for reading only.


class EphemeralVolumeSource(Model):
    """A claim of the pod's own, deleted with it."""

    volume_claim_template: PersistentVolumeClaimTemplate | None = None  #: The claim to make.


class Volume(Model):
    """Storage that a pod's containers can mount; one source of these."""

    name: str  #: Unique in the pod.
    host_path: HostPathVolumeSource | None = None  #: A path of the node.
    empty_dir: EmptyDirVolumeSource | None = None  #: An empty directory.
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None  #: Disk of Google's cloud (moved to CSI).
    #: Disk of Amazon's cloud (moved to CSI).
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    git_repo: GitRepoVolumeSource | None = None  #: A clone of a repository (deprecated).
    secret: SecretVolumeSource | None = None  #: A Secret's keys as files.
    nfs: NFSVolumeSource | None = None  #: A directory of an NFS server.
    iscsi: ISCSIVolumeSource | None = None  #: A disk over iSCSI.
    glusterfs: GlusterfsVolumeSource | None = None  #: A Glusterfs volume (removed).
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None  #: The volume of a claim.
    rbd: RBDVolumeSource | None = None  #: A Ceph block device (deprecated).
    flex_volume: FlexVolumeSource | None = None  #: A volume of an old-style plugin (deprecated).
    cinder: CinderVolumeSource | None = None  #: Disk of OpenStack (moved to CSI).
    cephfs: CephFSVolumeSource | None = None  #: A Ceph file system (deprecated).
    flocker: FlockerVolumeSource | None = None  #: A Flocker volume (removed).
    #: Things about the pod as files.
    downward_api: DownwardAPIVolumeSource | None = Field(None, alias="downwardAPI")
    fc: FCVolumeSource | None = None  #: A disk over Fibre Channel.
    azure_file: AzureFileVolumeSource | None = None  #: File share of Azure (moved to CSI).
    config_map: ConfigMapVolumeSource | None = None  #: A ConfigMap's keys as files.
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None  #: Disk of vSphere (moved to CSI).
    quobyte: QuobyteVolumeSource | None = None  #: A Quobyte volume (removed).
    azure_disk: AzureDiskVolumeSource | None = None  #: Disk of Azure (moved to CSI).
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None  #: Disk of Photon (removed).
    portworx_volume: PortworxVolumeSource | None = None  #: A Portworx volume (moved to CSI).
    scale_io: ScaleIOVolumeSource | None = None  #: A ScaleIO volume (removed).
    projected: ProjectedVolumeSource | None = None  #: Several sources in one directory.
    storageos: StorageOSVolumeSource | None = None  #: A StorageOS volume (removed).
    csi: CSIVolumeSource | None = None  #: A volume that a CSI driver makes for the pod.
    ephemeral: EphemeralVolumeSource | None = None  #: A claim of the pod's own.
    image: ImageVolumeSource | None = None  #: An image's files.
