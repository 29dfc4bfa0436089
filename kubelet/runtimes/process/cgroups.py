"""Cgroups of the process runtime, versions 1 and 2: limits, usage, removal.

A container's group is <hierarchy>/minik8s/<container id>. Version 1 has a hierarchy per controller, version 2 one for
all. Where cgroups cannot be written (no root, or a container around us) there are simply no limits: `Cgroups.usable`
tells.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from minik8s.kubelet.runtimes.base import ContainerStats, Resources

ROOT = Path("/sys/fs/cgroup")
PARENT = "minik8s"
V1_CONTROLLERS = ("memory", "cpu", "cpuacct", "pids", "cpuset")
V2_CONTROLLERS = ("memory", "cpu", "pids", "cpuset")


def shares_to_weight(shares: int) -> int:
    """The kernel developers' formula: 2..262144 → 1..10000."""
    return 1 + ((max(2, min(shares, 262144)) - 2) * 9999) // 262142


def render_v1(resources: Resources) -> list[tuple[str, str, str]]:
    """(controller, file, value)."""
    out = []
    if resources.memory_limit:
        out += [("memory", "memory.limit_in_bytes", str(resources.memory_limit))]
        out += [("memory", "memory.memsw.limit_in_bytes", str(resources.memory_limit))]
    if resources.cpu_shares:
        out += [("cpu", "cpu.shares", str(max(2, resources.cpu_shares)))]
    if resources.cpu_quota:
        out += [("cpu", "cpu.cfs_period_us", str(resources.cpu_period))]
        out += [("cpu", "cpu.cfs_quota_us", str(resources.cpu_quota))]
    if resources.pids_limit:
        out += [("pids", "pids.max", str(resources.pids_limit))]
    return out


def render_v2(resources: Resources) -> list[tuple[str, str, str]]:
    """(controller, file, value)."""
    out = []
    if resources.memory_limit:
        out += [("memory", "memory.max", str(resources.memory_limit)), ("memory", "memory.swap.max", "0")]
    if resources.cpu_shares:
        out += [("cpu", "cpu.weight", str(shares_to_weight(resources.cpu_shares)))]
    if resources.cpu_quota:
        out += [("cpu", "cpu.max", f"{resources.cpu_quota} {resources.cpu_period}")]
    if resources.pids_limit:
        out += [("pids", "pids.max", str(resources.pids_limit))]
    return out


class Cgroups:
    """The hierarchies of this machine."""

    def __init__(self, root: Path = ROOT, parent: str = PARENT) -> None:
        self._parent = parent
        self.version = 2 if (root / "cgroup.controllers").exists() else 1
        if self.version == 2:
            known = (root / "cgroup.controllers").read_text().split()
            self._hierarchies = {name: root for name in V2_CONTROLLERS if name in known}
        else:
            self._hierarchies = {n: root / n for n in V1_CONTROLLERS if (root / n / "cgroup.procs").exists()}
        self.usable = bool(self._hierarchies) and self._prepare()

    def _prepare(self) -> bool:
        try:
            for base in set(self._hierarchies.values()):
                (base / self._parent).mkdir(exist_ok=True)
                if self.version == 2:
                    enable = " ".join(f"+{name}" for name in self._hierarchies)
                    (base / "cgroup.subtree_control").write_text(enable)
                    (base / self._parent / "cgroup.subtree_control").write_text(enable)
        except OSError:
            return False
        return True

    def paths(self, name: str) -> dict[str, Path]:
        """Controller → a group's folder."""
        return {controller: base / self._parent / name for controller, base in self._hierarchies.items()}

    def create(self, name: str, resources: Resources) -> list[str]:
        """Makes the group with its limits. → folders that the process must join."""
        if not self.usable:
            return []
        paths = self.paths(name)
        folders = sorted({str(path) for controller, path in paths.items() if controller != "cpuset"})
        for folder in folders:
            Path(folder).mkdir(exist_ok=True)
        self.apply(name, resources)
        return folders

    def apply(self, name: str, resources: Resources) -> None:
        """Writes the limits; what this kernel does not have (swap accounting) is passed over."""
        paths = self.paths(name)
        for controller, file, value in render_v2(resources) if self.version == 2 else render_v1(resources):
            if controller in paths:
                with contextlib.suppress(OSError):
                    (paths[controller] / file).write_text(value)

    def remove(self, name: str) -> None:
        """Empty groups only; a group with processes stays for the next time."""
        for folder in set(self.paths(name).values()):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def stats(self, name: str, identifier: str, now: float) -> ContainerStats | None:
        """None when the group is gone."""
        paths = self.paths(name)
        memory = paths.get("memory")
        if not self.usable or memory is None or not memory.is_dir():
            return None
        try:
            details = _read_pairs(memory / "memory.stat")
            if self.version == 2:
                usage = int((memory / "memory.current").read_text())
                cpu = _read_pairs(paths["cpu"] / "cpu.stat").get("usage_usec", 0) * 1000
                inactive, rss = details.get("inactive_file", 0), details.get("anon", 0)
            else:
                usage = int((memory / "memory.usage_in_bytes").read_text())
                cpu = int((paths["cpuacct"] / "cpuacct.usage").read_text())
                inactive, rss = details.get("total_inactive_file", 0), details.get("total_rss", 0)
        except (OSError, ValueError, KeyError):
            return None
        return ContainerStats(identifier, now, cpu, usage, max(0, usage - inactive), rss)


def _read_pairs(path: Path) -> dict[str, int]:
    out = {}
    for line in path.read_text().splitlines():
        key, _, value = line.partition(" ")
        if value.isdigit():
            out[key] = int(value)
    return out
