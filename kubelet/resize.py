"""In-place resize: cpu and memory of a container that runs, changed without a restart where its policy allows.

Mirrors doPodResizeAction of upstream pkg/kubelet/kuberuntime/kuberuntime_manager.go and the allocation manager (1.33).
What a container was made with is on a label; what was changed since is in memory, and simply done again after a restart
of the kubelet. A resize that the node has no room for waits, and says so in the condition PodResizePending.

Leaves out: a checkpoint of what was allocated: the room is counted by the spec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minik8s.api import core
from minik8s.kubelet.observed import Observed, is_sidecar
from minik8s.kubelet.requests import amount, pod_requests
from minik8s.kubelet.runtimes.base import ContainerState, ContainerStatus

#: requests and limits of cpu and memory that the container was made with
LABEL_RESOURCES = "minik8s.io/resources"
_RESIZABLE = ("cpu", "memory")

Wanted = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Resize:
    container: core.Container
    status: ContainerStatus
    wanted: Wanted
    restart: bool


def wanted_resources(container: core.Container) -> Wanted:
    """What of a container's resources can be changed in place."""
    if container.resources is None:
        return {}
    tables = {"requests": container.resources.requests, "limits": container.resources.limits}
    found = {kind: {name: table[name] for name in _RESIZABLE if name in table} for kind, table in tables.items()}
    return {kind: table for kind, table in found.items() if table}


def label(container: core.Container) -> dict[str, str]:
    wanted = wanted_resources(container)
    return {LABEL_RESOURCES: json.dumps(wanted, sort_keys=True)} if wanted else {}


def current_resources(status: ContainerStatus, applied: Mapping[str, Wanted]) -> Wanted | None:
    """What the container has; None: nobody noted it, so nothing is to be changed."""
    if status.id in applied:
        return applied[status.id]
    text = status.labels.get(LABEL_RESOURCES)
    return json.loads(text) if text else None


def compute_resizes(pod: core.Pod, observed: Observed, applied: Mapping[str, Wanted]) -> list[Resize]:
    """Running containers that have other resources than the spec says."""
    found = []
    for container in [*pod.spec.containers, *(c for c in pod.spec.init_containers if is_sidecar(c))]:
        status = observed.latest(container.name)
        if status is None or status.state != ContainerState.RUNNING:
            continue
        has, wanted = current_resources(status, applied), wanted_resources(container)
        if has is not None and not _same(has, wanted):
            found.append(Resize(container, status, wanted, _needs_restart(container, has, wanted)))
    return found


def _same(one: Wanted, other: Wanted) -> bool:
    return _amounts(one) == _amounts(other)


def _amounts(wanted: Wanted) -> dict[tuple[str, str], int]:
    return {(kind, name): amount(name, text) for kind, table in wanted.items() for name, text in table.items()}


def _needs_restart(container: core.Container, has: Wanted, wanted: Wanted) -> bool:
    before, after = _amounts(has), _amounts(wanted)
    changed = {key[1] for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    policies = {policy.resource_name: policy.restart_policy for policy in container.resize_policy}
    return any(policies.get(name) == "RestartContainer" for name in changed)


def compute_pending(pod: core.Pod, node: core.Node, message: str) -> core.PodCondition:
    """Infeasible: not even alone on this node; Deferred: once others have gone."""
    allocatable: dict[str, Any] = node.status.allocatable
    requests = pod_requests(pod)
    never = [name for name in _RESIZABLE if requests.get(name, 0) > amount(name, allocatable.get(name, "0"))]
    reason = "Infeasible" if never else "Deferred"
    return core.PodCondition(type="PodResizePending", status="True", reason=reason, message=message)
