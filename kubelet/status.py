"""A pod's status, computed from what the runtime shows.

Mirrors generateAPIPodStatus and getPhase of upstream pkg/kubelet/kubelet_pods.go. Pure: same input, same status; the
status manager writes it. What the kubelet does not own (other conditions, nominatedNodeName) is not in the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.kubelet.conditions import OWNED, PASSING, REMOVED, compute_conditions, compute_disruption, stamp
from minik8s.kubelet.container_status import ContainerFacts, compute_container_statuses
from minik8s.kubelet.observed import Observed, is_sidecar
from minik8s.kubelet.qos import qos_class


@dataclass(frozen=True)
class NodeFacts:
    host_ips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The kubelet's own decision to end a pod: refused, evicted, past its deadline."""

    reason: str
    message: str
    #: the node needed the room: said in a DisruptionTarget condition
    disruption: bool = False


@dataclass(frozen=True)
class StatusFacts:
    node: NodeFacts = NodeFacts()
    containers: ContainerFacts = field(default_factory=ContainerFacts)
    verdict: Verdict | None = None
    start_time: float = 0.0
    #: the containers were stopped for good
    ended: bool = False
    resize_pending: core.PodCondition | None = None


def is_terminal(status: core.PodStatus) -> bool:
    return status.phase in ("Succeeded", "Failed")


def compute_pod_status(pod: core.Pod, observed: Observed, facts: StatusFacts, now: float) -> core.PodStatus:
    """`pod.status` holds what was said before: restart counts and transition times go on from there."""
    statuses = compute_container_statuses(pod, observed, facts.containers)
    everyone = [*statuses.init, *statuses.regular]
    phase = compute_phase(pod, everyone, facts.ended)
    if facts.verdict is not None:
        phase = "Failed"
    elif is_terminal(pod.status) and pod.status.phase:
        phase = pod.status.phase  # an end is final
    conditions = compute_conditions(pod, phase, statuses.init, statuses.regular, observed.ready_sandbox is not None)
    if facts.verdict is not None and facts.verdict.disruption:
        conditions.append(compute_disruption(facts.verdict.message))
    if facts.resize_pending is not None:
        conditions.append(facts.resize_pending.model_copy())
    host_ips = list(facts.node.host_ips)
    pod_ips = _pod_ips(pod, observed, host_ips)
    return core.PodStatus(
        phase=phase,
        reason=facts.verdict.reason if facts.verdict else pod.status.reason,
        message=facts.verdict.message if facts.verdict else pod.status.message,
        conditions=stamp(conditions, pod.status.conditions, format_time(now)),
        host_ip=host_ips[0] if host_ips else None,
        host_ips=[core.HostIP(ip=ip) for ip in host_ips],
        pod_ip=pod_ips[0] if pod_ips else None,
        pod_ips=[core.PodIP(ip=ip) for ip in pod_ips],
        start_time=pod.status.start_time or (format_time(facts.start_time) if facts.start_time else None),
        qos_class=pod.status.qos_class or qos_class(pod),
        init_container_statuses=statuses.init,
        container_statuses=statuses.regular,
        ephemeral_container_statuses=statuses.ephemeral,
    )


def compute_rejection(pod: core.Pod, verdict: Verdict, now: float) -> core.PodStatus:
    """The status of a pod that never started here."""
    return core.PodStatus(
        phase="Failed",
        reason=verdict.reason,
        message=verdict.message,
        qos_class=pod.status.qos_class or qos_class(pod),
        start_time=pod.status.start_time or format_time(now),
    )


def _pod_ips(pod: core.Pod, observed: Observed, host_ips: list[str]) -> list[str]:
    if observed.sandbox is None:
        return [ip.ip for ip in pod.status.pod_ips]  # an ended pod keeps the address it had
    if pod.spec.host_network:
        return host_ips
    return list(observed.pod_ips) or [ip.ip for ip in pod.status.pod_ips]


@dataclass
class _Tally:
    running: int = 0
    waiting: int = 0
    stopped: int = 0
    succeeded: int = 0
    unknown: int = 0


def compute_phase(pod: core.Pod, statuses: list[core.ContainerStatus], ended: bool = False) -> str:
    by_name = {status.name: status for status in statuses}
    pending, failed = _count_init(pod, by_name)
    tally = _Tally()
    pending_sidecars = _count_sidecars(pod, by_name, tally)
    for container in pod.spec.containers:
        _count(by_name.get(container.name), tally)
    begun = tally.running + tally.stopped > 0 and not tally.waiting
    if failed and pod.spec.restart_policy == "Never":
        return "Failed"
    if not ended and (pending or (pending_sidecars and not begun) or tally.waiting):
        return "Pending"
    if ended:
        return _end(tally, pending or failed)
    if tally.running and not tally.unknown:
        return "Running"
    if tally.stopped and not tally.unknown:
        return _all_stopped(pod, tally)
    return "Pending"


def _end(tally: _Tally, initializing: int) -> str:
    """The phase of a pod whose containers were all stopped for good."""
    all_well = tally.stopped and tally.stopped == tally.succeeded and not tally.waiting and not tally.unknown
    return "Succeeded" if all_well and not initializing else "Failed"


def _all_stopped(pod: core.Pod, tally: _Tally) -> str:
    if pod.spec.restart_policy in (None, "", "Always"):
        return "Running"  # all are being restarted
    if tally.stopped == tally.succeeded:
        return "Succeeded"
    return "Failed" if pod.spec.restart_policy == "Never" else "Running"


def _count_init(pod: core.Pod, by_name: Mapping[str, core.ContainerStatus]) -> tuple[int, int]:
    """(init containers that have still to end, those that failed)."""
    pending = failed = 0
    for container in pod.spec.init_containers:
        if is_sidecar(container):
            continue
        status = by_name.get(container.name)
        state = status.state if status else None
        last = status.last_state.terminated if status and status.last_state else None
        if state and state.terminated:
            failed += state.terminated.exit_code != 0
        elif state and state.waiting and last:
            failed += last.exit_code != 0
            pending += 1
        else:
            pending += 1
    return pending, failed


def _count_sidecars(pod: core.Pod, by_name: Mapping[str, core.ContainerStatus], tally: _Tally) -> int:
    pending = 0
    for container in pod.spec.init_containers:
        if not is_sidecar(container):
            continue
        status = by_name.get(container.name)
        state = status.state if status else None
        if status is None or state is None:
            tally.unknown += 1
        elif state.running:
            tally.running += 1
            pending += not status.started
        elif state.waiting and not (status.last_state and status.last_state.terminated):
            tally.waiting += 1
            pending += 1
    return pending


def _count(status: core.ContainerStatus | None, tally: _Tally) -> None:
    state = status.state if status else None
    if status is None or state is None:
        tally.unknown += 1
    elif state.running:
        tally.running += 1
    elif state.terminated:
        tally.stopped += 1
        tally.succeeded += state.terminated.exit_code == 0
    elif status.last_state and status.last_state.terminated:
        tally.stopped += 1
    else:
        tally.waiting += 1


def compute_status_patch(uid: str, old: core.PodStatus, new: core.PodStatus) -> dict[str, Any] | None:
    """The strategic merge patch that turns `old` into `new`; None when nothing differs.

    Conditions are merged by type, so that those of other writers stay; the uid makes sure that a pod of the same
    name that came later is not touched.
    """
    before, after = old.to_dict(), new.to_dict()
    kept = {c["type"]: c for c in before.pop("conditions", []) if c["type"] in OWNED | PASSING}
    wanted = {c["type"]: c for c in after.pop("conditions", [])}
    changed = [c for c in wanted.values() if kept.get(c["type"]) != c]
    over = [{"$patch": "delete", "type": name} for name in kept if name in REMOVED and name not in wanted]
    owned = {"phase", "reason", "message", "hostIP", "hostIPs", "podIP", "podIPs", "startTime", "qosClass",
             "initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"}  # fmt: skip
    status: dict[str, Any] = {key: after.get(key) for key in sorted(owned) if before.get(key) != after.get(key)}
    for key in ("hostIPs", "podIPs"):  # merged by address: say that the old ones go
        if status.get(key):
            status[key] = [{"$patch": "replace"}, *status[key]]
    if changed or over:
        status["conditions"] = [*({"reason": None, "message": None, **c} for c in changed), *over]
    return {"metadata": {"uid": uid}, "status": status} if status else None
