"""The node's own figures, from /proc and the disk: what cAdvisor reads at the root of its tree."""

from __future__ import annotations

import os
from pathlib import Path

from minik8s.kubelet.stats.model import FileSystem, Network, NodeUsage

PROC = Path("/proc")
#: what leads only to this machine's own pods, or nowhere
NOT_COUNTED = ("lo", "veth", "docker", "br-", "cni", "mk8s", "ifb", "dummy")


def read_node(disk: Path, now: float, proc: Path = PROC) -> NodeUsage:
    """`disk`: a folder on the file system that pods' volumes and logs lie on."""
    stat = dict(line.split(" ", 1) for line in (proc / "stat").read_text().splitlines() if " " in line)
    fields = [int(value) for value in stat["cpu"].split()]
    busy = sum(fields[:3]) + sum(fields[5:8])  # not idle, not waiting for a disk
    memory = {}
    for line in (proc / "meminfo").read_text().splitlines():
        name, value = line.split(":")
        memory[name] = int(value.split()[0]) * 1024
    usage = memory["MemTotal"] - memory["MemFree"]
    working_set = max(0, usage - memory.get("Inactive(file)", 0))
    return NodeUsage(
        time=now,
        boot_time=float(stat.get("btime", 0)),
        cpu_ns=busy * (1_000_000_000 // os.sysconf("SC_CLK_TCK")),
        memory_total=memory["MemTotal"],
        memory_available=memory["MemTotal"] - working_set,
        memory_usage=usage,
        working_set=working_set,
        rss=memory.get("AnonPages", 0),
        network=tuple(n for n in read_network(proc / "net/dev") if not n.name.startswith(NOT_COUNTED)),
        disk=read_disk(disk),
        processes=sum(name.isdigit() for name in os.listdir(proc)),  # noqa: PTH208 - names only, and fast
        max_processes=int((proc / "sys/kernel/pid_max").read_text()),
        cpus=os.cpu_count() or 1,
    )


def read_disk(folder: Path) -> FileSystem:
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    return FileSystem(
        disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize, disk.f_files, disk.f_ffree
    )  # fmt: skip


def read_network(dev: Path) -> list[Network]:
    """The interfaces of /proc/net/dev, or of a process's network namespace."""
    try:
        lines = dev.read_text().splitlines()[2:]
    except OSError:
        return []
    found = []
    for line in lines:
        name, _, rest = line.partition(":")
        numbers = [int(value) for value in rest.split()]
        found.append(Network(name.strip(), numbers[0], numbers[2], numbers[8], numbers[10]))
    return found


def measure_folder(folder: Path) -> tuple[int, int]:
    """(bytes on disk, files) below a folder; other file systems mounted there are left out."""
    total = files = 0
    try:
        device = folder.stat().st_dev
    except OSError:
        return 0, 0
    for root, folders, names in os.walk(folder, onerror=lambda _: None):
        for name in [*names, "."]:
            try:
                entry = os.lstat(os.path.join(root, name))  # noqa: PTH118 - a million files
            except OSError:
                continue
            total, files = total + entry.st_blocks * 512, files + 1
        folders[:] = [name for name in folders if _device(root, name) == device]
    return total, files


def _device(root: str, name: str) -> int:
    try:
        return os.lstat(os.path.join(root, name)).st_dev  # noqa: PTH118
    except OSError:
        return -1
