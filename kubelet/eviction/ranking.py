"""Who goes first when the node is short: those beyond what they asked for, then by priority, then the largest. Pure.

Mirrors rankMemoryPressure, rankDiskPressureFunc and evictionMessage of upstream pkg/kubelet/eviction/helpers.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.kubelet.eviction.thresholds import SIGNALS, Amount, Threshold
from minik8s.kubelet.requests import container_requests, pod_requests

CRITICAL_PRIORITY = 2_000_000_000
STATIC_SOURCE = "kubernetes.io/config.source"


@dataclass(frozen=True)
class PodUsage:
    """Bytes that a pod has in use now."""

    memory: int = 0
    #: container → memory, and → writable layer with logs
    container_memory: Mapping[str, int] = field(default_factory=dict)
    container_disk: Mapping[str, int] = field(default_factory=dict)
    #: emptyDir on disk → bytes
    empty_dirs: Mapping[str, int] = field(default_factory=dict)
    #: emptyDir in memory → bytes: for its sizeLimit only
    memory_dirs: Mapping[str, int] = field(default_factory=dict)

    @property
    def disk(self) -> int:
        return sum(self.container_disk.values()) + sum(self.empty_dirs.values())

    def of(self, resource: str) -> int:
        if resource == "memory":
            return self.memory
        return self.disk if resource in ("ephemeral-storage", "inodes") else 0


def is_critical(pod: core.Pod) -> bool:
    """Never evicted: static pods, and those of the system's priorities."""
    static = pod.metadata.annotations.get(STATIC_SOURCE, "api") != "api"
    return static or (pod.spec.priority or 0) >= CRITICAL_PRIORITY


def compute_victims(resource: str, pods: Iterable[core.Pod], usage: Mapping[str, PodUsage]) -> list[core.Pod]:
    """Those that may go, in the order in which they should."""

    def rank(pod: core.Pod) -> tuple[bool, int, int]:
        used = usage.get(pod.metadata.uid, PodUsage()).of(resource)
        asked = pod_requests(pod).get(resource, 0)
        return used <= asked, pod.spec.priority or 0, asked - used

    return sorted((pod for pod in pods if not is_critical(pod)), key=rank)


def render_message(threshold: Threshold, amount: Amount, pod: core.Pod, usage: PodUsage) -> str:
    """What the pod's status says, as upstream words it."""
    resource = SIGNALS[threshold.signal][1]
    minimum, available = _text(resource, threshold.minimum(amount.capacity)), _text(resource, amount.available)
    text = f"The node was low on resource: {resource}. Threshold quantity: {minimum}, available: {available}. "
    per_container = usage.container_memory if resource == "memory" else usage.container_disk
    if resource not in ("memory", "ephemeral-storage"):
        return text
    for container in pod.spec.containers:
        used, asked = per_container.get(container.name, 0), container_requests(container).get(resource, 0)
        if used > asked:
            text += (
                f"Container {container.name} was using {_text(resource, used)}, request is {_text(resource, asked)}, "
                f"has larger consumption of {resource}. "
            )
    return text


def _text(resource: str, value: int) -> str:
    if resource not in ("memory", "ephemeral-storage") or value == 0:
        return str(value)
    return f"{value // 1024}Ki"
