"""The labels by which a node tells of its GPUs.

Mirrors NVIDIA's GPU feature discovery (k8s-device-plugin internal/lm/*.go): the same names, so that node selectors
written for a real GPU cluster hold here too. Leaves out MIG and MPS (said to be off) and the time stamp.
"""

from __future__ import annotations

from minik8s.kubelet.devices.inventory import Inventory

PREFIX = "nvidia.com/"

#: by compute capability's first number (and 8.9: Ada), as NVIDIA's getArchFamily names them
FAMILIES = {2: "fermi", 3: "kepler", 5: "maxwell", 6: "pascal", 7: "volta", 8: "ampere", 9: "hopper", 10: "blackwell"}


def compute_labels(inventory: Inventory, replicas: int = 1) -> dict[str, str]:
    """Empty without GPUs."""
    if not inventory.gpus:
        return {}
    first, shared = inventory.gpus[0], replicas > 1
    product = first.model.replace(" ", "-") + ("-SHARED" if shared else "")
    labels = {
        "gpu.present": "true",
        "gpu.count": str(len(inventory.gpus)),
        "gpu.product": product,
        "gpu.memory": str(first.memory_mib),
        "gpu.family": _family(*first.compute),
        "gpu.compute.major": str(first.compute[0]),
        "gpu.compute.minor": str(first.compute[1]),
        "gpu.replicas": str(replicas),
        "gpu.sharing-strategy": "time-slicing" if shared else "none",
        "mig.capable": "false",
        "mps.capable": "false",
        **_versions("cuda.driver", "cuda.driver-version", inventory.driver, ("major", "minor", "revision")),
        **_versions("cuda.runtime", "cuda.runtime-version", inventory.cuda, ("major", "minor")),
    }
    return {PREFIX + name: value for name, value in labels.items() if value}


def _family(major: int, minor: int) -> str:
    if (major, minor) == (7, 5):
        return "turing"
    return "ada-lovelace" if (major, minor) == (8, 9) else FAMILIES.get(major, "undefined")


def _versions(old: str, new: str, version: str, parts: tuple[str, ...]) -> dict[str, str]:
    """Both generations of names: `cuda.driver.major` and `cuda.driver-version.major`."""
    if not version:
        return {}
    numbers = [*version.split("."), "", ""]
    found = {f"{new}.{part}": number for part, number in zip(parts, numbers, strict=False)}
    older = {f"{old}.{part.replace('revision', 'rev')}": number for part, number in zip(parts, numbers, strict=False)}
    return {**older, **found, f"{new}.full": version}
