"""What the runtime says about one pod at one moment, and how our labels on its containers are read.

Mirrors kubecontainer.PodStatus and pkg/kubelet/kuberuntime/labels.go. Immutable input of `actions` and `status`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from minik8s.api import core
from minik8s.kubelet.runtimes.base import (
    LABEL_CONTAINER_HASH,
    LABEL_RESTART_COUNT,
    ContainerState,
    ContainerStatus,
    SandboxState,
    SandboxStatus,
)

#: seconds to wait before the container is started again, should it die; see `actions.restart_delay`
LABEL_BACKOFF = "minik8s.io/restart-backoff"
#: POSIX time at which the pod was first started here; only on sandboxes
LABEL_START_TIME = "minik8s.io/start-time"


@dataclass(frozen=True)
class Observed:
    """Sandboxes and containers of one pod, newest first."""

    sandboxes: tuple[SandboxStatus, ...] = ()
    containers: tuple[ContainerStatus, ...] = ()

    @classmethod
    def of(cls, sandboxes: Iterable[SandboxStatus], containers: Iterable[ContainerStatus]) -> Observed:
        return cls(
            tuple(sorted(sandboxes, key=lambda s: (-s.attempt, -s.created_at))),
            tuple(sorted(containers, key=lambda c: (-c.attempt, -c.created_at))),
        )

    @property
    def sandbox(self) -> SandboxStatus | None:
        return self.sandboxes[0] if self.sandboxes else None

    @property
    def ready_sandbox(self) -> SandboxStatus | None:
        latest = self.sandbox
        return latest if latest and latest.state == SandboxState.READY else None

    @property
    def running(self) -> list[ContainerStatus]:
        return [c for c in self.containers if c.state == ContainerState.RUNNING]

    def latest(self, name: str) -> ContainerStatus | None:
        return next((c for c in self.containers if c.name == name), None)

    def history(self, name: str) -> list[ContainerStatus]:
        return [c for c in self.containers if c.name == name]

    @property
    def pod_ips(self) -> tuple[str, ...]:
        latest = self.sandbox
        return latest.ips if latest else ()


def container_hash(container: core.Container | core.EphemeralContainer) -> str:
    """Changes when a running container no longer is what the spec says. Only name and image count, as upstream has
    it since 1.31: the other fields of a running pod cannot change in a way that asks for a restart."""
    return hashlib.sha256(json.dumps([container.name, container.image or ""]).encode()).hexdigest()[:16]


def is_changed(container: core.Container, status: ContainerStatus) -> bool:
    known = status.labels.get(LABEL_CONTAINER_HASH)
    return known is not None and known != container_hash(container)


def restart_count(status: ContainerStatus) -> int:
    return int(status.labels.get(LABEL_RESTART_COUNT, status.attempt))


def is_sidecar(container: core.Container) -> bool:
    """An init container that goes on running beside the others."""
    return container.restart_policy == "Always"


def describe(pod: core.Pod) -> str:
    """Upstream's format.Pod, which stands in many messages."""
    return f"{pod.metadata.name}_{pod.metadata.namespace}({pod.metadata.uid})"


def key_of(pod: core.Pod) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}"


def as_container(container: core.Container | core.EphemeralContainer) -> core.Container:
    """An ephemeral container has a container's fields and one more."""
    if isinstance(container, core.Container):
        return container
    fields = container.to_dict()
    fields.pop("targetContainerName", None)
    return core.Container.from_dict(fields)


def find_container(pod: core.Pod, name: str) -> core.Container | None:
    return next((container for container in all_containers(pod) if container.name == name), None)


def all_containers(pod: core.Pod) -> list[core.Container]:
    """Regular, init and ephemeral ones."""
    spec = pod.spec
    return [*spec.containers, *spec.init_containers, *(as_container(c) for c in spec.ephemeral_containers)]
