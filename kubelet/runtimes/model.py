"""The runtime protocol's values: what the kubelet asks for (configs) and what it is told (statuses, events, figures).

Mirrors the messages of upstream's CRI (cri-api/pkg/apis/runtime/v1alpha2/api.proto) as frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class ContainerState(StrEnum):
    """CRI's container states. `UNKNOWN` only where a runtime lost the record of how a container ended."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    UNKNOWN = "unknown"


class SandboxState(StrEnum):
    """A sandbox is ready as long as the process that holds its namespaces lives."""

    READY = "ready"
    NOT_READY = "notready"


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How a runtime is made: `runtimes.make_runtime("docker", RuntimeOptions(...))`."""

    node_name: str
    root_dir: Path  # the kubelet's own folder, absolute; the process runtime keeps its state under it
    cluster_id: str = ""  # distinguishes several clusters on one engine
    pod_cidr: str = "10.244.0.0/24"  # process runtime with root: where pod addresses come from
    pause_image: str = "minik8s/pause:1"
    docker_network: str = "bridge"
    max_threads: int = 12  # docker runtime: bound of the thread pool
    env: Mapping[str, str] = field(default_factory=dict)  # runtime specific switches (tests)


@dataclass(frozen=True, slots=True)
class PortMapping:
    """A hostPort."""

    container_port: int
    host_port: int
    protocol: str = "TCP"
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class DNSConfig:
    """What stands in the pod's /etc/resolv.conf. Alternatively the kubelet mounts a file of its own."""

    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What holds a pod's namespaces."""

    pod_name: str
    pod_namespace: str
    pod_uid: str
    attempt: int = 0
    hostname: str = ""  # empty: the runtime's choice; ignored with host_network
    log_directory: str = ""  # /…/<ns>_<name>_<uid>; container logs lie under it (CRI layout)
    dns: DNSConfig | None = None  # None: whatever the engine gives
    hosts: tuple[tuple[str, str], ...] = ()  # extra /etc/hosts entries (ip, name)
    port_mappings: tuple[PortMapping, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    host_network: bool = False
    host_pid: bool = False
    host_ipc: bool = False
    share_process_namespace: bool = False
    sysctls: Mapping[str, str] = field(default_factory=dict)
    shm_size: int = 0  # bytes of /dev/shm; 0: 64 MiB
    cgroup_parent: str = ""  # "/kubepods/burstable/pod<uid>" or ""; created by the runtime when absent


@dataclass(frozen=True, slots=True)
class Mount:
    """A bind mount. `host_path` must exist (the kubelet's volume manager made it)."""

    host_path: str
    container_path: str
    readonly: bool = False
    propagation: str = "None"  # None | HostToContainer | Bidirectional


@dataclass(frozen=True, slots=True)
class Device:
    """A device node given to the container (not GPUs: those go by `ContainerConfig.gpus`)."""

    host_path: str
    container_path: str
    permissions: str = "rwm"


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits as the cgroup wants them; 0 means "not set". The kubelet computes them from requests and limits."""

    cpu_shares: int = 0
    cpu_quota: int = 0  # microseconds per period
    cpu_period: int = 100_000
    memory_limit: int = 0  # bytes
    pids_limit: int = 0
    oom_score_adj: int = 0
    cpuset_cpus: str = ""
    hugepage_limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecurityContext:
    """The container's effective security context (pod's and container's merged by the kubelet)."""

    run_as_user: int | None = None  # None: the image's
    run_as_group: int | None = None
    supplemental_groups: tuple[int, ...] = ()  # fsGroup included
    run_as_non_root: bool = False  # with run_as_user None the runtime checks the image's user
    privileged: bool = False
    readonly_root: bool = False
    add_capabilities: tuple[str, ...] = ()  # names without CAP_
    drop_capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = False
    seccomp: str = ""  # "" and "unconfined" | "default" | "localhost/<absolute path>"
    apparmor: str = ""  # "" | "unconfined" | "<profile>"
    selinux: Mapping[str, str] = field(default_factory=dict)  # user/role/type/level
    masked_paths: bool = True  # procMount: Default → True, Unmasked → False
    target_container: str = ""  # ephemeral containers: id of the container whose pid namespace is joined


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """One container to be made in a sandbox."""

    name: str
    image: str  # the reference that `image_status`/`pull_image` resolved, or the plain name
    attempt: int = 0
    command: tuple[str, ...] = ()  # replaces the image's entrypoint
    args: tuple[str, ...] = ()  # replaces the image's cmd
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    log_path: str = ""  # absolute; runtimes that write logs themselves write CRI lines here; "": the runtime's choice
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    resources: Resources = Resources()
    security: SecurityContext = SecurityContext()
    stop_signal: str = ""
    # GPU UUIDs. Empty: none, and the runtime hides all (NVIDIA_VISIBLE_DEVICES=void; CUDA_VISIBLE_DEVICES="" for
    # processes). With `gpus_declared` (--fake-gpus) only the environment names them; the engine is not asked for them.
    gpus: tuple[str, ...] = ()
    gpus_declared: bool = False


@dataclass(frozen=True, slots=True)
class SandboxStatus:
    """A sandbox as the runtime sees it. `ips` is empty with host_network and once the sandbox is not ready."""

    id: str
    state: SandboxState
    pod_name: str
    pod_namespace: str
    pod_uid: str
    attempt: int = 0
    created_at: float = 0.0  # epoch seconds
    ips: tuple[str, ...] = ()
    host_network: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def ip(self) -> str:
        """The pod's first address, or ""."""
        return self.ips[0] if self.ips else ""


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """A container as the runtime sees it. Times are epoch seconds, 0.0 when not (yet) known."""

    id: str  # bare; the API's containerID is f"{runtime.name}://{id}"
    name: str
    sandbox_id: str
    pod_uid: str
    state: ContainerState
    attempt: int = 0
    image: str = ""  # as asked for
    image_ref: str = ""  # status.imageID: "docker-pullable://name@sha256:…" or "docker://sha256:…" or "<runtime>://…"
    created_at: float = 0.0
    started_at: float = 0.0
    finished_at: float = 0.0
    exit_code: int = 0
    reason: str = ""  # see the module's docstring; filled for exited containers
    message: str = ""  # the engine's own words for a failed start; never the termination message file
    pid: int = 0  # in the host's pid namespace, 0 when not running or not known
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    log_path: str = ""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image the runtime has."""

    id: str  # "sha256:…"
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0
    user: str = ""  # of the image's configuration: "", "1000", "1000:1000", "nobody"
    ref: str = ""  # what goes into status.containerStatuses[].imageID


@dataclass(frozen=True, slots=True)
class ImageAuth:
    """Registry credentials from an imagePullSecret."""

    username: str = ""
    password: str = field(default="", repr=False)
    server: str = ""
    identity_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RuntimeVersion:
    """For nodeInfo.containerRuntimeVersion: f"{name}://{version}"."""

    name: str
    version: str
    api_version: str = ""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """Of `exec_sync`; `output` is stdout and stderr in the order they came (for probes' messages)."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def output(self) -> bytes:
        """Both streams, stdout first."""
        return self.stdout + self.stderr


@dataclass(frozen=True, slots=True)
class ContainerStats:
    """Usage of one container (or sandbox) at one moment."""

    id: str
    timestamp: float
    cpu_usage_ns: int = 0  # cumulative
    memory_usage: int = 0
    memory_working_set: int = 0
    memory_rss: int = 0
    rx_bytes: int = 0
    tx_bytes: int = 0
    pids: int = 0


class EventType(StrEnum):
    """What happened, in PLEG's words."""

    CONTAINER_STARTED = "ContainerStarted"
    CONTAINER_DIED = "ContainerDied"
    CONTAINER_REMOVED = "ContainerRemoved"
    OOM = "OOM"
    RESYNC = "Resync"  # events may have been missed: relist everything (engine restarted, stream cut)


@dataclass(frozen=True, slots=True)
class RuntimeEvent:
    """Says that a pod should be looked at again; never the state itself. `pod_uid` is "" for RESYNC."""

    type: EventType
    pod_uid: str = ""
    container_id: str = ""
    sandbox_id: str = ""
    container_name: str = ""  # "" when the sandbox itself is meant


@dataclass(frozen=True, slots=True)
class LogOptions:
    """PodLogOptions, as far as the runtime is concerned. `since` is epoch seconds (sinceSeconds already applied)."""

    follow: bool = False
    tail: int | None = None
    since: float | None = None
    timestamps: bool = False
    stdout: bool = True
    stderr: bool = True
