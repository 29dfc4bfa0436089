"""What pods use: memory from the runtime, disk by walking what belongs to them.

Mirrors pkg/kubelet/stats and the fsquota-less path of pkg/volume/metrics_du.go. Walking costs; so only those pods are
walked that have a limit to keep, and all of them only when the disk is short.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from minik8s.api import core
from minik8s.kubelet.eviction.ranking import PodUsage
from minik8s.kubelet.runtimes.base import ContainerStatus, Runtime


def disk_usage(path: Path) -> int:
    """Bytes on disk below `path`, each file once; what vanishes meanwhile does not count."""
    total, seen = 0, set[tuple[int, int]]()
    for directory, _, files in os.walk(path):
        for name in [".", *files]:
            try:
                info = os.lstat(f"{directory}/{name}")
            except OSError:
                continue
            if info.st_nlink > 1 and name != ".":
                if (info.st_dev, info.st_ino) in seen:
                    continue
                seen.add((info.st_dev, info.st_ino))
            total += info.st_blocks * 512
    return total


def measure_disk(
    pod: core.Pod, pod_dir: Path, logs: Path, layers: dict[str, int], containers: Iterable[ContainerStatus]
) -> PodUsage:
    """One pod's disk; blocking. `layers`: container id → bytes of its writable layer."""
    per_container: dict[str, int] = {}
    for status in containers:
        per_container[status.name] = per_container.get(status.name, 0) + layers.get(status.id, 0)
    for directory in logs.iterdir() if logs.is_dir() else ():
        per_container[directory.name] = per_container.get(directory.name, 0) + disk_usage(directory)
    on_disk: dict[str, int] = {}
    in_memory: dict[str, int] = {}
    for volume in pod.spec.volumes:
        if volume.empty_dir:
            used = disk_usage(pod_dir / "volumes" / "kubernetes.io~empty-dir" / volume.name)
            (in_memory if volume.empty_dir.medium == "Memory" else on_disk)[volume.name] = used
    return PodUsage(container_disk=per_container, empty_dirs=on_disk, memory_dirs=in_memory)


async def measure_memory(runtime: Runtime, containers: Iterable[ContainerStatus]) -> dict[str, PodUsage]:
    """Pod uid → working sets."""
    names = {status.id: (status.pod_uid, status.name) for status in containers}
    found: dict[str, dict[str, int]] = {}
    for stats in await runtime.stats():
        if stats.id in names:
            uid, name = names[stats.id]
            found.setdefault(uid, {})[name] = stats.memory_working_set
    return {uid: PodUsage(memory=sum(sets.values()), container_memory=sets) for uid, sets in found.items()}
