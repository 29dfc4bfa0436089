"""What a DaemonSet should create and delete, and how its status reads. Pure.

Mirrors podsShouldBeOnNode, rollingUpdate and updateDaemonSetStatus in upstream's pkg/controller/daemon.

Invariant: a rolling update takes away an available old pod only while at most maxUnavailable nodes are without one;
pods that are not available anyway are replaced at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minik8s.api import apps, core
from minik8s.controllers.daemonset.placement import compute_placement, node_of
from minik8s.controllers.history import HASH_LABEL
from minik8s.controllers.intstr import scaled_value
from minik8s.controllers.pods import is_active, is_available, is_ready, is_terminating


@dataclass
class DaemonPlan:
    create: list[str] = field(default_factory=list)
    delete: list[core.Pod] = field(default_factory=list)
    #: those among `delete` that had failed by themselves
    failed: list[core.Pod] = field(default_factory=list)


def by_node(pods: Sequence[core.Pod]) -> dict[str, list[core.Pod]]:
    found: dict[str, list[core.Pod]] = defaultdict(list)
    for pod in pods:
        found[node_of(pod)].append(pod)
    return found


def is_updated(pod: core.Pod, label: str) -> bool:
    return pod.metadata.labels.get(HASH_LABEL) == label


def compute_manage(
    daemon: apps.DaemonSet, nodes: Sequence[core.Node], pods: Mapping[str, list[core.Pod]], label: str, now: float
) -> DaemonPlan:
    """One pod where one should be, none where none may be."""
    plan = DaemonPlan()
    for node in nodes:
        should_run, may_stay = compute_placement(daemon, node)
        here = [pod for pod in pods.get(node.metadata.name, []) if not is_terminating(pod)]
        failed = [pod for pod in here if pod.status.phase == "Failed"]
        alive = [pod for pod in here if is_active(pod)]
        if should_run and not here and not _going(pods.get(node.metadata.name, [])):
            plan.create.append(node.metadata.name)
        elif may_stay:
            plan.failed += failed
            plan.delete += failed + _extra(daemon, alive, label, now)
        else:
            plan.delete += here
    known = {node.metadata.name for node in nodes}
    for name, stranded in pods.items():
        if name not in known:  # pinned to a node that is gone: the scheduler would wait for ever
            plan.delete += [pod for pod in stranded if not is_terminating(pod) and not pod.spec.node_name]
    return plan


def _going(pods: Sequence[core.Pod]) -> bool:
    """An old pod is still ending on the node: wait until it is gone, so that two never run at once."""
    return any(is_terminating(pod) for pod in pods)


def _extra(daemon: apps.DaemonSet, alive: list[core.Pod], label: str, now: float) -> list[core.Pod]:
    """All but one, the oldest; during a surge, a new one may stand beside the old until it is available."""
    if len(alive) <= 1:
        return []
    ordered = sorted(alive, key=lambda pod: (pod.metadata.creation_timestamp or "", pod.metadata.name))
    updated = [pod for pod in ordered if is_updated(pod, label)]
    old = [pod for pod in ordered if not is_updated(pod, label)]
    if max_surge(daemon, 1) and updated and old:
        ready = is_available(updated[0], daemon.spec.min_ready_seconds, now)
        return (old if ready else old[1:]) + updated[1:]
    return ordered[1:]


def _rolling(daemon: apps.DaemonSet) -> apps.RollingUpdateDaemonSet | None:
    strategy = daemon.spec.update_strategy
    if strategy is not None and strategy.type == "OnDelete":
        return None
    return (strategy.rolling_update if strategy is not None else None) or apps.RollingUpdateDaemonSet()


def max_surge(daemon: apps.DaemonSet, nodes: int) -> int:
    rolling = _rolling(daemon)
    return 0 if rolling is None or rolling.max_surge is None else scaled_value(rolling.max_surge, nodes, round_up=True)


def max_unavailable(daemon: apps.DaemonSet, nodes: int) -> int:
    rolling = _rolling(daemon)
    value = 1 if rolling is None or rolling.max_unavailable is None else rolling.max_unavailable
    return scaled_value(value, nodes, round_up=True)


def compute_rolling(
    daemon: apps.DaemonSet, nodes: Sequence[core.Node], pods: Mapping[str, list[core.Pod]], label: str, now: float
) -> DaemonPlan:
    """Old pods to replace now; with a surge, nodes that get a new pod beside the old one."""
    if _rolling(daemon) is None:
        return DaemonPlan()
    wanted = [node.metadata.name for node in nodes if compute_placement(daemon, node)[0]]
    surge = max_surge(daemon, len(wanted))
    if surge:
        return _surge(daemon, wanted, pods, label, surge)
    unavailable, free, candidates = 0, [], []
    for name in wanted:
        here = [pod for pod in pods.get(name, []) if not is_terminating(pod)]
        ready = any(is_available(pod, daemon.spec.min_ready_seconds, now) for pod in here)
        old = [pod for pod in here if not is_updated(pod, label)]
        if not ready:
            unavailable += 1
            free += old
        else:
            candidates += old
    budget = max(0, max_unavailable(daemon, len(wanted)) - unavailable)
    return DaemonPlan(delete=[*free, *candidates[:budget]])


def _surge(
    daemon: apps.DaemonSet, wanted: Sequence[str], pods: Mapping[str, list[core.Pod]], label: str, surge: int
) -> DaemonPlan:
    doubled = [name for name in wanted if len([pod for pod in pods.get(name, []) if is_active(pod)]) > 1]
    waiting = [
        name
        for name in wanted
        if pods.get(name) and not any(is_updated(pod, label) for pod in pods[name]) and name not in doubled
    ]
    return DaemonPlan(create=waiting[: max(0, surge - len(doubled))])


def compute_status(
    daemon: apps.DaemonSet, nodes: Sequence[core.Node], pods: Mapping[str, list[core.Pod]], label: str, now: float
) -> apps.DaemonSetStatus:
    """Counts over nodes."""
    status = daemon.status.model_copy(deep=True)
    desired = current = misscheduled = ready = available = updated = 0
    for node in nodes:
        should_run, _ = compute_placement(daemon, node)
        here = sorted(pods.get(node.metadata.name, []), key=lambda pod: pod.metadata.creation_timestamp or "")
        if not should_run:
            misscheduled += bool(here)
            continue
        desired += 1
        current += bool(here)
        ready += any(is_ready(pod) for pod in here)
        available += any(is_available(pod, daemon.spec.min_ready_seconds, now) for pod in here)
        updated += any(is_updated(pod, label) for pod in here)
    status.desired_number_scheduled, status.current_number_scheduled = desired, current
    status.number_misscheduled, status.number_ready = misscheduled, ready
    status.number_available = available or None
    status.number_unavailable = (desired - available) or None
    status.updated_number_scheduled = updated or None
    status.observed_generation = daemon.metadata.generation
    return status
