"""core/v1: pods, nodes, services, configuration, storage claims: one module per topic, imported on first use.

`from minik8s.api import core; core.Pod` imports what a Pod is made of, and no more. The table tells where classes are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_CONTENTS = {
    "affinity": (
        "NodeSelectorRequirement NodeSelectorTerm NodeSelector PreferredSchedulingTerm NodeAffinity PodAffinityTerm "
        "WeightedPodAffinityTerm PodAffinity PodAntiAffinity Affinity Taint Toleration TopologySpreadConstraint "
        "TopologySelectorLabelRequirement TopologySelectorTerm"
    ),
    "claim": (
        "PersistentVolumeClaimSpec PersistentVolumeClaimTemplate PersistentVolumeClaimCondition ModifyVolumeStatus "
        "PersistentVolumeClaimStatus PersistentVolumeClaim"
    ),
    "component": "ComponentCondition ComponentStatus",
    "config": "ConfigMap Secret ServiceAccount",
    "container": (
        "ContainerPort ResourceClaim ResourceRequirements VolumeResourceRequirements ContainerResizePolicy "
        "VolumeMount VolumeDevice Container EphemeralContainer"
    ),
    "container_status": (
        "ContainerStateWaiting ContainerStateRunning ContainerStateTerminated ContainerState LinuxContainerUser "
        "ContainerUser VolumeMountStatus ResourceHealth ResourceStatus ContainerStatus"
    ),
    "endpoints": "EndpointAddress EndpointPort EndpointSubset Endpoints",
    "env": (
        "ConfigMapKeySelector SecretKeySelector ObjectFieldSelector ResourceFieldSelector EnvVarSource EnvVar "
        "ConfigMapEnvSource SecretEnvSource EnvFromSource"
    ),
    "event": "EventSource EventSeries Event",
    "namespace": "NamespaceSpec NamespaceCondition NamespaceStatus Namespace",
    "node": "NodeSpec Node",
    "node_status": (
        "ConfigMapNodeConfigSource NodeConfigSource NodeAddress NodeCondition DaemonEndpoint NodeDaemonEndpoints "
        "NodeSwapStatus NodeSystemInfo ContainerImage AttachedVolume NodeConfigStatus NodeFeatures "
        "NodeRuntimeHandlerFeatures NodeRuntimeHandler NodeStatus"
    ),
    "persistent_volume": (
        "AzureFilePersistentVolumeSource CephFSPersistentVolumeSource CinderPersistentVolumeSource "
        "CSIPersistentVolumeSource FlexPersistentVolumeSource GlusterfsPersistentVolumeSource "
        "ISCSIPersistentVolumeSource LocalVolumeSource RBDPersistentVolumeSource ScaleIOPersistentVolumeSource "
        "StorageOSPersistentVolumeSource VolumeNodeAffinity PersistentVolumeSpec PersistentVolumeStatus "
        "PersistentVolume"
    ),
    "pod": (
        "HostAlias PodDNSConfigOption PodDNSConfig PodOS PodReadinessGate PodResourceClaim PodSchedulingGate "
        "PodSpec Pod PodTemplateSpec PodTemplate Binding"
    ),
    "pod_status": "HostIP PodIP PodCondition PodResourceClaimStatus PodStatus",
    "probe": (
        "HTTPHeader HTTPGetAction TCPSocketAction ExecAction GRPCAction SleepAction Probe LifecycleHandler Lifecycle"
    ),
    "quota": (
        "LimitRangeItem LimitRangeSpec LimitRange ScopedResourceSelectorRequirement ScopeSelector ResourceQuotaSpec "
        "ResourceQuotaStatus ResourceQuota"
    ),
    "reference": (
        "ObjectReference LocalObjectReference SecretReference TypedLocalObjectReference TypedObjectReference"
    ),
    "replication": (
        "ReplicationControllerSpec ReplicationControllerCondition ReplicationControllerStatus ReplicationController"
    ),
    "security": (
        "Capabilities SELinuxOptions SeccompProfile AppArmorProfile WindowsSecurityContextOptions Sysctl "
        "SecurityContext PodSecurityContext"
    ),
    "service": (
        "ClientIPConfig SessionAffinityConfig ServicePort ServiceSpec PortStatus LoadBalancerIngress "
        "LoadBalancerStatus ServiceStatus Service"
    ),
    "volume": (
        "KeyToPath ConfigMapVolumeSource SecretVolumeSource EmptyDirVolumeSource ImageVolumeSource "
        "DownwardAPIVolumeFile DownwardAPIVolumeSource ConfigMapProjection SecretProjection DownwardAPIProjection "
        "ServiceAccountTokenProjection ClusterTrustBundleProjection VolumeProjection ProjectedVolumeSource "
        "PersistentVolumeClaimVolumeSource EphemeralVolumeSource Volume"
    ),
    "volume_source": (
        "AWSElasticBlockStoreVolumeSource AzureDiskVolumeSource AzureFileVolumeSource CephFSVolumeSource "
        "CinderVolumeSource CSIVolumeSource FCVolumeSource FlexVolumeSource FlockerVolumeSource "
        "GCEPersistentDiskVolumeSource GitRepoVolumeSource GlusterfsVolumeSource ISCSIVolumeSource NFSVolumeSource "
        "PhotonPersistentDiskVolumeSource PortworxVolumeSource QuobyteVolumeSource RBDVolumeSource "
        "ScaleIOVolumeSource StorageOSVolumeSource VsphereVirtualDiskVolumeSource HostPathVolumeSource"
    ),
}
_MODULE_OF = {name: module for module, names in _CONTENTS.items() for name in names.split()}
__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


if TYPE_CHECKING:
    from minik8s.api.core.affinity import *
    from minik8s.api.core.claim import *
    from minik8s.api.core.component import *
    from minik8s.api.core.config import *
    from minik8s.api.core.container import *
    from minik8s.api.core.container_status import *
    from minik8s.api.core.endpoints import *
    from minik8s.api.core.env import *
    from minik8s.api.core.event import *
    from minik8s.api.core.namespace import *
    from minik8s.api.core.node import *
    from minik8s.api.core.node_status import *
    from minik8s.api.core.persistent_volume import *
    from minik8s.api.core.pod import *
    from minik8s.api.core.pod_status import *
    from minik8s.api.core.probe import *
    from minik8s.api.core.quota import *
    from minik8s.api.core.reference import *
    from minik8s.api.core.replication import *
    from minik8s.api.core.security import *
    from minik8s.api.core.service import *
    from minik8s.api.core.volume import *
    from minik8s.api.core.volume_source import *
