"""The node's last word: whether a pod that was bound to it can run here.

Mirrors upstream pkg/kubelet/lifecycle/predicate.go. The scheduler decided on what it
knew; between its decision and now, labels or other pods may have changed, and pods may name a node themselves. Pure.
Devices are given out by `devices.manager`.

Leaves out: preemption for critical pods, sysctl allow-list, topology manager.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minik8s.api import core
from minik8s.kubelet.eviction.ranking import is_critical
from minik8s.kubelet.qos import qos_class
from minik8s.kubelet.requests import amount, pod_requests
from minik8s.kubelet.status import Verdict


def compute_refusal(pod: core.Pod, node: core.Node, others: Iterable[core.Pod]) -> Verdict | None:
    """Why the node cannot take the pod beside `others`, devices by name left aside; None: it can."""
    mates = list(others)
    place = _pressure(pod, node) or compute_fit(pod, node, mates) or _ports(pod, mates)
    return place or _affinity(pod, node) or _taints(pod, node)


def _pressure(pod: core.Pod, node: core.Node) -> Verdict | None:
    """A node that is evicting takes nobody in, but for critical pods; short of memory it takes who said how much."""
    if is_critical(pod):
        return None
    true = [c.type for c in node.status.conditions if c.status == "True" and c.type.endswith("Pressure")]
    if true == ["MemoryPressure"]:
        taint = core.Taint(key="node.kubernetes.io/memory-pressure", effect="NoSchedule")
        if qos_class(pod) != "BestEffort" or any(_tolerates(t, taint) for t in pod.spec.tolerations):
            return None
    return Verdict("Evicted", f"The node had condition: [{' '.join(true)}]. ") if true else None


def compute_fit(pod: core.Pod, node: core.Node, others: list[core.Pod]) -> Verdict | None:
    """Why what the pod asks for is not there beside `others`."""
    capacity = {name: amount(name, text) for name, text in node.status.allocatable.items()}
    if "pods" in capacity and len(others) + 1 > capacity["pods"]:
        return _out_of("pods", 1, len(others), capacity["pods"])
    wanted = {name: value for name, value in pod_requests(pod).items() if value}
    if not wanted:
        return None
    used: dict[str, int] = {}
    for other in others:
        for name, value in pod_requests(other).items():
            used[name] = used.get(name, 0) + value
    for name, value in sorted(wanted.items()):
        if value > capacity.get(name, 0) - used.get(name, 0):
            return _out_of(name, value, used.get(name, 0), capacity.get(name, 0))
    return None


def _out_of(name: str, wanted: int, used: int, capacity: int) -> Verdict:
    text = f"Node didn't have enough resource: {name}, requested: {wanted}, used: {used}, capacity: {capacity}"
    return Verdict(f"OutOf{name}", f"Pod was rejected: {text}")


def host_ports(pod: core.Pod) -> set[tuple[str, str, int]]:
    containers = [*pod.spec.init_containers, *pod.spec.containers]
    return {
        (port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port)
        for container in containers
        for port in container.ports
        if port.host_port
    }


def _ports(pod: core.Pod, others: list[core.Pod]) -> Verdict | None:
    taken = {port for other in others for port in host_ports(other)}
    for ip, protocol, number in host_ports(pod):
        for other_ip, other_protocol, other_number in taken:
            same_ip = ip == other_ip or "0.0.0.0" in (ip, other_ip)
            if same_ip and (protocol, number) == (other_protocol, other_number):
                return _failed("NodePorts")
    return None


def _failed(predicate: str) -> Verdict:
    return Verdict(predicate, f"Pod was rejected: Predicate {predicate} failed")


def _affinity(pod: core.Pod, node: core.Node) -> Verdict | None:
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in pod.spec.node_selector.items()):
        return _failed("NodeAffinity")
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if required and not any(_term(term, node) for term in required.node_selector_terms):
        return _failed("NodeAffinity")
    return None


def _term(term: core.NodeSelectorTerm, node: core.Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.metadata.name}
    return all(_matches(e, node.metadata.labels) for e in term.match_expressions) and all(
        _matches(e, fields) for e in term.match_fields
    )


def _matches(requirement: core.NodeSelectorRequirement, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(requirement.key), requirement.values
    if requirement.operator == "In":
        return value in values
    if requirement.operator == "NotIn":
        return value not in values
    if requirement.operator == "Exists":
        return value is not None
    if requirement.operator == "DoesNotExist":
        return value is None
    if value is None or not value.lstrip("-").isdecimal() or not values:
        return False
    return int(value) > int(values[0]) if requirement.operator == "Gt" else int(value) < int(values[0])


def _taints(pod: core.Pod, node: core.Node) -> Verdict | None:
    """Only NoExecute: the others are the scheduler's business."""
    for taint in node.spec.taints:
        if taint.effect == "NoExecute" and not any(_tolerates(t, taint) for t in pod.spec.tolerations):
            return _failed("TaintToleration")
    return None


def _tolerates(toleration: core.Toleration, taint: core.Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and (toleration.value or "") == (taint.value or "")
