"""core/v1: What was observed of nodes.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from pydantic import Field

from minik8s.api.base import Int32, Int64, ListMap, MergeKey, Model, QuantityStr, Time, sent


class ConfigMapNodeConfigSource(Model):
    """A ConfigMap with a kubelet's configuration (removed upstream)."""

    namespace: str  #: Its namespace.
    name: str  #: Its name.
    uid: str | None = None  #: Its uid.
    resource_version: str | None = None  #: Its version.
    kubelet_config_key: str  #: Key with the configuration.


class NodeConfigSource(Model):
    """Where a kubelet's configuration comes from (removed upstream)."""

    config_map: ConfigMapNodeConfigSource | None = None  #: A ConfigMap.


class NodeAddress(Model):
    """An address at which a node can be reached."""

    type: str  #: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.
    address: str  #: The address.


class NodeCondition(Model):
    """An observation of a node."""

    type: str  #: Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable.
    status: str  #: True, False, or Unknown when the node is silent.
    last_heartbeat_time: Time | None = None  #: When the node last confirmed it.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class DaemonEndpoint(Model):
    """A port of a daemon."""

    port: Int32 = Field(alias="Port")  #: The port number.


class NodeDaemonEndpoints(Model):
    """Daemons on a node."""

    kubelet_endpoint: DaemonEndpoint | None = None  #: Where the kubelet serves logs and exec.


class NodeSwapStatus(Model):
    """Swap on a node."""

    capacity: Int64 | None = None  #: Bytes of swap.


class NodeSystemInfo(Model):
    """What a node is made of."""

    machine_id: str = sent("")  #: Id of the machine's installation.
    system_uuid: str = sent("")  #: Id of the hardware.
    boot_id: str = sent("")  #: Changes with every boot.
    kernel_version: str = sent("")  #: Version of its kernel.
    os_image: str = sent("")  #: Name of its system.
    container_runtime_version: str = sent("")  #: Runtime and version, as name://version.
    kubelet_version: str = sent("")  #: Version of its kubelet.
    kube_proxy_version: str = sent("")  #: No longer filled in.
    operating_system: str = sent("")  #: linux or windows.
    architecture: str = sent("")  #: amd64, arm64 …
    swap: NodeSwapStatus | None = None  #: Its swap.


class ContainerImage(Model):
    """An image on a node."""

    names: list[str] = []  #: Names it is known by.
    size_bytes: Int64 | None = None  #: Size in bytes.


class AttachedVolume(Model):
    """A volume attached to a node."""

    name: str  #: Name of the volume.
    device_path: str  #: Path of the device.


class NodeConfigStatus(Model):
    """State of a kubelet's configuration (removed upstream)."""

    assigned: NodeConfigSource | None = None  #: The one to be used.
    active: NodeConfigSource | None = None  #: The one in use.
    last_known_good: NodeConfigSource | None = None  #: The one to fall back to.
    error: str | None = None  #: What is wrong.


class NodeFeatures(Model):
    """What a node's runtime can do."""

    supplemental_groups_policy: bool | None = None  #: Whether the policy for supplemental groups is honoured.


class NodeRuntimeHandlerFeatures(Model):
    """What one runtime handler can do."""

    recursive_read_only_mounts: bool | None = None  #: Recursive read-only mounts.
    user_namespaces: bool | None = None  #: User namespaces.


class NodeRuntimeHandler(Model):
    """A runtime handler on a node."""

    name: str | None = None  #: Its name; empty for the default one.
    features: NodeRuntimeHandlerFeatures | None = None  #: What it can do.


class NodeStatus(Model):
    """What was observed of a node; the kubelet writes it."""

    capacity: dict[str, QuantityStr] = {}  #: All it has: cpu, memory, pods, nvidia.com/gpu …
    allocatable: dict[str, QuantityStr] = {}  #: What is left for pods.
    phase: str | None = None  #: No longer used.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[NodeCondition], MergeKey("type"), ListMap("type")] = []
    addresses: Annotated[list[NodeAddress], MergeKey("type"), ListMap("type")] = []  #: Where it can be reached.
    daemon_endpoints: NodeDaemonEndpoints | None = None  #: Ports of its daemons.
    node_info: NodeSystemInfo | None = None  #: Versions and ids.
    images: list[ContainerImage] = []  #: Images it has.
    volumes_in_use: list[str] = []  #: Volumes mounted on it.
    volumes_attached: list[AttachedVolume] = []  #: Volumes attached to it.
    config: NodeConfigStatus | None = None  #: Removed upstream.
    runtime_handlers: list[NodeRuntimeHandler] = []  #: Its runtime handlers.
    features: NodeFeatures | None = None  #: What its runtime can do.
