"""Pods that need a newer NVIDIA driver than this node has are refused before anything of them starts.

Upstream has nothing like it: there such a pod starts, and NVIDIA's container hook or the program itself fails. A pod
says what it needs in one of two ways:

    metadata.annotations                            env of a container (NVIDIA's own, as images carry it)
    nvidia.com/minimum-driver-version: "550.54"     NVIDIA_REQUIRE_DRIVER: "driver>=550.54"
    nvidia.com/minimum-cuda-version: "12.4"         NVIDIA_REQUIRE_CUDA: "cuda>=12.4"

Only `>=` conditions are read; NVIDIA's other ones (brand, arch, alternatives) are left to its container hook. A pod
that asks for no GPU is never refused. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from minik8s.api import core
from minik8s.kubelet.devices.inventory import Inventory

MINIMUM_DRIVER = "nvidia.com/minimum-driver-version"
MINIMUM_CUDA = "nvidia.com/minimum-cuda-version"
REASON = "NvidiaDriverTooOld"


def compute_refusal(pod: core.Pod, inventory: Inventory) -> str:
    """Why the pod cannot run here, both versions named; "" when it can."""
    for thing, wanted in _wishes(pod):
        have = inventory.driver if thing == "driver" else inventory.cuda
        if _parse(wanted) > _parse(have):
            name = "driver version" if thing == "driver" else "CUDA version of the NVIDIA driver"
            return f"the pod needs {name} {wanted} or newer, the node has {have or 'none'}"
    return ""


def _wishes(pod: core.Pod) -> Iterator[tuple[str, str]]:
    annotations = pod.metadata.annotations
    for thing, key in (("driver", MINIMUM_DRIVER), ("cuda", MINIMUM_CUDA)):
        if annotations.get(key):
            yield thing, annotations[key]
    for container in [*pod.spec.init_containers, *pod.spec.containers]:
        for variable in container.env:
            if variable.name.startswith("NVIDIA_REQUIRE_") and " " not in (variable.value or ""):
                # alternatives are separated by blanks: with any, one condition alone decides nothing
                yield from re.findall(r"(?:^|,)(driver|cuda)>=([\d.]+)", variable.value or "")


def _parse(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
