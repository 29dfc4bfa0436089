"""Models: core/node_status.py."""

from typing import Annotated

from pydantic import Field

from minik8s.api.base import Int32, Int64, ListMap, MergeKey, Model, QuantityStr, Time, sent


class ConfigMapNodeConfigSource(Model):
    """Config Map Node Config Source."""

    kubelet_config_key: str
    name: str
    namespace: str
    resource_version: str | None = None
    uid: str | None = None


class NodeConfigSource(Model):
    """Node Config Source."""

    config_map: ConfigMapNodeConfigSource | None = None


class NodeAddress(Model):
    """Node Address."""

    address: str
    type: str


class NodeCondition(Model):
    """Node Condition."""

    status: str
    type: str
    last_heartbeat_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class DaemonEndpoint(Model):
    """Daemon Endpoint."""

    port: Int32 = Field(alias="Port")


class NodeDaemonEndpoints(Model):
    """Node Daemon Endpoints."""

    kubelet_endpoint: DaemonEndpoint | None = None


class NodeSwapStatus(Model):
    """Node Swap Status."""

    capacity: Int64 | None = None


class NodeSystemInfo(Model):
    """Node System Info."""

    architecture: str = sent("")
    boot_id: str = sent("")
    container_runtime_version: str = sent("")
    kernel_version: str = sent("")
    kube_proxy_version: str = sent("")
    kubelet_version: str = sent("")
    machine_id: str = sent("")
    operating_system: str = sent("")
    os_image: str = sent("")
    system_uuid: str = sent("")
    swap: NodeSwapStatus | None = None


class ContainerImage(Model):
    """Container Image."""

    names: list[str] = []
    size_bytes: Int64 | None = None


class AttachedVolume(Model):
    """Attached Volume."""

    device_path: str
    name: str


class NodeConfigStatus(Model):
    """Node Config Status."""

    active: NodeConfigSource | None = None
    assigned: NodeConfigSource | None = None
    error: str | None = None
    last_known_good: NodeConfigSource | None = None


class NodeFeatures(Model):
    """Node Features."""

    supplemental_groups_policy: bool | None = None


class NodeRuntimeHandlerFeatures(Model):
    """Node Runtime Handler Features."""

    recursive_read_only_mounts: bool | None = None
    user_namespaces: bool | None = None


class NodeRuntimeHandler(Model):
    """Node Runtime Handler."""

    features: NodeRuntimeHandlerFeatures | None = None
    name: str | None = None


class NodeStatus(Model):
    """Node Status."""

    addresses: Annotated[list[NodeAddress], MergeKey("type"), ListMap("type")] = []
    allocatable: dict[str, QuantityStr] = {}
    capacity: dict[str, QuantityStr] = {}
    conditions: Annotated[list[NodeCondition], MergeKey("type"), ListMap("type")] = []
    config: NodeConfigStatus | None = None
    daemon_endpoints: NodeDaemonEndpoints | None = None
    features: NodeFeatures | None = None
    images: list[ContainerImage] = []
    node_info: NodeSystemInfo | None = None
    phase: str | None = None
    runtime_handlers: list[NodeRuntimeHandler] = []
    volumes_attached: list[AttachedVolume] = []
    volumes_in_use: list[str] = []
