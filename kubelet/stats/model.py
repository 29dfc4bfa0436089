"""One look at a node: plain values that every page is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.kubelet.runtimes.base import ContainerStats, ContainerStatus


@dataclass(frozen=True)
class FileSystem:
    capacity: int = 0
    available: int = 0
    inodes: int = 0
    inodes_free: int = 0

    @property
    def used(self) -> int:
        return self.capacity - self.available


@dataclass(frozen=True)
class Network:
    """One interface's counters since it came up."""

    name: str = "eth0"
    rx_bytes: int = 0
    rx_errors: int = 0
    tx_bytes: int = 0
    tx_errors: int = 0


@dataclass(frozen=True)
class NodeUsage:
    time: float
    boot_time: float = 0.0
    cpu_ns: int = 0  # cumulative
    nano_cores: int | None = None
    memory_total: int = 0
    memory_available: int = 0
    memory_usage: int = 0
    working_set: int = 0
    rss: int = 0
    network: tuple[Network, ...] = ()
    disk: FileSystem = FileSystem()
    image_bytes: int = 0
    processes: int = 0
    max_processes: int = 0
    cpus: int = 1


@dataclass(frozen=True)
class ContainerUsage:
    status: ContainerStatus
    stats: ContainerStats
    #: None until there are two looks
    nano_cores: int | None = None
    log_bytes: int = 0


@dataclass(frozen=True)
class PodUsage:
    pod: core.Pod
    containers: tuple[ContainerUsage, ...]
    network: Network | None = None
    #: volume name → (bytes, files); only those that live on the node's own disk or in memory
    volumes: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def cpu_ns(self) -> int:
        return sum(c.stats.cpu_usage_ns for c in self.containers)

    @property
    def nano_cores(self) -> int | None:
        known = [c.nano_cores for c in self.containers if c.nano_cores is not None]
        return sum(known) if known else None

    @property
    def working_set(self) -> int:
        return sum(c.stats.memory_working_set for c in self.containers)

    @property
    def time(self) -> float:
        return max(c.stats.timestamp for c in self.containers)


@dataclass(frozen=True)
class Snapshot:
    node_name: str
    node: NodeUsage
    pods: tuple[PodUsage, ...] = ()
    #: the runtime could not be asked
    failed: str = ""
