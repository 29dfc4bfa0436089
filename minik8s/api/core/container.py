"""Models: core/container.py."""

from typing import Annotated

from minik8s.api.base import Int32, ListMap, MergeKey, Model, QuantityStr
from minik8s.api.core.env import EnvFromSource, EnvVar
from minik8s.api.core.probe import Lifecycle, Probe
from minik8s.api.core.security import SecurityContext


class ContainerPort(Model):
    """Container Port."""

    container_port: Int32
    host_ip: str | None = None
    host_port: Int32 | None = None
    name: str | None = None
    protocol: str | None = None


class ResourceClaim(Model):
    """Resource Claim."""

    name: str
    request: str | None = None


class ResourceRequirements(Model):
    """Resource Requirements."""

    claims: Annotated[list[ResourceClaim], ListMap("name")] = []
    limits: dict[str, QuantityStr] = {}
    requests: dict[str, QuantityStr] = {}


class VolumeResourceRequirements(Model):
    """Volume Resource Requirements."""

    limits: dict[str, QuantityStr] = {}
    requests: dict[str, QuantityStr] = {}


class ContainerResizePolicy(Model):
    """Container Resize Policy."""

    resource_name: str
    restart_policy: str


class VolumeMount(Model):
    """Volume Mount."""

    mount_path: str
    name: str
    mount_propagation: str | None = None
    read_only: bool | None = None
    recursive_read_only: str | None = None
    sub_path: str | None = None
    sub_path_expr: str | None = None


class VolumeDevice(Model):
    """Volume Device."""

    device_path: str
    name: str


class Container(Model):
    """Container."""

    name: str
    args: list[str] = []
    command: list[str] = []
    env: Annotated[list[EnvVar], MergeKey("name"), ListMap("name")] = []
    env_from: list[EnvFromSource] = []
    image: str | None = None
    image_pull_policy: str | None = None
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    ports: Annotated[list[ContainerPort], MergeKey("containerPort"), ListMap("containerPort", "protocol")] = []
    readiness_probe: Probe | None = None
    resize_policy: list[ContainerResizePolicy] = []
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    security_context: SecurityContext | None = None
    startup_probe: Probe | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    tty: bool | None = None
    volume_devices: Annotated[list[VolumeDevice], MergeKey("devicePath"), ListMap("devicePath")] = []
    volume_mounts: Annotated[list[VolumeMount], MergeKey("mountPath"), ListMap("mountPath")] = []
    working_dir: str | None = None


class EphemeralContainer(Model):
    """Ephemeral Container."""

    name: str
    args: list[str] = []
    command: list[str] = []
    env: Annotated[list[EnvVar], MergeKey("name"), ListMap("name")] = []
    env_from: list[EnvFromSource] = []
    image: str | None = None
    image_pull_policy: str | None = None
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    ports: Annotated[list[ContainerPort], MergeKey("containerPort"), ListMap("containerPort", "protocol")] = []
    readiness_probe: Probe | None = None
    resize_policy: list[ContainerResizePolicy] = []
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    security_context: SecurityContext | None = None
    startup_probe: Probe | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    target_container_name: str | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    tty: bool | None = None
    volume_devices: Annotated[list[VolumeDevice], MergeKey("devicePath"), ListMap("devicePath")] = []
    volume_mounts: Annotated[list[VolumeMount], MergeKey("mountPath"), ListMap("mountPath")] = []
    working_dir: str | None = None
