"""NVML, the NVIDIA driver's library, as far as a node needs it: what is there, how it feels, what it does.

Everything that may be missing on some card (power, NVLink, NUMA) is asked with `_try`, so that one gap hides nothing
else. `open_nvml` gives None where there is no driver; the Python package is loaded only where the library is found.
"""

from __future__ import annotations

import ctypes.util
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations
from typing import Any, TypeVar

from minik8s.client.log import get_logger
from minik8s.kubelet.devices.inventory import Gpu, Inventory
from minik8s.kubelet.devices.topology import NVLINK, Link

T = TypeVar("T")
log = get_logger(__name__)

#: NVML_TOPOLOGY_*: the nearest common ancestor of two cards
LEVELS = {
    0: Link.SAME_BOARD, 10: Link.ONE_SWITCH, 20: Link.SEVERAL_SWITCHES, 30: Link.HOST_BRIDGE, 40: Link.SAME_NUMA,
    50: Link.ACROSS_NUMA,
}  # fmt: skip
MAX_NVLINKS = 18


def open_nvml() -> Nvml | None:
    """None when this machine has no usable NVIDIA driver."""
    if ctypes.util.find_library("nvidia-ml") is None:
        return None
    import pynvml  # lazily: loading it costs, and only GPU nodes have the library

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as exc:
        log.info("no usable NVIDIA driver", error=str(exc))
        return None
    return Nvml(pynvml)


class Nvml:
    """An open library. Its calls are short system calls, made from the event loop at most every few seconds."""

    def __init__(self, library: Any) -> None:
        """`library`: the module pynvml, or what stands for it in a test."""
        self._lib = library

    def inventory(self) -> Inventory:
        lib = self._lib
        handles = [lib.nvmlDeviceGetHandleByIndex(index) for index in range(lib.nvmlDeviceGetCount())]
        gpus = tuple(self._describe(handle, index) for index, handle in enumerate(handles))
        links = {
            frozenset((gpus[i].uuid, gpus[j].uuid)): self._link(handles[i], handles[j], gpus[j].pci_bus_id)
            for i, j in combinations(range(len(gpus)), 2)
        }
        cuda = self._try(lambda: int(lib.nvmlSystemGetCudaDriverVersion_v2()), 0)
        return Inventory(
            gpus,
            driver=self._try(lambda: _text(lib.nvmlSystemGetDriverVersion()), ""),
            cuda=f"{cuda // 1000}.{cuda % 1000 // 10}" if cuda else "",
            links=links,
        )

    def trouble(self, uuid: str) -> str:
        """What is wrong with a card; "" when it is well."""
        lib = self._lib
        try:
            handle = lib.nvmlDeviceGetHandleByUUID(uuid)
            lib.nvmlDeviceGetMemoryInfo(handle)
        except lib.NVMLError as exc:
            return str(exc)
        with suppress(lib.NVMLError, AttributeError):
            _corrected, _uncorrected, pending, failure = lib.nvmlDeviceGetRemappedRows(handle)
            if failure:
                return "a row of its memory could not be remapped"
            if pending:
                return "rows of its memory wait to be remapped: the GPU must be reset"
        return ""

    def readings(self, uuid: str) -> dict[str, float]:
        """DCGM field name → value; only what the card gives."""
        lib = self._lib
        try:
            handle = lib.nvmlDeviceGetHandleByUUID(uuid)
        except lib.NVMLError:
            return {}
        asked: dict[str, Callable[[], float]] = {
            "DCGM_FI_DEV_SM_CLOCK": lambda: lib.nvmlDeviceGetClockInfo(handle, lib.NVML_CLOCK_SM),
            "DCGM_FI_DEV_MEM_CLOCK": lambda: lib.nvmlDeviceGetClockInfo(handle, lib.NVML_CLOCK_MEM),
            "DCGM_FI_DEV_GPU_TEMP": lambda: lib.nvmlDeviceGetTemperature(handle, lib.NVML_TEMPERATURE_GPU),
            "DCGM_FI_DEV_POWER_USAGE": lambda: lib.nvmlDeviceGetPowerUsage(handle) / 1000,
            "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": lambda: lib.nvmlDeviceGetTotalEnergyConsumption(handle),
            "DCGM_FI_DEV_GPU_UTIL": lambda: lib.nvmlDeviceGetUtilizationRates(handle).gpu,
            "DCGM_FI_DEV_MEM_COPY_UTIL": lambda: lib.nvmlDeviceGetUtilizationRates(handle).memory,
            "DCGM_FI_DEV_ENC_UTIL": lambda: lib.nvmlDeviceGetEncoderUtilization(handle)[0],
            "DCGM_FI_DEV_DEC_UTIL": lambda: lib.nvmlDeviceGetDecoderUtilization(handle)[0],
            "DCGM_FI_DEV_FB_FREE": lambda: lib.nvmlDeviceGetMemoryInfo(handle).free // 2**20,
            "DCGM_FI_DEV_FB_USED": lambda: lib.nvmlDeviceGetMemoryInfo(handle).used // 2**20,
        }
        found = {name: self._try(ask, None) for name, ask in asked.items()}
        return {name: value for name, value in found.items() if value is not None}

    # one card -------------------------------------------------------------------------------------------------------
    def _describe(self, handle: Any, index: int) -> Gpu:
        lib = self._lib
        numa = self._try(lambda: int(lib.nvmlDeviceGetNumaNodeId(handle)), None)
        return Gpu(
            uuid=_text(lib.nvmlDeviceGetUUID(handle)),
            index=index,
            model=_text(lib.nvmlDeviceGetName(handle)),
            memory_mib=self._try(lambda: int(lib.nvmlDeviceGetMemoryInfo(handle).total) // 2**20, 0),
            pci_bus_id=self._try(lambda: _text(lib.nvmlDeviceGetPciInfo(handle).busId), ""),
            numa=numa if numa is not None and numa >= 0 else None,
            compute=self._try(lambda: tuple(lib.nvmlDeviceGetCudaComputeCapability(handle)), (0, 0)),
        )

    def _link(self, one: Any, other: Any, other_bus_id: str) -> int:
        level = self._try(lambda: int(self._lib.nvmlDeviceGetTopologyCommonAncestor(one, other)), -1)
        return LEVELS.get(level, Link.UNKNOWN) + NVLINK * self._nvlinks(one, other_bus_id)

    def _nvlinks(self, handle: Any, other_bus_id: str) -> int:
        lib, count = self._lib, 0
        for link in range(MAX_NVLINKS):
            try:
                if lib.nvmlDeviceGetNvLinkState(handle, link):
                    count += _text(lib.nvmlDeviceGetNvLinkRemotePciInfo(handle, link).busId) == other_bus_id
            except (lib.NVMLError, AttributeError):
                break  # no such link: no more
        return count

    def _try(self, ask: Callable[[], Any], otherwise: T) -> Any | T:
        try:
            return ask()
        except (self._lib.NVMLError, AttributeError):
            return otherwise


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
