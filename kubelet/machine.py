"""What this machine is and has: read once, or anew at each node status.

Mirrors what upstream takes from cadvisor's machine info (and pkg/kubelet/nodestatus reads).
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


@dataclass(frozen=True)
class Machine:
    cpus: int
    memory: int
    storage: int
    architecture: str
    kernel: str
    os_image: str
    boot_id: str
    machine_id: str
    system_uuid: str
    swap: int


@dataclass(frozen=True)
class Usage:
    """What is left now."""

    memory_available: int
    storage_available: int
    inodes_free_share: float
    pids_free: int


@lru_cache(maxsize=4)
def read_machine(root: Path) -> Machine:
    import psutil  # lazily: start-up time

    machine_id = _text("/etc/machine-id")
    return Machine(
        cpus=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        storage=shutil.disk_usage(_existing(root)).total,
        architecture=_ARCHITECTURES.get(platform.machine(), platform.machine()),
        kernel=platform.release(),
        os_image=_os_image(),
        boot_id=_text("/proc/sys/kernel/random/boot_id"),
        machine_id=machine_id,
        system_uuid=_text("/sys/class/dmi/id/product_uuid") or machine_id,
        swap=psutil.swap_memory().total,
    )


@lru_cache(maxsize=4)
def read_usage(root: Path, moment: int) -> Usage:
    """Measured once per `moment`."""
    import psutil

    disk = os.statvfs(_existing(root))
    limit = int(_text("/proc/sys/kernel/pid_max") or "32768")
    return Usage(
        memory_available=psutil.virtual_memory().available,
        storage_available=disk.f_bavail * disk.f_frsize,
        inodes_free_share=disk.f_ffree / disk.f_files if disk.f_files else 1.0,
        pids_free=limit - len(psutil.pids()),
    )


def default_ip() -> str:
    """The address that reaches the world; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _os_image() -> str:
    for line in _text("/etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()
