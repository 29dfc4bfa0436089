"""Quality of service: how a pod is treated when memory gets short.

Mirrors upstream pkg/apis/core/v1/helper/qos/qos.go and pkg/kubelet/qos/policy.go. Pure.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.api.quantity import Quantity

_COUNTED = ("cpu", "memory")


def qos_class(pod: core.Pod) -> str:
    """Guaranteed: every container has cpu and memory limits equal to its requests; BestEffort: none has any."""
    containers = [*pod.spec.init_containers, *pod.spec.containers]
    asks = any(_amounts(c, "requests") or _amounts(c, "limits") for c in containers)
    if not asks:
        return "BestEffort"
    for container in containers:
        limits, requests = _amounts(container, "limits"), _amounts(container, "requests")
        if set(limits) != set(_COUNTED) or any(limits[k] != v for k, v in requests.items()):
            return "Burstable"
    return "Guaranteed"


def _amounts(container: core.Container, which: str) -> dict[str, int]:
    if container.resources is None:
        return {}
    table: dict[str, str] = getattr(container.resources, which)
    parsed = {name: Quantity.parse(table[name]).milli_value() for name in _COUNTED if name in table}
    return {name: value for name, value in parsed.items() if value}


def oom_score(pod: core.Pod, container: core.Container, node_memory: int) -> int:
    """The kernel kills the highest first."""
    kind = qos_class(pod)
    if (pod.spec.priority or 0) >= 2_000_000_000 or kind == "Guaranteed":
        return -997
    if kind == "BestEffort" or not node_memory:
        return 1000
    request = _amounts(container, "requests").get("memory", 0) // 1000
    return max(3, min(999, 1000 - 1000 * request // node_memory))
