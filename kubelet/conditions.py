"""The pod conditions that the kubelet answers for.

Mirrors upstream pkg/kubelet/status/generate.go (1.33: with sidecars and PodReadyToStartContainers). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from minik8s.api import core
from minik8s.kubelet.observed import is_sidecar

OWNED = frozenset({"PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers"})


#: written when they are true; others may write them, too
PASSING = frozenset({"DisruptionTarget", "PodResizePending"})
#: taken away when they no longer hold
REMOVED = frozenset({"PodResizePending"})


def compute_conditions(
    pod: core.Pod,
    phase: str,
    init: list[core.ContainerStatus],
    regular: list[core.ContainerStatus],
    sandbox_ready: bool,
) -> list[core.PodCondition]:
    """Without transition times: `stamp` adds them. Conditions of others, as readiness gates read them, are in `pod`."""
    containers_ready = _containers_ready(pod, phase, init, regular)
    return [
        _condition("PodReadyToStartContainers", sandbox_ready),
        _initialized(pod, phase, init, regular),
        _ready(pod, containers_ready),
        containers_ready,
        _condition("PodScheduled", True),
    ]


def compute_disruption(message: str) -> core.PodCondition:
    """The kubelet ended the pod for the node's sake: a Job does not count that as a failure."""
    return _condition("DisruptionTarget", True, "TerminationByKubelet", message)


def stamp(new: list[core.PodCondition], old: Iterable[core.PodCondition], now: str) -> list[core.PodCondition]:
    """Keep a condition's transition time as long as its status stays."""
    before = {condition.type: condition for condition in old}
    for condition in new:
        last = before.get(condition.type)
        same = last is not None and last.status == condition.status
        condition.last_transition_time = last.last_transition_time if last and same else now
    return new


def _condition(kind: str, true: bool, reason: str | None = None, message: str | None = None) -> core.PodCondition:
    return core.PodCondition(type=kind, status="True" if true else "False", reason=reason, message=message)


def _names(names: list[str]) -> str:
    return f"[{' '.join(names)}]"  # as Go prints a slice


def _sort_out(
    containers: Iterable[core.Container], statuses: list[core.ContainerStatus]
) -> tuple[list[str], list[str]]:
    """(names without a status, names that are not ready)."""
    ready = {status.name: status.ready for status in statuses}
    names = [container.name for container in containers]
    return [n for n in names if n not in ready], [n for n in names if ready.get(n) is False]


def _containers_ready(
    pod: core.Pod, phase: str, init: list[core.ContainerStatus], regular: list[core.ContainerStatus]
) -> core.PodCondition:
    sidecars = [c for c in pod.spec.init_containers if is_sidecar(c)]
    unknown, unready = _sort_out([*sidecars, *pod.spec.containers], [*init, *regular])
    if phase == "Succeeded" and not unknown:
        return _condition("ContainersReady", False, "PodCompleted")
    if phase == "Failed":
        return _condition("ContainersReady", False, "PodFailed")
    messages = []
    if unknown:
        messages.append(f"containers with unknown status: {_names(unknown)}")
    if unready:
        messages.append(f"containers with unready status: {_names(unready)}")
    if messages:
        return _condition("ContainersReady", False, "ContainersNotReady", ", ".join(messages))
    return _condition("ContainersReady", True)


def _ready(pod: core.Pod, containers_ready: core.PodCondition) -> core.PodCondition:
    if containers_ready.status != "True":
        return _condition("Ready", False, containers_ready.reason, containers_ready.message)
    present = {condition.type: condition.status for condition in pod.status.conditions}
    messages = []
    for gate in pod.spec.readiness_gates:
        kind = gate.condition_type
        if kind not in present:
            messages.append(f'corresponding condition of pod readiness gate "{kind}" does not exist.')
        elif present[kind] != "True":
            messages.append(f'the status of pod readiness gate "{kind}" is not "True", but {present[kind]}')
    if messages:
        return _condition("Ready", False, "ReadinessGatesNotReady", ", ".join(messages))
    return _condition("Ready", True)


def _initialized(
    pod: core.Pod, phase: str, init: list[core.ContainerStatus], regular: list[core.ContainerStatus]
) -> core.PodCondition:
    begun = any(
        (status.state and (status.state.running or status.state.terminated)) or status.restart_count
        for status in regular
    )
    unknown, _ = _sort_out(pod.spec.init_containers, init)
    waiting = [] if begun else _not_initialized(pod, init)
    if phase == "Succeeded" and not unknown:
        return _condition("Initialized", True, "PodCompleted")
    messages = []
    if unknown:
        messages.append(f"containers with unknown status: {_names(unknown)}")
    if waiting:
        messages.append(f"containers with incomplete status: {_names(waiting)}")
    if messages:
        return _condition("Initialized", False, "ContainersNotInitialized", ", ".join(messages))
    return _condition("Initialized", True)


def _not_initialized(pod: core.Pod, init: list[core.ContainerStatus]) -> list[str]:
    """An init container is done when it ended well, a sidecar when it has started."""
    by_name = {status.name: status for status in init}
    waiting = []
    for container in pod.spec.init_containers:
        status = by_name.get(container.name)
        if status is None:
            continue
        done = bool(status.started) if is_sidecar(container) else status.ready
        if not done:
            waiting.append(container.name)
    return waiting
