"""NVIDIA GPUs: found through NVML, or declared with `--fake-gpus N` for labs.

Mirrors NVIDIA's k8s-device-plugin (discovery, health, sharing, preferred allocation), in the kubelet's own process: it
is the device manager's first client, and needs no socket. What a container is told of its GPUs (NVIDIA_VISIBLE_DEVICES:
its UUIDs, or `void`) is the runtime's business: `ContainerConfig.gpus`.

Health: each card is asked every few seconds; a card that fails is not given out, and comes back once it answers again.
Fake cards are as ill as `<root-dir>/fake-gpus-unhealthy` says: their numbers or UUIDs, one a line.

Leaves out: MIG slices, MPS.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path

from minik8s.client.log import get_logger
from minik8s.kubelet.devices import sharing, topology
from minik8s.kubelet.devices.grants import Grant
from minik8s.kubelet.devices.inventory import Gpu, Inventory
from minik8s.kubelet.devices.ledger import Device, Need
from minik8s.kubelet.devices.nvml import Nvml

RESOURCE = "nvidia.com/gpu"
FAKE_MODEL = "minik8s fake GPU"
FAKE_DRIVER, FAKE_CUDA = "550.54.15", "12.4"
FAKE_MEMORY_MIB = 81920
UNHEALTHY_FILE = "fake-gpus-unhealthy"
log = get_logger(__name__)


def fake(node_name: str, number: int) -> Inventory:
    """Declared GPUs; the same node has the same UUIDs after every restart."""
    gpus = tuple(
        Gpu(
            uuid=f"GPU-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{node_name}/{index}')}",
            index=index,
            model=FAKE_MODEL,
            memory_mib=FAKE_MEMORY_MIB,
            pci_bus_id=f"00000000:{index + 1:02X}:00.0",
            numa=index // 4,
            compute=(9, 0),
        )
        for index in range(number)
    )
    links = topology.fake_links([gpu.uuid for gpu in gpus])
    return Inventory(gpus, FAKE_DRIVER, FAKE_CUDA, links, declared=True)


class NvidiaGpus:
    """The GPUs of one node: a `LocalProvider` of the device manager."""

    resource = RESOURCE

    def __init__(self, inventory: Inventory, replicas: int = 1, nvml: Nvml | None = None, root: Path | None = None):
        """`root`: where the file of unhealthy fake cards lies."""
        self.inventory, self.replicas = inventory, max(1, replicas)
        self._nvml = nvml
        self._unhealthy_file = root / UNHEALTHY_FILE if root and inventory.declared else None
        self._order = [gpu.uuid for gpu in inventory.gpus]
        self._trouble: dict[str, str] = {}

    def devices(self) -> list[Device]:
        """As they are offered: shared cards several times."""
        return sharing.replicate((gpu.as_device() for gpu in self.inventory.gpus), self.replicas)

    def choose(self, need: Need) -> list[str]:
        if self.replicas > 1:
            return sharing.spread(need, self.replicas, self._order)
        return topology.choose(need.available, need.must, need.size, self.inventory.links)

    def grant(self, identifiers: Iterable[str]) -> Grant:
        return Grant(gpus=sharing.cards_of(identifiers), gpus_declared=self.inventory.declared)

    # health and figures ---------------------------------------------------------------------------------------------
    def poll(self) -> dict[str, str]:
        """The cards whose state changed since the last poll → their trouble now; "" for one that is well again."""
        now = {uuid: trouble for uuid in self._order if (trouble := self._ask(uuid))}
        changed = {uuid: now.get(uuid, "") for uuid in self._order if now.get(uuid) != self._trouble.get(uuid)}
        self._trouble = now
        return changed

    def is_healthy(self, identifier: str) -> bool:
        return sharing.card_of(identifier) not in self._trouble

    def readings(self, card: str) -> dict[str, float]:
        """DCGM's figures of a card; fixed zeros for a fake one."""
        if self._nvml is not None:
            return self._nvml.readings(card)
        return dict.fromkeys(("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED"), 0.0) if self.inventory.declared else {}

    def _ask(self, uuid: str) -> str:
        if self._nvml is not None:
            return self._nvml.trouble(uuid)
        return "declared ill" if uuid in self._declared_ill() else ""

    def _declared_ill(self) -> set[str]:
        if self._unhealthy_file is None:
            return set()
        try:
            words = self._unhealthy_file.read_text().split()
        except OSError:
            return set()
        return {gpu.uuid for gpu in self.inventory.gpus if gpu.uuid in words or str(gpu.index) in words}
