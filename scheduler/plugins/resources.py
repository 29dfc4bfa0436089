"""Resources: what fits, and where it fits best. Mirrors plugins/noderesources."""

from __future__ import annotations

import numpy as np

from minik8s.scheduler.framework import MAX_SCORE, Reason, Scores, Verdict
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Bools, Ints, Snapshot

CPU, MEMORY = 0, 1  # rows of snapshot.scoring


class Fit:
    """The filter on every resource, extended ones too, and the score of the least allocated node."""

    name = "NodeResourcesFit"
    weight = 1

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        reasons = [Reason("Too many pods", snapshot.pod_count + 1 > snapshot.allocatable("pods"))]
        for resource, wanted in pod.requests.items():
            if not wanted:
                continue
            allocatable = snapshot.allocatable(resource)
            short = snapshot.requested(resource) + wanted > allocatable
            text = f"Insufficient {resource}"
            # more than the whole node: nobody's leaving would help
            reasons.append(Reason(text, short & (wanted <= allocatable)))
            reasons.append(Reason(text, wanted > allocatable, resolvable=False))
        return Verdict(reasons)

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints | None:
        """The free share after placing, cpu and memory alike; what asks for nothing counts as something small."""
        total = np.zeros(len(nodes), np.int64)
        weights = np.zeros(len(nodes), np.int64)
        for row, resource in ((CPU, "cpu"), (MEMORY, "memory")):
            capacity = snapshot.allocatable(resource)[nodes]
            used = snapshot.scoring[row][nodes] + pod.scoring[row]
            known = capacity > 0
            free = np.where(used > capacity, 0, (capacity - used) * MAX_SCORE // np.maximum(capacity, 1))
            total += np.where(known, free, 0)
            weights += known
        return total // np.maximum(weights, 1)


class BalancedAllocation:
    """Prefers nodes whose cpu and memory would be used to like parts."""

    name = "NodeResourcesBalancedAllocation"
    weight = 1

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Scores | None:
        if not pod.requests.get("cpu") and not pod.requests.get("memory"):
            return None
        cpu, cpu_known = self._fraction(pod, snapshot, nodes, "cpu")
        memory, memory_known = self._fraction(pod, snapshot, nodes, "memory")
        # of two values, the standard deviation is half of what they are apart
        apart = np.where(cpu_known & memory_known, np.abs(cpu - memory) / 2, 0.0)
        scores: Scores = np.floor((1 - apart) * MAX_SCORE)
        return scores

    def _fraction(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints, resource: str) -> tuple[Scores, Bools]:
        capacity = snapshot.allocatable(resource)[nodes]
        used = snapshot.requested(resource)[nodes] + pod.requests.get(resource, 0)
        return np.minimum(used / np.maximum(capacity, 1), 1.0), capacity > 0
