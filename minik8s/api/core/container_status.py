"""core/v1: What was observed of containers.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, Int64, ListMap, MergeKey, Model, QuantityStr, Time, sent
from minik8s.api.core.container import ResourceRequirements


class ContainerStateWaiting(Model):
    """A container that does not run yet."""

    reason: str | None = None  #: ContainerCreating, ImagePullBackOff, CrashLoopBackOff …
    message: str | None = None  #: Details, for people.


class ContainerStateRunning(Model):
    """A container that runs."""

    started_at: Time | None = None  #: Since when.


class ContainerStateTerminated(Model):
    """A container that ended."""

    exit_code: Int32  #: Exit status of its process.
    signal: Int32 | None = None  #: Signal that ended it.
    reason: str | None = None  #: Completed, Error, OOMKilled …
    message: str | None = None  #: The last message it left.
    started_at: Time | None = None  #: When it started.
    finished_at: Time | None = None  #: When it ended.
    container_id: str | None = None  #: The runtime's id, as scheme://id.


class ContainerState(Model):
    """One of three states; waiting where none is given."""

    waiting: ContainerStateWaiting | None = None  #: Not running yet.
    running: ContainerStateRunning | None = None  #: Running.
    terminated: ContainerStateTerminated | None = None  #: Ended.


class LinuxContainerUser(Model):
    """The user a Linux container started with."""

    uid: Int64  #: User id.
    gid: Int64  #: Group id.
    supplemental_groups: list[Int64] = []  #: Further groups.


class ContainerUser(Model):
    """The user a container started with."""

    linux: LinuxContainerUser | None = None  #: On Linux.


class VolumeMountStatus(Model):
    """How a volume was mounted."""

    name: str = sent("")  #: Name of the volume mount.
    mount_path: str = sent("")  #: Path in the container.
    read_only: bool | None = None  #: Mounted for reading only.
    recursive_read_only: str | None = None  #: Whether that holds for mounts below.


class ResourceHealth(Model):
    """Health of one device."""

    resource_id: str  #: The device's id.
    health: str | None = None  #: Healthy, Unhealthy or Unknown.


class ResourceStatus(Model):
    """Health of the devices of one resource."""

    name: str = sent("")  #: The resource.
    resources: Annotated[list[ResourceHealth], ListMap("resourceID")] = []  #: Its devices.


class ContainerStatus(Model):
    """What was seen of a container."""

    name: str = sent("")  #: The container's name.
    state: ContainerState | None = None  #: Its state now.
    last_state: ContainerState | None = None  #: How it ended the last time.
    ready: bool = sent(False)  #: Whether its readiness probe succeeds.
    restart_count: Int32 = sent(0)  #: How often it was started again.
    image: str = sent("")  #: Image that runs.
    image_id: str = sent("")  #: That image's id.
    container_id: str | None = None  #: The runtime's id, as scheme://id.
    started: bool | None = None  #: Whether its startup probe has succeeded.
    allocated_resources: dict[str, QuantityStr] = {}  #: Requests that the node has granted.
    resources: ResourceRequirements | None = None  #: Requests and limits in force.
    #: How its volumes were mounted.
    volume_mounts: Annotated[list[VolumeMountStatus], MergeKey("mountPath"), ListMap("mountPath")] = []
    user: ContainerUser | None = None  #: The user it started with.
    #: Health of its devices.
    allocated_resources_status: Annotated[list[ResourceStatus], MergeKey("name"), ListMap("name")] = []
    stop_signal: str | None = None  #: Signal that will stop it.
