"""Image locality: prefer nodes that have the pod's images, if those are large. Mirrors plugins/imagelocality."""

from __future__ import annotations

import numpy as np

from minik8s.scheduler.framework import MAX_SCORE
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Ints, Snapshot

MEGABYTE = 1024 * 1024
SMALLEST = 23 * MEGABYTE
LARGEST_PER_CONTAINER = 1000 * MEGABYTE


class ImageLocality:
    """An image counts with its size, scaled by the share of nodes that have it, lest one node draw everything."""

    name = "ImageLocality"
    weight = 1

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints | None:
        present = [snapshot.images[image] for image in pod.images if image in snapshot.images]
        if not present:
            return None
        total = np.zeros(snapshot.size, np.int64)
        for sizes in present:
            positions = np.fromiter(sizes.keys(), np.int64, len(sizes))
            bytes_ = np.fromiter(sizes.values(), np.int64, len(sizes))
            total[positions] += (bytes_ * (len(sizes) / len(snapshot))).astype(np.int64)
        largest = LARGEST_PER_CONTAINER * len(pod.images)
        bounded = np.clip(total[nodes], SMALLEST, largest)
        scores: Ints = MAX_SCORE * (bounded - SMALLEST) // (largest - SMALLEST)
        return scores
