"""/metrics/dcgm: the GPUs' figures under DCGM's names, with the pod that holds each. Pure.

Mirrors NVIDIA's dcgm-exporter (its default-counters.csv and its kubernetes labels). Only fields that NVML gives: no
profiling ones. A fake GPU's figures are zeros and carry `fake="true"`. A card that several containers share appears
once for each of them, as dcgm-exporter has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from minik8s.api import core
from minik8s.kubelet.devices.inventory import Gpu, Inventory
from minik8s.kubelet.devices.ledger import Ledger
from minik8s.kubelet.devices.sharing import card_of
from minik8s.kubelet.stats.exposition import Page

#: field → (type, help)
FIELDS = {
    "DCGM_FI_DEV_SM_CLOCK": ("gauge", "SM clock frequency (in MHz)."),
    "DCGM_FI_DEV_MEM_CLOCK": ("gauge", "Memory clock frequency (in MHz)."),
    "DCGM_FI_DEV_GPU_TEMP": ("gauge", "GPU temperature (in C)."),
    "DCGM_FI_DEV_POWER_USAGE": ("gauge", "Power draw (in W)."),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("counter", "Total energy consumption since boot (in mJ)."),
    "DCGM_FI_DEV_GPU_UTIL": ("gauge", "GPU utilization (in %)."),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("gauge", "Memory utilization (in %)."),
    "DCGM_FI_DEV_ENC_UTIL": ("gauge", "Encoder utilization (in %)."),
    "DCGM_FI_DEV_DEC_UTIL": ("gauge", "Decoder utilization (in %)."),
    "DCGM_FI_DEV_FB_FREE": ("gauge", "Framebuffer memory free (in MiB)."),
    "DCGM_FI_DEV_FB_USED": ("gauge", "Framebuffer memory used (in MiB)."),
}

Holder = tuple[str, str, str]  # namespace, pod, container


def compute_holders(ledger: Ledger, pods: Iterable[core.Pod]) -> dict[str, list[Holder]]:
    """Card → who holds it. Init containers share their pod's cards and are left out."""
    found: dict[str, list[Holder]] = {}
    for pod in pods:
        meta = pod.metadata
        for container in pod.spec.containers:
            for identifier in ledger.uuids(meta.uid or "", container.name):
                holder = (meta.namespace or "", meta.name or "", container.name)
                found.setdefault(card_of(identifier), []).append(holder)
    return found


def render_dcgm(
    inventory: Inventory,
    readings: Callable[[str], Mapping[str, float]],
    holders: Mapping[str, list[Holder]],
    hostname: str,
) -> str:
    page = Page()
    for gpu in inventory.gpus:
        values = readings(gpu.uuid)
        for field, (kind, text) in FIELDS.items():
            if field not in values:
                continue
            for holder in holders.get(gpu.uuid) or [("", "", "")]:
                page.add(field, text, values[field], _labels(gpu, inventory, hostname, holder), kind=kind)
    return page.render()


def _labels(gpu: Gpu, inventory: Inventory, hostname: str, holder: Holder) -> dict[str, str]:
    namespace, pod, container = holder
    held = {"container": container, "namespace": namespace, "pod": pod} if pod else {}
    return {
        "gpu": str(gpu.index),
        "UUID": gpu.uuid,
        "pci_bus_id": gpu.pci_bus_id,
        "device": f"nvidia{gpu.index}",
        "modelName": gpu.model,
        "Hostname": hostname,
        "DCGM_FI_DRIVER_VERSION": inventory.driver,
        **held,
        **({"fake": "true"} if inventory.declared else {}),
    }
