"""Host ports: two pods cannot have the same one on a node. Mirrors plugins/nodeports."""

from __future__ import annotations

import numpy as np

from minik8s.scheduler.framework import Reason, Verdict
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Snapshot

REASON = "node(s) didn't have free ports for the requested pod ports"


class NodePorts:
    """Only nodes where somebody has the port are looked at."""

    name = "NodePorts"

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        if not pod.ports:
            return None
        taken = np.zeros(snapshot.size, np.bool_)
        for port in pod.ports:
            for position, others in snapshot.ports.get((port.protocol, port.port), {}).items():
                taken[position] |= any(port.collides(other) for other in others)
        return Verdict([Reason(REASON, taken)])
