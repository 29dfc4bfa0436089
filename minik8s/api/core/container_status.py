"""Models: core/container_status.py."""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListMap, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.core.container import ResourceRequirements


class ContainerStateWaiting(Model):
    """Container State Waiting."""

    message: str | None = None
    reason: str | None = None


class ContainerStateRunning(Model):
    """Container State Running."""

    started_at: Time | None = None


class ContainerStateTerminated(Model):
    """Container State Terminated."""

    exit_code: Int32
    container_id: str | None = None
    finished_at: Time | None = None
    message: str | None = None
    reason: str | None = None
    signal: Int32 | None = None
    started_at: Time | None = None


class ContainerState(Model):
    """Container State."""

    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None
    waiting: ContainerStateWaiting | None = None


class LinuxContainerUser(Model):
    """Linux Container User."""

    gid: Int64
    uid: Int64
    supplemental_groups: list[Int64] = []


class ContainerUser(Model):
    """Container User."""

    linux: LinuxContainerUser | None = None


class VolumeMountStatus(Model):
    """Volume Mount Status."""

    mount_path: str = sent("")
    name: str = sent("")
    read_only: bool | None = None
    recursive_read_only: str | None = None


class ResourceHealth(Model):
    """Resource Health."""

    resource_id: str
    health: str | None = None


class ResourceStatus(Model):
    """Resource Status."""

    name: str = sent("")
    resources: Annotated[list[ResourceHealth], ListMap("resourceID")] = []


class ContainerStatus(Model):
    """Container Status."""

    image: str = sent("")
    image_id: str = sent("")
    name: str = sent("")
    ready: bool = sent(False)
    restart_count: Int32 = sent(0)
    allocated_resources: dict[str, QuantityStr] = {}
    allocated_resources_status: Annotated[list[ResourceStatus], MergeKey("name"), ListMap("name")] = []
    container_id: str | None = None
    last_state: ContainerState | None = None
    resources: ResourceRequirements | None = None
    started: bool | None = None
    state: ContainerState | None = None
    stop_signal: str | None = None
    user: ContainerUser | None = None
    volume_mounts: Annotated[list[VolumeMountStatus], MergeKey("mountPath"), ListMap("mountPath")] = []
