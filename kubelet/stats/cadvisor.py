"""/metrics/cadvisor: containers under cAdvisor's names and labels, which most dashboards are made for. Pure.

Mirrors vendor/github.com/google/cadvisor/metrics/prometheus.go with the kubelet's containerPrometheusLabelsFunc. Only
what the runtimes measure: no per-cpu, disk or load figures.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.api.quantity import parse_bytes, parse_cpu_millis
from minik8s.kubelet.observed import find_container
from minik8s.kubelet.stats.exposition import Page
from minik8s.kubelet.stats.model import ContainerUsage, Network, PodUsage, Snapshot

CPU_PERIOD = 100_000
HELP = {
    "container_cpu_usage_seconds_total": "Cumulative cpu time consumed in seconds.",
    "container_memory_usage_bytes": "Current memory usage in bytes, including all memory.",
    "container_memory_working_set_bytes": "Current working set in bytes.",
    "container_memory_rss": "Size of RSS in bytes.",
    "container_processes": "Number of processes running inside the container.",
    "container_start_time_seconds": "Start time of the container since unix epoch in seconds.",
    "container_last_seen": "Last time a container was seen by the exporter",
    "container_network_receive_bytes_total": "Cumulative count of bytes received",
    "container_network_receive_errors_total": "Cumulative count of errors encountered while receiving",
    "container_network_transmit_bytes_total": "Cumulative count of bytes transmitted",
    "container_network_transmit_errors_total": "Cumulative count of errors encountered while transmitting",
    "container_fs_limit_bytes": "Number of bytes that can be consumed by the container on this filesystem.",
    "container_fs_usage_bytes": "Number of bytes that are consumed by the container on this filesystem.",
    "container_spec_cpu_period": "CPU period of the container.",
    "container_spec_cpu_quota": "CPU quota of the container.",
    "container_spec_cpu_shares": "CPU share of the container.",
    "container_spec_memory_limit_bytes": "Memory limit for the container.",
    "machine_cpu_cores": "Number of logical CPU cores.",
    "machine_memory_bytes": "Amount of memory installed on the machine.",
    "container_scrape_error": "1 if there was an error while getting container metrics, 0 otherwise",
}


class _Writer:
    """A page with one set of labels after another."""

    def __init__(self) -> None:
        self.page = Page()

    def add(self, name: str, value: float, labels: dict[str, str], time: float = 0.0) -> None:
        self.page.add(name, HELP[name], value, labels, time=time)


def render_cadvisor(snapshot: Snapshot) -> str:
    out = _Writer()
    _add_root(out, snapshot)
    for pod in snapshot.pods:
        for container in pod.containers:
            _add_container(out, pod, container)
        if pod.network:
            meta = pod.pod.metadata
            labels = _labels(pod_path(pod.pod), "", "", meta.name or "", meta.namespace or "")
            _add_network(out, pod.network, labels, pod.time)
    out.page.add("container_scrape_error", HELP["container_scrape_error"], int(bool(snapshot.failed)))
    return out.page.render()


def _labels(path: str, container: str, image: str, pod: str, namespace: str, name: str = "") -> dict[str, str]:
    return {"container": container, "id": path, "image": image, "name": name, "namespace": namespace, "pod": pod}


def pod_path(pod: core.Pod) -> str:
    """Where upstream has the pod's cgroup."""
    quality = (pod.status.qos_class or "BestEffort").lower()
    return f"/kubepods/{'' if quality == 'guaranteed' else quality + '/'}pod{pod.metadata.uid}"


def _add_root(out: _Writer, snapshot: Snapshot) -> None:
    node = snapshot.node
    labels = _labels("/", "", "", "", "")
    out.add("container_cpu_usage_seconds_total", node.cpu_ns / 1e9, {"cpu": "total", **labels}, node.time)
    out.add("container_memory_usage_bytes", node.memory_usage, labels, node.time)
    out.add("container_memory_working_set_bytes", node.working_set, labels, node.time)
    out.add("container_memory_rss", node.rss, labels, node.time)
    out.add("container_fs_limit_bytes", node.disk.capacity, {"device": "/", **labels}, node.time)
    out.add("container_fs_usage_bytes", node.disk.used, {"device": "/", **labels}, node.time)
    for interface in node.network:
        _add_network(out, interface, labels, node.time)
    out.page.add("machine_cpu_cores", HELP["machine_cpu_cores"], node.cpus)
    out.page.add("machine_memory_bytes", HELP["machine_memory_bytes"], node.memory_total)


def _add_container(out: _Writer, usage: PodUsage, container: ContainerUsage) -> None:
    status, stats, meta = container.status, container.stats, usage.pod.metadata
    path = f"{pod_path(usage.pod)}/{status.id}"
    labels = _labels(path, status.name, status.image, meta.name or "", meta.namespace or "", status.id)
    now = stats.timestamp
    out.add("container_cpu_usage_seconds_total", stats.cpu_usage_ns / 1e9, {"cpu": "total", **labels}, now)
    out.add("container_memory_usage_bytes", stats.memory_usage, labels, now)
    out.add("container_memory_working_set_bytes", stats.memory_working_set, labels, now)
    out.add("container_memory_rss", stats.memory_rss, labels, now)
    out.add("container_processes", stats.pids, labels, now)
    out.add("container_start_time_seconds", status.started_at, labels)
    out.add("container_last_seen", int(now), labels, now)
    spec = find_container(usage.pod, status.name)
    if spec is not None:
        _add_spec(out, spec, labels)


def _add_spec(out: _Writer, spec: core.Container, labels: dict[str, str]) -> None:
    limits = spec.resources.limits if spec.resources else {}
    requests = {**limits, **spec.resources.requests} if spec.resources else {}
    out.add("container_spec_cpu_period", CPU_PERIOD, labels)
    if "cpu" in limits:
        out.add("container_spec_cpu_quota", parse_cpu_millis(limits["cpu"]) * CPU_PERIOD // 1000, labels)
    shares = parse_cpu_millis(requests["cpu"]) * 1024 // 1000 if "cpu" in requests else 0
    out.add("container_spec_cpu_shares", max(2, shares), labels)
    out.add("container_spec_memory_limit_bytes", parse_bytes(limits["memory"]) if "memory" in limits else 0, labels)


def _add_network(out: _Writer, network: Network, labels: dict[str, str], now: float) -> None:
    labels = {"interface": network.name, **labels}
    out.add("container_network_receive_bytes_total", network.rx_bytes, labels, now)
    out.add("container_network_receive_errors_total", network.rx_errors, labels, now)
    out.add("container_network_transmit_bytes_total", network.tx_bytes, labels, now)
    out.add("container_network_transmit_errors_total", network.tx_errors, labels, now)
