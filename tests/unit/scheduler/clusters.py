"""Small clusters for the scheduler's tests."""

from __future__ import annotations

from typing import Any

from minik8s.scheduler.listers import Listers
from minik8s.scheduler.model import SchedNode, SchedPod, Taint, node_of, pod_of
from minik8s.scheduler.snapshot import Snapshot

GIB = 1 << 30


def make_node(name: str, cpu: int = 4000, labels: dict[str, str] | None = None, **extra: Any) -> SchedNode:
    allocatable = {"cpu": cpu, "memory": 8 * GIB, "pods": 110, **extra.pop("allocatable", {})}
    return SchedNode(name, {"kubernetes.io/hostname": name, **(labels or {})}, allocatable, **extra)


def make_pod(name: str, cpu: str = "100m", labels: dict[str, str] | None = None, **spec: Any) -> SchedPod:
    requests = {"cpu": cpu, **spec.pop("requests", {})} if cpu else spec.pop("requests", {})
    container = {"name": "c", "image": spec.pop("image", "busybox"), "resources": {"requests": requests}}
    if "ports" in spec:
        container["ports"] = spec.pop("ports")
    meta = {"name": name, "namespace": spec.pop("namespace", "default"), "uid": name, "labels": labels or {}}
    return pod_of({"metadata": meta, "spec": {"containers": [container], **spec}, "status": spec.pop("status", {})})


def cluster(*nodes: SchedNode, pods: dict[str, list[SchedPod]] | None = None) -> Snapshot:
    snapshot = Snapshot()
    for node in nodes:
        snapshot.add_node(node)
    for name, on_node in (pods or {}).items():
        for pod in on_node:
            snapshot.add_pod(pod.assigned(name))
    return snapshot


__all__ = ["GIB", "Listers", "Taint", "cluster", "make_node", "make_pod", "node_of"]
