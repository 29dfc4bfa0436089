"""Cluster events, and which of them could help a pod that found no node.

Mirrors framework.ClusterEvent and the plugins' EventsToRegister with their queueing hints. A pod that was refused by
some plugins waits until an event that one of those plugins cares for; the hint looks a little closer, so that
thousands of waiting pods are not tried again for each node that changes a label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from minik8s.scheduler.model import SchedNode, SchedPod

NODE_ADDED = "NodeAdded"
NODE_GONE = "NodeDelete"
NODE_ALLOCATABLE = "NodeAllocatableChange"
NODE_LABELS = "NodeLabelChange"
NODE_TAINTS = "NodeTaintChange"
POD_ADDED = "AssignedPodAdd"
POD_LABELS = "AssignedPodUpdate"
POD_GONE = "AssignedPodDelete"
STORAGE = "StorageChange"
OTHER = "Other"

_INTERESTS: dict[str, frozenset[str]] = {
    "NodeUnschedulable": frozenset({NODE_ADDED, NODE_TAINTS}),
    "NodeName": frozenset({NODE_ADDED}),
    "TaintToleration": frozenset({NODE_ADDED, NODE_TAINTS}),
    "NodeAffinity": frozenset({NODE_ADDED, NODE_LABELS}),
    "NodePorts": frozenset({NODE_ADDED, POD_GONE}),
    "NodeResourcesFit": frozenset({NODE_ADDED, NODE_ALLOCATABLE, POD_GONE}),
    "VolumeRestrictions": frozenset({POD_GONE, STORAGE}),
    "VolumeBinding": frozenset({NODE_ADDED, NODE_LABELS, STORAGE}),
    "PodTopologySpread": frozenset({NODE_ADDED, NODE_GONE, NODE_LABELS, NODE_TAINTS, POD_ADDED, POD_LABELS, POD_GONE}),
    "InterPodAffinity": frozenset({NODE_ADDED, NODE_LABELS, POD_ADDED, POD_LABELS, POD_GONE}),
}


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """Something that changed: a kind of event, and the node or pod as it is now (a pod that is gone: as it was)."""

    kind: str
    node: SchedNode | None = None
    pod: SchedPod | None = None


def could_help(event: ClusterEvent, pod: SchedPod, plugins: Iterable[str]) -> bool:
    """Is it worth trying `pod`, refused by `plugins`, again?"""
    if event.kind == OTHER:
        return True
    for plugin in plugins:
        interests = _INTERESTS.get(plugin)
        if interests is None:
            return True  # a plugin that we know nothing of: better once too often
        if event.kind in interests and _HINTS.get(plugin, _always)(event, pod):
            return True
    return False


def node_events(old: SchedNode | None, new: SchedNode) -> list[ClusterEvent]:
    """What changed of a node, as far as scheduling goes."""
    if old is None:
        return [ClusterEvent(NODE_ADDED, new)]
    found = []
    if old.allocatable != new.allocatable:
        found.append(ClusterEvent(NODE_ALLOCATABLE, new))
    if old.labels != new.labels:
        found.append(ClusterEvent(NODE_LABELS, new))
    if (old.taints, old.unschedulable) != (new.taints, new.unschedulable):
        found.append(ClusterEvent(NODE_TAINTS, new))
    return found


def _always(event: ClusterEvent, pod: SchedPod) -> bool:
    return True


def _fit_hint(event: ClusterEvent, pod: SchedPod) -> bool:
    if event.node is not None:
        return all(event.node.allocatable.get(name, 0) >= value for name, value in pod.requests.items())
    if event.pod is not None:
        # one pod less on the node helps against "Too many pods", whatever it asked for
        wanted = {name for name, value in pod.requests.items() if value}
        freed = {name for name, value in event.pod.requests.items() if value}
        return not wanted or bool(wanted & freed) or not freed
    return True


def _ports_hint(event: ClusterEvent, pod: SchedPod) -> bool:
    if event.pod is None:
        return True
    return any(mine.collides(freed) for mine in pod.ports for freed in event.pod.ports)


_HINTS: dict[str, Callable[[ClusterEvent, SchedPod], bool]] = {
    "NodeResourcesFit": _fit_hint,
    "NodePorts": _ports_hint,
}
