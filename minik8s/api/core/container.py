"""core/v1: Container: what a pod runs.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, ListMap, MergeKey, Model, QuantityStr
from minik8s.api.core.env import EnvFromSource, EnvVar
from minik8s.api.core.probe import Lifecycle, Probe
from minik8s.api.core.security import SecurityContext


class ContainerPort(Model):
    """A port that a container listens on; information, except for hostPort."""

    name: str | None = None  #: Name to refer to, unique in the pod.
    host_port: Int32 | None = None  #: Port of the node that leads here; rarely needed.
    container_port: Int32  #: Port in the pod, 1 to 65535.
    protocol: str | None = None  #: TCP (the default), UDP or SCTP.
    host_ip: str | None = None  #: Address of the node to bind hostPort to.


class ResourceClaim(Model):
    """A resource claim of the pod that a container uses."""

    name: str  #: Entry in the pod's spec.resourceClaims.
    request: str | None = None  #: One request in the claim; all where absent.


class ResourceRequirements(Model):
    """What a container is promised (requests) and what it may take (limits)."""

    limits: dict[str, QuantityStr] = {}  #: The most it may use: cpu, memory, nvidia.com/gpu …
    requests: dict[str, QuantityStr] = {}  #: What the scheduler sets aside; defaults to limits.
    claims: Annotated[list[ResourceClaim], ListMap("name")] = []  #: Resource claims it uses.


class VolumeResourceRequirements(Model):
    """How much storage is asked for."""

    limits: dict[str, QuantityStr] = {}  #: The most that is wanted.
    requests: dict[str, QuantityStr] = {}  #: The least that is wanted.


class ContainerResizePolicy(Model):
    """Whether a change of a resource restarts the container."""

    resource_name: str  #: cpu or memory.
    restart_policy: str  #: NotRequired (the default) or RestartContainer.


class VolumeMount(Model):
    """Where a volume appears in a container."""

    name: str  #: Name of the pod's volume.
    read_only: bool | None = None  #: Mount for reading only.
    mount_path: str  #: Path in the container.
    sub_path: str | None = None  #: Path inside the volume; its root where absent.
    mount_propagation: str | None = None  #: None, HostToContainer or Bidirectional.
    sub_path_expr: str | None = None  #: As subPath, with $(VAR) replaced from the environment.
    recursive_read_only: str | None = None  #: Disabled, IfPossible or Enabled: read-only also for mounts below.


class VolumeDevice(Model):
    """Where a block volume appears in a container."""

    name: str  #: Name of the pod's volume.
    device_path: str  #: Path of the device in the container.


class Container(Model):
    """A process with its own image and file system, run as part of a pod."""

    name: str  #: Unique in the pod.
    image: str | None = None  #: Image to run.
    command: list[str] = []  #: Program to run instead of the image's entrypoint; $(VAR) is replaced.
    args: list[str] = []  #: Arguments instead of the image's; $(VAR) is replaced.
    working_dir: str | None = None  #: Directory to start in; the image's where absent.
    #: Ports it listens on.
    ports: Annotated[list[ContainerPort], MergeKey("containerPort"), ListMap("containerPort", "protocol")] = []
    env: Annotated[list[EnvVar], MergeKey("name"), ListMap("name")] = []  #: Environment variables.
    resources: ResourceRequirements | None = None  #: CPU, memory and devices: promised and at most.
    #: Volumes in its file system.
    volume_mounts: Annotated[list[VolumeMount], MergeKey("mountPath"), ListMap("mountPath")] = []
    liveness_probe: Probe | None = None  #: Restart the container when this fails.
    readiness_probe: Probe | None = None  #: Take the pod out of services while this fails.
    lifecycle: Lifecycle | None = None  #: Actions after start and before stop.
    #: File whose content becomes the last message; default /dev/termination-log.
    termination_message_path: str | None = None
    image_pull_policy: str | None = None  #: Always, IfNotPresent or Never.
    security_context: SecurityContext | None = None  #: User, capabilities and other privileges.
    stdin: bool | None = None  #: Keep standard input open.
    stdin_once: bool | None = None  #: Close it when the first client leaves.
    tty: bool | None = None  #: Give it a terminal.
    env_from: list[EnvFromSource] = []  #: ConfigMaps and Secrets whose keys all become variables.
    termination_message_policy: str | None = None  #: File, or FallbackToLogsOnError (the log's end).
    #: Block volumes as devices.
    volume_devices: Annotated[list[VolumeDevice], MergeKey("devicePath"), ListMap("devicePath")] = []
    startup_probe: Probe | None = None  #: Hold the other probes until this succeeds once.
    resize_policy: list[ContainerResizePolicy] = []  #: Which resources can change without a restart.
    #: Init containers only: Always makes it a sidecar that runs along with the pod.
    restart_policy: str | None = None


class EphemeralContainer(Model):
    """A container added to a running pod, to look at it; never restarted."""

    name: str  #: Unique in the pod.
    image: str | None = None  #: Image to run.
    command: list[str] = []  #: Program to run instead of the image's entrypoint.
    args: list[str] = []  #: Arguments instead of the image's.
    working_dir: str | None = None  #: Directory to start in.
    #: Not allowed here.
    ports: Annotated[list[ContainerPort], MergeKey("containerPort"), ListMap("containerPort", "protocol")] = []
    env: Annotated[list[EnvVar], MergeKey("name"), ListMap("name")] = []  #: Environment variables.
    resources: ResourceRequirements | None = None  #: Not allowed here.
    #: Volumes in its file system.
    volume_mounts: Annotated[list[VolumeMount], MergeKey("mountPath"), ListMap("mountPath")] = []
    liveness_probe: Probe | None = None  #: Not allowed here.
    readiness_probe: Probe | None = None  #: Not allowed here.
    lifecycle: Lifecycle | None = None  #: Not allowed here.
    termination_message_path: str | None = None  #: File whose content becomes the last message.
    image_pull_policy: str | None = None  #: Always, IfNotPresent or Never.
    security_context: SecurityContext | None = None  #: User, capabilities and other privileges.
    stdin: bool | None = None  #: Keep standard input open.
    stdin_once: bool | None = None  #: Close it when the first client leaves.
    tty: bool | None = None  #: Give it a terminal.
    env_from: list[EnvFromSource] = []  #: ConfigMaps and Secrets whose keys all become variables.
    termination_message_policy: str | None = None  #: File, or FallbackToLogsOnError.
    #: Block volumes as devices.
    volume_devices: Annotated[list[VolumeDevice], MergeKey("devicePath"), ListMap("devicePath")] = []
    startup_probe: Probe | None = None  #: Not allowed here.
    resize_policy: list[ContainerResizePolicy] = []  #: Not allowed here.
    restart_policy: str | None = None  #: Not allowed here.
    target_container_name: str | None = None  #: Container whose processes it can see.
