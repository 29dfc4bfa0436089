"""The container runtime protocol: what the kubelet asks of whatever runs its containers.

Mirrors upstream's CRI (staging/src/k8s.io/cri-api/pkg/apis/runtime/v1alpha2/api.proto) as plain dataclasses and an
asyncio protocol instead of gRPC. One contract suite (tests/component/runtimes) runs over every implementation:
`fake` (simulated), `process` (no engine), `docker`.

Leaves out: image file system figures, checkpointing, seccomp profile files by path on the process runtime.

Invariants every implementation keeps:

- **Labels are the memory.** Everything needed to adopt a pod after a kubelet restart is in the labels (see `LABEL_*`);
  the runtime returns them unchanged, and never loses them while the container exists.
- **Absence is never deletion.** If the engine cannot be asked, `list_*` and `*_status` raise `RuntimeUnavailable`;
  an empty list means that the runtime answered and has nothing.
- **Idempotent ends.** stop and remove of something that is already stopped or gone succeed silently; `*_status` of
  something gone raises `ContainerNotFound`.
- **Ownership.** `list_*` returns only what this kubelet made (same `RuntimeOptions.node_name` and `.cluster_id`).
- **Exit codes** are those of a shell: 0..255, 128+N for a death by signal N. `reason` is filled in by the runtime:
  `Completed` (0), `Error`, `OOMKilled`, `ContainerCannotRun` (start failed), `Unknown` (the record was lost; 137).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

# Upstream's label names (pkg/kubelet/types/labels.go): tools that read the engine know them.
LABEL_POD_NAME = "io.kubernetes.pod.name"
LABEL_POD_NAMESPACE = "io.kubernetes.pod.namespace"
LABEL_POD_UID = "io.kubernetes.pod.uid"
LABEL_CONTAINER_NAME = "io.kubernetes.container.name"
# Ours. The values are strings; `docker inspect` shows them all.
LABEL_KIND = "minik8s.io/kind"  # "sandbox" | "container"; set by the runtime
LABEL_SANDBOX_ID = "minik8s.io/sandbox-id"  # of a container; set by the runtime
LABEL_NODE = "minik8s.io/node"  # set by the runtime from RuntimeOptions.node_name
LABEL_CLUSTER = "minik8s.io/cluster"  # set by the runtime from RuntimeOptions.cluster_id
LABEL_LOG_PATH = "minik8s.io/log-path"  # set by the runtime from ContainerConfig.log_path
LABEL_CONTAINER_HASH = "minik8s.io/container-hash"  # of the container's spec: changed → restart; set by the kubelet
LABEL_RESTART_COUNT = "minik8s.io/restart-count"  # set by the kubelet: attempt number of this container, from 0
LABEL_CONTAINER_TYPE = "minik8s.io/container-type"  # "container" | "init" | "ephemeral"; set by the kubelet
LABEL_DEVICES = "minik8s.io/devices"  # JSON {"nvidia.com/gpu": ["GPU-…"]}: the ledger is rebuilt from it; the kubelet's
LABEL_GRACE = "minik8s.io/termination-grace"  # seconds, for a pod that only the runtime still knows; the kubelet's
LABEL_TERMINATION_PATH = "minik8s.io/termination-message-path"
LABEL_TERMINATION_POLICY = "minik8s.io/termination-message-policy"
LABEL_SANDBOX_ATTEMPT = "minik8s.io/sandbox-attempt"
LABEL_POD_MANIFEST = "minik8s.io/pod-manifest"  # optional, of a sandbox: what the kubelet wishes to remember


class RuntimeFault(Exception):
    """Base of the runtime's errors. `reason` is what stands in a waiting container's status."""

    reason = "RunContainerError"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if reason is not None:
            self.reason = reason


class RuntimeUnavailable(RuntimeFault):
    """The engine did not answer: retry; nothing may be concluded from it."""

    reason = "RuntimeUnavailable"


class ContainerNotFound(RuntimeFault):
    """No such sandbox or container."""

    reason = "ContainerNotFound"


class CreateContainerError(RuntimeFault):
    """The runtime refuses to make the container (bad mount, name in use, ...)."""

    reason = "CreateContainerError"


class CreateContainerConfigError(RuntimeFault):
    """The configuration itself is impossible (no such user, runAsNonRoot with root, ...)."""

    reason = "CreateContainerConfigError"


class StartContainerError(RuntimeFault):
    """The container exists and could not be started (no such executable, ...); it is then `exited` with code 127,
    126 or 128 and reason `ContainerCannotRun`, as with upstream's dockershim."""

    reason = "RunContainerError"


class ImagePullError(RuntimeFault):
    """The image could not be pulled. The kubelet turns repeated ones into ImagePullBackOff."""

    reason = "ErrImagePull"


class InvalidImageName(ImagePullError):
    """The image reference cannot be parsed."""

    reason = "InvalidImageName"


class NotSupported(RuntimeFault):
    """This runtime cannot do that; the message says what and why."""

    reason = "NotSupported"


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


class ExecStream(Protocol):
    """A running exec or attach: three streams, a terminal size and an exit code."""

    async def read(self) -> tuple[int, bytes] | None:
        """The next piece: (1, data) of stdout or (2, data) of stderr (with a tty all is 1); None when both ended."""
        ...

    async def write_stdin(self, data: bytes) -> None:
        """Waits while the process does not read (backpressure). After the process ended: silently dropped."""
        ...

    async def close_stdin(self) -> None:
        """Half-close: the process reads end of file, output goes on."""
        ...

    async def resize(self, width: int, height: int) -> None:
        """Sets the terminal's size; without a tty nothing happens."""
        ...

    async def wait(self) -> int:
        """The exit code (of an attach: that of the container, or 0 when it goes on running)."""
        ...

    async def close(self) -> None:
        """Gives everything back. The process of an exec is not killed by it (as upstream)."""
        ...


class ByteStream(Protocol):
    """One forwarded connection."""

    async def read(self, limit: int = 65536) -> bytes:
        """b"" at end of file."""
        ...

    async def write(self, data: bytes) -> None:
        """Waits while the other side does not read."""
        ...

    async def write_eof(self) -> None:
        """Half-close."""
        ...

    async def close(self) -> None:
        """Closes both directions."""
        ...


@runtime_checkable
class Runtime(Protocol):
    """The protocol. Made by `minik8s.kubelet.runtimes.make_runtime(name, options)`; `start()` before anything else."""

    name: str  # "docker" | "process" | "fake": the scheme of container ids and of nodeInfo

    # life cycle -----------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """Connects, adopts what runs, begins to watch. Raises RuntimeUnavailable when there is no engine."""
        ...

    async def close(self) -> None:
        """Lets go. Containers go on running."""
        ...

    async def version(self) -> RuntimeVersion:
        """Also the health check: RuntimeUnavailable when the engine does not answer."""
        ...

    async def capabilities(self) -> frozenset[str]:
        """Of: "network" (pods have addresses of their own), "pid-namespace", "mounts" (volumes appear at their paths),
        "users", "cgroups", "images" (images are real), "readonly-root", "gpus", "sysctls", "privileged"."""
        ...

    # sandboxes ------------------------------------------------------------------------------------------------------
    async def run_sandbox(self, config: SandboxConfig) -> SandboxStatus:
        """Makes and starts it, network included; the status has the addresses. On failure nothing is left behind."""
        ...

    async def stop_sandbox(self, sandbox_id: str) -> None:
        """Kills every container in it at once and gives the network back. The record stays (NOT_READY)."""
        ...

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """Stops it when needed, removes its containers, and forgets it."""
        ...

    async def list_sandboxes(self, pod_uid: str = "") -> list[SandboxStatus]:
        """All of this node's, or one pod's; newest first."""
        ...

    async def sandbox_status(self, sandbox_id: str) -> SandboxStatus:
        """ContainerNotFound when gone."""
        ...

    # containers -----------------------------------------------------------------------------------------------------
    async def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        """→ container id. Nothing runs yet."""
        ...

    async def start_container(self, container_id: str) -> None:
        """Returns once the process was started (exec'd); StartContainerError otherwise."""
        ...

    async def stop_container(self, container_id: str, grace: float) -> None:
        """Stop signal, wait up to `grace` seconds, SIGKILL; returns when it is dead. grace 0: SIGKILL at once.
        Called again with a shorter grace while one is under way: the shorter one holds."""
        ...

    async def remove_container(self, container_id: str) -> None:
        """Kills it when needed; logs go with it (unless the kubelet's own log_path holds them)."""
        ...

    async def list_containers(self, pod_uid: str = "") -> list[ContainerStatus]:
        """All of this node's, or one pod's (exited ones too, with exit codes); newest first."""
        ...

    async def container_status(self, container_id: str) -> ContainerStatus:
        """ContainerNotFound when gone."""
        ...

    async def update_resources(self, container_id: str, resources: Resources) -> None:
        """In-place resize. NotSupported where impossible."""
        ...

    # images ---------------------------------------------------------------------------------------------------------
    async def image_status(self, image: str) -> ImageInfo | None:
        """None when it is not here (the kubelet then decides whether to pull)."""
        ...

    async def pull_image(self, image: str, auth: ImageAuth | None = None) -> ImageInfo:
        """ImagePullError / InvalidImageName with the registry's words."""
        ...

    async def list_images(self) -> list[ImageInfo]:
        """For node status and garbage collection."""
        ...

    async def remove_image(self, image: str) -> None:
        """Of an image in use: an error."""
        ...

    # streams --------------------------------------------------------------------------------------------------------
    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: float = 0) -> ExecResult:
        """For probes and hooks. timeout 0: none; past it the process is killed and TimeoutError raised.
        A command that cannot be started: exit code 126 or 127 and the reason on stderr."""
        ...

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> ExecStream:
        """An interactive process in the container. ContainerNotFound when it does not run."""
        ...

    async def attach(self, container_id: str, *, stdin: bool = False, tty: bool = False) -> ExecStream:
        """The container's own streams from now on."""
        ...

    async def port_forward(self, sandbox_id: str, port: int) -> ByteStream:
        """A TCP connection to localhost:port inside the pod. ConnectionError when nobody listens."""
        ...

    def logs(self, container_id: str, options: LogOptions) -> AsyncIterator[bytes]:
        """Pieces of log, ready to be sent (with timestamps when asked for). With follow it ends when the container
        has ended and all was read. ContainerNotFound when gone."""
        ...

    # figures and events ---------------------------------------------------------------------------------------------
    async def stats(self, pod_uid: str = "") -> list[ContainerStats]:
        """Of running containers. May be empty where the runtime cannot measure."""
        ...

    def events(self) -> AsyncIterator[RuntimeEvent]:
        """Endless, with a bounded buffer (overflow becomes one RESYNC); survives engine restarts (RESYNC afterwards).
        The first event is always RESYNC. Several readers may iterate at once."""
        ...


class EventHub:
    """Fan-out of events with bounded queues, shared by the implementations."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._queues: list[asyncio.Queue[RuntimeEvent]] = []

    def publish(self, event: RuntimeEvent) -> None:
        """Never blocks. A reader that is full gets a single RESYNC in place of all it had."""
        for queue in self._queues:
            if queue.qsize() >= self._limit:
                while not queue.empty():
                    queue.get_nowait()
                event = RuntimeEvent(EventType.RESYNC)
            queue.put_nowait(event)

    async def subscribe(self) -> AsyncIterator[RuntimeEvent]:
        """Begins with RESYNC, then whatever is published from now on."""
        queue: asyncio.Queue[RuntimeEvent] = asyncio.Queue()
        queue.put_nowait(RuntimeEvent(EventType.RESYNC))
        self._queues.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.remove(queue)


def sandbox_labels(config: SandboxConfig, options: RuntimeOptions) -> dict[str, str]:
    """The labels a sandbox is made with: the kubelet's, and what every runtime adds."""
    return {
        **config.labels,
        LABEL_POD_NAME: config.pod_name,
        LABEL_POD_NAMESPACE: config.pod_namespace,
        LABEL_POD_UID: config.pod_uid,
        LABEL_SANDBOX_ATTEMPT: str(config.attempt),
        LABEL_KIND: "sandbox",
        LABEL_NODE: options.node_name,
        LABEL_CLUSTER: options.cluster_id,
    }


def container_labels(sandbox: SandboxStatus, config: ContainerConfig, options: RuntimeOptions) -> dict[str, str]:
    """The labels a container is made with: the kubelet's, and what every runtime adds."""
    return {
        LABEL_RESTART_COUNT: str(config.attempt),
        **config.labels,
        LABEL_POD_NAME: sandbox.pod_name,
        LABEL_POD_NAMESPACE: sandbox.pod_namespace,
        LABEL_POD_UID: sandbox.pod_uid,
        LABEL_CONTAINER_NAME: config.name,
        LABEL_SANDBOX_ID: sandbox.id,
        LABEL_LOG_PATH: config.log_path,
        LABEL_KIND: "container",
        LABEL_NODE: options.node_name,
        LABEL_CLUSTER: options.cluster_id,
    }
