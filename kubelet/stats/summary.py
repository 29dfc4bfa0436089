"""/stats/summary: the Summary object, made of a Snapshot. Pure.

Mirrors staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go and pkg/kubelet/server/stats/summary.go. Leaves out
what nothing here measures: page faults, containers' own layers (their size is said to be 0), user-defined metrics.
"""

from __future__ import annotations

from typing import Any

from minik8s.kubelet.runtimes.logs import format_stamp
from minik8s.kubelet.stats.model import ContainerUsage, FileSystem, Network, NodeUsage, PodUsage, Snapshot

Json = dict[str, Any]


def render_summary(snapshot: Snapshot) -> Json:
    return {"node": _node(snapshot), "pods": [_pod(pod, snapshot.node) for pod in snapshot.pods]}


def _time(seconds: float) -> str:
    return format_stamp(int(seconds * 1e9))[:19] + "Z"


def _node(snapshot: Snapshot) -> Json:
    node = snapshot.node
    now = _time(node.time)
    disk = _disk(now, node.disk, node.disk.used)
    return {
        "nodeName": snapshot.node_name,
        "startTime": _time(node.boot_time),
        "cpu": _cpu(now, node.nano_cores, node.cpu_ns),
        "memory": {
            "time": now,
            "availableBytes": node.memory_available,
            "usageBytes": node.memory_usage,
            "workingSetBytes": node.working_set,
            "rssBytes": node.rss,
        },
        **({"network": _network(now, node.network)} if node.network else {}),
        "fs": disk,
        "runtime": {
            "imageFs": {**disk, "usedBytes": node.image_bytes},
            "containerFs": {**disk, "usedBytes": node.image_bytes},
        },
        "rlimit": {"time": now, "maxpid": node.max_processes, "curproc": node.processes},
    }


def _cpu(now: str, nano_cores: int | None, cpu_ns: int) -> Json:
    rate = {} if nano_cores is None else {"usageNanoCores": nano_cores}
    return {"time": now, **rate, "usageCoreNanoSeconds": cpu_ns}


def _network(now: str, interfaces: tuple[Network, ...]) -> Json:
    listed = [
        {
            "name": n.name, "rxBytes": n.rx_bytes, "rxErrors": n.rx_errors, "txBytes": n.tx_bytes,
            "txErrors": n.tx_errors,
        }
        for n in interfaces
    ]  # fmt: skip
    return {"time": now, **listed[0], "interfaces": listed}


def _disk(now: str, disk: FileSystem, used: int) -> Json:
    return {
        "time": now,
        "availableBytes": disk.available,
        "capacityBytes": disk.capacity,
        "usedBytes": used,
        "inodesFree": disk.inodes_free,
        "inodes": disk.inodes,
        "inodesUsed": disk.inodes - disk.inodes_free,
    }


def _pod(usage: PodUsage, node: NodeUsage) -> Json:
    now, meta = _time(usage.time), usage.pod.metadata
    stats = [c.stats for c in usage.containers]
    volumes = [
        {"name": name, **_disk(now, node.disk, size), "inodesUsed": files}
        for name, (size, files) in usage.volumes.items()
    ]
    ephemeral = sum(size for size, _ in usage.volumes.values()) + sum(c.log_bytes for c in usage.containers)
    return {
        "podRef": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
        "startTime": usage.pod.status.start_time,
        "containers": [_container(container, node.disk) for container in usage.containers],
        "cpu": _cpu(now, usage.nano_cores, usage.cpu_ns),
        "memory": {
            "time": now,
            "usageBytes": sum(s.memory_usage for s in stats),
            "workingSetBytes": usage.working_set,
            "rssBytes": sum(s.memory_rss for s in stats),
        },
        **({"network": _network(now, (usage.network,))} if usage.network else {}),
        **({"volume": volumes} if volumes else {}),
        "ephemeral-storage": _disk(now, node.disk, ephemeral),
        "process_stats": {"process_count": sum(s.pids for s in stats)},
    }


def _container(usage: ContainerUsage, disk: FileSystem) -> Json:
    stats, now = usage.stats, _time(usage.stats.timestamp)
    return {
        "name": usage.status.name,
        "startTime": _time(usage.status.started_at),
        "cpu": _cpu(now, usage.nano_cores, stats.cpu_usage_ns),
        "memory": {
            "time": now,
            "usageBytes": stats.memory_usage,
            "workingSetBytes": stats.memory_working_set,
            "rssBytes": stats.memory_rss,
        },
        "rootfs": _disk(now, disk, 0),
        "logs": _disk(now, disk, usage.log_bytes),
    }
