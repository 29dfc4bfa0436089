"""What GPUs a node has: the values that discovery gives and everything else reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from minik8s.kubelet.devices.ledger import Device


@dataclass(frozen=True)
class Gpu:
    uuid: str
    index: int
    model: str
    memory_mib: int = 0
    pci_bus_id: str = ""
    numa: int | None = None
    #: CUDA compute capability
    compute: tuple[int, int] = (0, 0)

    def as_device(self) -> Device:
        return Device(self.uuid, self.index, self.model, numa=() if self.numa is None else (self.numa,))


@dataclass(frozen=True)
class Inventory:
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""  # 550.54.15
    cuda: str = ""  # 12.4: the newest CUDA that the driver runs
    #: pairs of UUIDs → how fast they talk (topology.Link and NVLinks)
    links: Mapping[frozenset[str], int] = field(default_factory=dict)
    #: they do not exist: `--fake-gpus`
    declared: bool = False
