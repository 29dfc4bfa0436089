"""NVIDIA GPUs: found through NVML, or declared with `--fake-gpus N` for labs.

Mirrors the discovery of NVIDIA's k8s-device-plugin. NVML is loaded only when its library is on the machine, so that a
node without GPUs pays nothing. What a container is told of its GPUs (NVIDIA_VISIBLE_DEVICES: its UUIDs, or `void`) is
the runtime's business: `ContainerConfig.gpus`.

Leaves out: MIG slices, health events, topology.
"""

from __future__ import annotations

import ctypes.util
import uuid

from minik8s.client.log import get_logger
from minik8s.kubelet.devices.ledger import Device

RESOURCE = "nvidia.com/gpu"
log = get_logger(__name__)


def discover() -> list[Device]:
    """The GPUs that the driver shows; none when there is no driver."""
    if ctypes.util.find_library("nvidia-ml") is None:
        return []
    import pynvml  # lazily: loading it costs, and only GPU nodes have the library

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as exc:
        log.info("no usable NVIDIA driver", error=str(exc))
        return []
    try:
        return [_describe(pynvml, index) for index in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()


def _describe(nvml: object, index: int) -> Device:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)  # type: ignore[attr-defined]
    return Device(
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),  # type: ignore[attr-defined]
        index=index,
        model=_text(nvml.nvmlDeviceGetName(handle)),  # type: ignore[attr-defined]
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def fake(node_name: str, number: int) -> list[Device]:
    """Declared GPUs; the same node has the same UUIDs after every restart."""
    return [
        Device(f"GPU-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{node_name}/{index}')}", index, "minik8s fake GPU")
        for index in range(number)
    ]
