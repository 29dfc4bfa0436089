"""The container runtime protocol: what the kubelet asks of whatever runs its containers.

Mirrors upstream's CRI (staging/src/k8s.io/cri-api/pkg/apis/runtime/v1alpha2/api.proto) as plain dataclasses and an
asyncio protocol instead of gRPC. One contract suite (tests/component/runtimes) runs over every implementation:
`fake` (simulated), `process` (no engine), `docker`. The values are in `model.py`, the errors in `faults.py`, the
labels in `labels.py`; all can be had from here.

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
from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from minik8s.kubelet.runtimes.faults import (
    ContainerNotFound,
    CreateContainerConfigError,
    CreateContainerError,
    ImagePullError,
    InvalidImageName,
    NotSupported,
    RuntimeFault,
    RuntimeUnavailable,
    StartContainerError,
)
from minik8s.kubelet.runtimes.labels import (
    LABEL_CLUSTER,
    LABEL_CONTAINER_HASH,
    LABEL_CONTAINER_NAME,
    LABEL_CONTAINER_TYPE,
    LABEL_DEVICES,
    LABEL_GRACE,
    LABEL_KIND,
    LABEL_LOG_PATH,
    LABEL_NODE,
    LABEL_POD_MANIFEST,
    LABEL_POD_NAME,
    LABEL_POD_NAMESPACE,
    LABEL_POD_UID,
    LABEL_RESTART_COUNT,
    LABEL_SANDBOX_ATTEMPT,
    LABEL_SANDBOX_ID,
    LABEL_TERMINATION_PATH,
    LABEL_TERMINATION_POLICY,
    container_labels,
    sandbox_labels,
)
from minik8s.kubelet.runtimes.model import (
    ContainerConfig,
    ContainerState,
    ContainerStats,
    ContainerStatus,
    Device,
    DNSConfig,
    EventType,
    ExecResult,
    ImageAuth,
    ImageInfo,
    LogOptions,
    Mount,
    PortMapping,
    Resources,
    RuntimeEvent,
    RuntimeOptions,
    RuntimeVersion,
    SandboxConfig,
    SandboxState,
    SandboxStatus,
    SecurityContext,
)

__all__ = [
    "LABEL_CLUSTER",
    "LABEL_CONTAINER_HASH",
    "LABEL_CONTAINER_NAME",
    "LABEL_CONTAINER_TYPE",
    "LABEL_DEVICES",
    "LABEL_GRACE",
    "LABEL_KIND",
    "LABEL_LOG_PATH",
    "LABEL_NODE",
    "LABEL_POD_MANIFEST",
    "LABEL_POD_NAME",
    "LABEL_POD_NAMESPACE",
    "LABEL_POD_UID",
    "LABEL_RESTART_COUNT",
    "LABEL_SANDBOX_ATTEMPT",
    "LABEL_SANDBOX_ID",
    "LABEL_TERMINATION_PATH",
    "LABEL_TERMINATION_POLICY",
    "ByteStream",
    "ContainerConfig",
    "ContainerNotFound",
    "ContainerState",
    "ContainerStats",
    "ContainerStatus",
    "CreateContainerConfigError",
    "CreateContainerError",
    "DNSConfig",
    "Device",
    "EventHub",
    "EventType",
    "ExecResult",
    "ExecStream",
    "ImageAuth",
    "ImageInfo",
    "ImagePullError",
    "InvalidImageName",
    "LogOptions",
    "Mount",
    "NotSupported",
    "PortMapping",
    "Resources",
    "Runtime",
    "RuntimeEvent",
    "RuntimeFault",
    "RuntimeOptions",
    "RuntimeUnavailable",
    "RuntimeVersion",
    "SandboxConfig",
    "SandboxState",
    "SandboxStatus",
    "SecurityContext",
    "StartContainerError",
    "container_labels",
    "sandbox_labels",
]


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

    async def dismantle(self) -> None:
        """Takes away what the runtime itself put on the host (bridges, rules); its pods have been removed before."""
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

    async def disk_usage(self, pod_uid: str = "") -> dict[str, int]:
        """Container id → bytes that its writable layer takes on disk. Costly; empty where the runtime keeps none."""
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
