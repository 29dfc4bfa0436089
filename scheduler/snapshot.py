"""The cluster as columns: what is true of node i stands at position i of every array.

Mirrors pkg/scheduler/internal/cache (NodeInfo, Snapshot), turned on its side: upstream walks nodes in parallel
threads, we let numpy walk columns, so that a filter over 5,000 nodes is a few array operations.

Invariants
    - Position i belongs to one node from `add_node` to `remove_node`; `alive[i]` says whether it is taken.
    - `requested[r][i]` is the sum of r over all pods counted on node i, assumed ones too; likewise pod counts and
      ports.
    - A pod is counted once, by its key, on the node that it was added with.
    - Pods of a node that is not known (yet) are kept aside, and counted when it comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from minik8s.scheduler.matches import MatchCounts
from minik8s.scheduler.model import HostPort, SchedNode, SchedPod, Taint
from minik8s.scheduler.terms import TermCounts

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

GROW = 64


class Labels:
    """One label key over all nodes: value ids (0: the node lacks the key)."""

    def __init__(self, size: int) -> None:
        self.ids: Ints = np.zeros(size, np.int64)
        self.values: dict[str, int] = {}

    def set(self, position: int, value: str | None) -> None:
        self.ids[position] = 0 if value is None else self.values.setdefault(value, len(self.values) + 1)


class Snapshot:
    """All nodes and the pods on them."""

    def __init__(self) -> None:
        self.size = 0
        self.nodes: list[SchedNode | None] = []
        self.position: dict[str, int] = {}
        self.pods: dict[str, SchedPod] = {}
        self.pods_on: dict[str, dict[str, SchedPod]] = {}
        self.priorities: Counter[int] = Counter()
        self.alive: Bools = np.zeros(0, np.bool_)
        self.unschedulable: Bools = np.zeros(0, np.bool_)
        self.pod_count: Ints = np.zeros(0, np.int64)
        self.scoring: Ints = np.zeros((2, 0), np.int64)
        self.taint_set: Ints = np.zeros(0, np.int64)
        self.taint_sets: list[tuple[Taint, ...]] = [()]
        self.ports: dict[tuple[str, int], dict[int, list[HostPort]]] = {}
        self.images: dict[str, dict[int, int]] = {}
        self.matches = MatchCounts(self)
        self.terms = TermCounts(self)
        self._allocatable: dict[str, Ints] = {}
        self._requested: dict[str, Ints] = {}
        self._labels: dict[str, Labels] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        """Nodes."""
        return len(self.position)

    # -- columns

    def allocatable(self, resource: str) -> Ints:
        return self._column(self._allocatable, resource)

    def requested(self, resource: str) -> Ints:
        return self._column(self._requested, resource)

    def labels(self, key: str) -> Labels:
        """The column of a label key; made when it is first asked for, then kept up to date."""
        column = self._labels.get(key)
        if column is None:
            column = self._labels[key] = Labels(self.size)
            for position, node in enumerate(self.nodes):
                if node is not None:
                    column.set(position, node.labels.get(key))
        return column

    def node(self, position: int) -> SchedNode:
        node = self.nodes[position]
        assert node is not None
        return node

    # -- changes

    def add_node(self, node: SchedNode) -> None:
        """Add a node, or take its new state."""
        position = self.position.get(node.name)
        if position is None:
            position = self._take_position()
            self.position[node.name] = position
            self.alive[position] = True
            self._set_node(position, None, node)
            for pod in self.pods_on.get(node.name, {}).values():
                self._count(pod, position, 1)
        else:
            self._set_node(position, self.nodes[position], node)

    def remove_node(self, name: str) -> None:
        position = self.position.get(name)
        if position is None:
            return
        for pod in self.pods_on.get(name, {}).values():
            self._count(pod, position, -1)
        del self.position[name]
        self._set_node(position, self.nodes[position], None)
        self.alive[position] = False
        self._free.append(position)

    def add_pod(self, pod: SchedPod) -> None:
        """Count a pod on its node; takes the place of what was known under its key."""
        known = self.pods.get(pod.key)
        if known is not None and known.counts_like(pod):
            self.pods[pod.key] = self.pods_on[pod.node][pod.key] = pod  # a status update: most changes are one
            return
        if known is not None:
            self.remove_pod(pod.key)
        self.pods[pod.key] = pod
        self.priorities[pod.priority] += 1
        self.pods_on.setdefault(pod.node, {})[pod.key] = pod
        position = self.position.get(pod.node)
        if position is not None:
            self._count(pod, position, 1)

    def remove_pod(self, key: str) -> SchedPod | None:
        pod = self.pods.pop(key, None)
        if pod is None:
            return None
        self.priorities[pod.priority] -= 1
        if not self.priorities[pod.priority]:
            del self.priorities[pod.priority]
        on_node = self.pods_on[pod.node]
        del on_node[key]
        if not on_node:
            del self.pods_on[pod.node]
        position = self.position.get(pod.node)
        if position is not None:
            self._count(pod, position, -1)
        return pod

    @contextmanager
    def supposing(self, *, added: Iterable[SchedPod] = (), removed: Iterable[str] = ()) -> Iterator[None]:
        """The cluster as it would be with these pods more and those fewer; put back at the end."""
        taken = [pod for pod in map(self.remove_pod, list(removed)) if pod is not None]
        given = [pod for pod in added if pod.key not in self.pods]
        for pod in given:
            self.add_pod(pod)
        try:
            yield
        finally:
            for pod in given:
                self.remove_pod(pod.key)
            for pod in taken:
                self.add_pod(pod)

    # -- inside

    def _count(self, pod: SchedPod, position: int, sign: int) -> None:
        for resource, value in pod.requests.items():
            self.requested(resource)[position] += sign * value
        self.pod_count[position] += sign
        self.scoring[0, position] += sign * pod.scoring[0]
        self.scoring[1, position] += sign * pod.scoring[1]
        for port in pod.ports:
            self._count_port(port, position, sign)
        self.matches.count(pod, position, sign)
        self.terms.count(pod, position, sign)

    def _count_port(self, port: HostPort, position: int, sign: int) -> None:
        by_node = self.ports.setdefault((port.protocol, port.port), {})
        taken = by_node.setdefault(position, [])
        if sign > 0:
            taken.append(port)
        else:
            taken.remove(port)
            if not taken:
                del by_node[position]

    def _set_node(self, position: int, old: SchedNode | None, new: SchedNode | None) -> None:
        self.nodes[position] = new
        allocatable: Mapping[str, int] = new.allocatable if new else {}
        for resource in {*(old.allocatable if old else ()), *allocatable}:
            self.allocatable(resource)[position] = allocatable.get(resource, 0)
        self.unschedulable[position] = bool(new and new.unschedulable)
        self.taint_set[position] = self._intern_taints(new.taints if new else ())
        for key, column in self._labels.items():
            column.set(position, new.labels.get(key) if new else None)
        self._set_images(position, old.images if old else {}, new.images if new else {})

    def _set_images(self, position: int, old: Mapping[str, int], new: Mapping[str, int]) -> None:
        if old == new:
            return
        for image in old:
            self.images[image].pop(position, None)
            if not self.images[image]:
                del self.images[image]
        for image, size in new.items():
            self.images.setdefault(image, {})[position] = size

    def _intern_taints(self, taints: tuple[Taint, ...]) -> int:
        """Few different sets of taints stand for thousands of nodes; the scan is over the few."""
        try:
            return self.taint_sets.index(taints)
        except ValueError:
            self.taint_sets.append(taints)
            return len(self.taint_sets) - 1

    def _column(self, columns: dict[str, Ints], resource: str) -> Ints:
        column = columns.get(resource)
        if column is None:
            column = columns[resource] = np.zeros(self.size, np.int64)
        return column

    def _take_position(self) -> int:
        if not self._free:
            self._grow(max(GROW, self.size))
        return self._free.pop()

    def _grow(self, more: int) -> None:
        """Make room: every array gets `more` positions."""

        def longer(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.concatenate([array, np.zeros((*array.shape[:-1], more), array.dtype)], axis=-1)

        self._free.extend(range(self.size + more - 1, self.size - 1, -1))
        self.size += more
        self.nodes.extend([None] * more)
        self.alive, self.unschedulable = longer(self.alive), longer(self.unschedulable)
        self.pod_count, self.scoring, self.taint_set = (
            longer(self.pod_count), longer(self.scoring), longer(self.taint_set)
        )  # fmt: skip
        for columns in (self._allocatable, self._requested):
            for resource in columns:
                columns[resource] = longer(columns[resource])
        for column in self._labels.values():
            column.ids = longer(column.ids)
        self.matches.grow(longer)
        self.terms.grow(longer)


Lengthen = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


def topology_sums(counts: Ints, column: Labels) -> Ints:
    """For each node, the sum of `counts` over all nodes with its value of a label; 0 for nodes without it."""
    totals = np.bincount(column.ids, weights=counts, minlength=len(column.values) + 1)
    totals[0] = 0
    summed: Ints = totals[column.ids].astype(np.int64)
    return summed
