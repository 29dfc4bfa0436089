"""Usage figures: /stats/summary and /metrics/resource.

Mirrors pkg/kubelet/server/stats/summary.go and pkg/kubelet/metrics/collectors/resource_metrics.go (their names are what
metrics-server reads). Node figures come from /proc. Leaves out: file systems, volumes, per-second cpu rates
(usageNanoCores), which need two samples.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from minik8s.api import core
from minik8s.kubelet.runtimes.base import (
    ContainerState,
    ContainerStats,
    ContainerStatus,
    RuntimeFault,
)
from minik8s.kubelet.runtimes.logs import format_stamp
from minik8s.kubelet.server.interface import ServerContext

Usage = list[tuple[core.Pod, list[tuple[ContainerStatus, ContainerStats]], list[ContainerStats]]]


def read_node_usage(proc: Path = Path("/proc")) -> tuple[int, int, int]:
    """→ cumulative CPU nanoseconds, memory usage, working set (bytes) of this machine."""
    fields = [int(value) for value in proc.joinpath("stat").read_text().split("\n", 1)[0].split()[1:]]
    busy = sum(fields[:3]) + sum(fields[5:8])
    cpu = busy * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
    memory = {}
    for line in proc.joinpath("meminfo").read_text().splitlines():
        name, value = line.split(":")
        memory[name] = int(value.split()[0]) * 1024
    usage = memory["MemTotal"] - memory["MemFree"]
    return cpu, usage, max(0, usage - memory.get("Inactive(file)", 0))


async def collect_usage(context: ServerContext) -> Usage:
    """Pods with their containers' figures, and those of their sandboxes (the network's)."""
    stats = {item.id: item for item in await context.runtime.stats()}
    statuses: dict[str, list[ContainerStatus]] = {}
    known = set()
    for status in await context.runtime.list_containers():
        known.add(status.id)
        if status.state is ContainerState.RUNNING:
            statuses.setdefault(status.pod_uid, []).append(status)
    sandboxes: dict[str, list[ContainerStats]] = {}
    for sandbox in await context.runtime.list_sandboxes():
        if sandbox.id in stats:
            sandboxes.setdefault(sandbox.pod_uid, []).append(stats[sandbox.id])
    out: Usage = []
    for pod in context.pods.pods():
        uid = pod.metadata.uid or ""
        found = [(status, stats[status.id]) for status in statuses.get(uid, []) if status.id in stats]
        if found:
            out.append((pod, found, sandboxes.get(uid, [])))
    return out


async def render_summary(context: ServerContext) -> dict[str, Any]:
    """The Summary object."""
    cpu, usage, working_set = read_node_usage()
    now = format_stamp(time.time_ns())[:19] + "Z"
    node = {
        "nodeName": context.node_name,
        "cpu": {"time": now, "usageCoreNanoSeconds": cpu},
        "memory": {"time": now, "usageBytes": usage, "workingSetBytes": working_set},
    }
    pods = [_render_pod(pod, containers, networks, now) for pod, containers, networks in await collect_usage(context)]
    return {"node": node, "pods": pods}


def _render_pod(
    pod: core.Pod,
    containers: list[tuple[ContainerStatus, ContainerStats]],
    networks: list[ContainerStats],
    now: str,
) -> dict[str, Any]:
    figures = [stats for _, stats in containers]
    received = sum(s.rx_bytes for s in [*networks, *figures])
    sent = sum(s.tx_bytes for s in [*networks, *figures])
    return {
        "podRef": {"name": pod.metadata.name, "namespace": pod.metadata.namespace, "uid": pod.metadata.uid},
        "startTime": pod.status.start_time,
        "containers": [
            {
                "name": status.name,
                "startTime": format_stamp(int(status.started_at * 1e9))[:19] + "Z",
                **_render_figures([stats], now),
            }
            for status, stats in containers
        ],
        **_render_figures(figures, now),
        "network": {"time": now, "name": "eth0", "rxBytes": received, "txBytes": sent},
    }


def _render_figures(figures: list[ContainerStats], now: str) -> dict[str, Any]:
    return {
        "cpu": {"time": now, "usageCoreNanoSeconds": sum(s.cpu_usage_ns for s in figures)},
        "memory": {
            "time": now,
            "usageBytes": sum(s.memory_usage for s in figures),
            "workingSetBytes": sum(s.memory_working_set for s in figures),
            "rssBytes": sum(s.memory_rss for s in figures),
        },
    }


async def render_resource_metrics(context: ServerContext) -> str:
    """Prometheus' text form; a runtime that cannot be asked is told by `resource_scrape_error 1`."""
    cpu, _, working_set = read_node_usage()
    stamp = int(time.time() * 1000)
    series: dict[str, list[str]] = {
        "node_cpu_usage_seconds_total": [f"node_cpu_usage_seconds_total {cpu / 1e9:.9f} {stamp}"],
        "node_memory_working_set_bytes": [f"node_memory_working_set_bytes {working_set} {stamp}"],
    }
    failed = 0
    try:
        for pod, containers, _ in await collect_usage(context):
            _add_pod(series, pod, containers)
    except RuntimeFault:
        failed = 1
    series["resource_scrape_error"] = [f"resource_scrape_error {failed}"]
    series["scrape_error"] = [f"scrape_error {failed}"]
    lines = []
    for name, samples in sorted(series.items()):
        kind = "counter" if name.endswith("_total") else "gauge"
        lines += [f"# HELP {name} [STABLE] See pkg/kubelet/metrics/collectors.", f"# TYPE {name} {kind}", *samples]
    return "\n".join(lines) + "\n"


def _add_pod(
    series: dict[str, list[str]], pod: core.Pod, containers: list[tuple[ContainerStatus, ContainerStats]]
) -> None:
    of_pod = f'namespace="{pod.metadata.namespace}",pod="{pod.metadata.name}"'
    for status, stats in containers:
        labels = f'{{container="{status.name}",{of_pod}}}'
        stamp = int(stats.timestamp * 1000)
        for name, value in (
            ("container_cpu_usage_seconds_total", f"{stats.cpu_usage_ns / 1e9:.9f}"),
            ("container_memory_working_set_bytes", f"{stats.memory_working_set}"),
        ):
            series.setdefault(name, []).append(f"{name}{labels} {value} {stamp}")
        series.setdefault("container_start_time_seconds", []).append(
            f"container_start_time_seconds{labels} {status.started_at:.3f}"
        )
    stamp = int(max(stats.timestamp for _, stats in containers) * 1000)
    cpu = sum(stats.cpu_usage_ns for _, stats in containers) / 1e9
    memory = sum(stats.memory_working_set for _, stats in containers)
    series.setdefault("pod_cpu_usage_seconds_total", []).append(
        f"pod_cpu_usage_seconds_total{{{of_pod}}} {cpu:.9f} {stamp}"
    )
    series.setdefault("pod_memory_working_set_bytes", []).append(
        f"pod_memory_working_set_bytes{{{of_pod}}} {memory} {stamp}"
    )
