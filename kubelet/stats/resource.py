"""/metrics/resource: CPU and memory of node, pods and containers; what metrics-server reads. Pure.

Mirrors pkg/kubelet/metrics/collectors/resource_metrics.go.
"""

from __future__ import annotations

from minik8s.kubelet.stats.exposition import Page
from minik8s.kubelet.stats.model import PodUsage, Snapshot


def render_resource(snapshot: Snapshot) -> str:
    """A runtime that cannot be asked is told by `resource_scrape_error 1`."""
    page, node = Page(), snapshot.node
    for pod in snapshot.pods:
        _add_containers(page, pod)
    page.add(
        "node_cpu_usage_seconds_total", "[STABLE] Cumulative cpu time consumed by the node in core-seconds",
        node.cpu_ns / 1e9, time=node.time,
    )  # fmt: skip
    page.add(
        "node_memory_working_set_bytes", "[STABLE] Current working set of the node in bytes", node.working_set,
        time=node.time,
    )  # fmt: skip
    for pod in snapshot.pods:
        _add_pod(page, pod)
    failed = int(bool(snapshot.failed))
    text = "1 if there was an error while getting container metrics, 0 otherwise"
    page.add("resource_scrape_error", f"[STABLE] {text}", failed)
    page.add("scrape_error", f"[ALPHA] (Deprecated since 1.29.0) {text}", failed)
    return page.render()


def _add_containers(page: Page, usage: PodUsage) -> None:
    meta = usage.pod.metadata
    for container in usage.containers:
        labels = {"container": container.status.name, "namespace": meta.namespace or "", "pod": meta.name or ""}
        stats = container.stats
        page.add(
            "container_cpu_usage_seconds_total",
            "[STABLE] Cumulative cpu time consumed by the container in core-seconds",
            stats.cpu_usage_ns / 1e9, labels, time=stats.timestamp,
        )  # fmt: skip
        page.add(
            "container_memory_working_set_bytes", "[STABLE] Current working set of the container in bytes",
            stats.memory_working_set, labels, time=stats.timestamp,
        )  # fmt: skip
        page.add(
            "container_start_time_seconds",
            "[STABLE] Start time of the container since unix epoch in seconds",
            container.status.started_at, labels,
        )  # fmt: skip


def _add_pod(page: Page, usage: PodUsage) -> None:
    meta = usage.pod.metadata
    labels = {"namespace": meta.namespace or "", "pod": meta.name or ""}
    page.add(
        "pod_cpu_usage_seconds_total", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds",
        usage.cpu_ns / 1e9, labels, time=usage.time,
    )  # fmt: skip
    page.add(
        "pod_memory_working_set_bytes", "[STABLE] Current working set of the pod in bytes", usage.working_set, labels,
        time=usage.time,
    )  # fmt: skip
