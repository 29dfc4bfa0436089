"""Is it the node that the pod names, and does the node take pods at all?

Mirrors plugins/nodename and plugins/nodeunschedulable.
"""

from __future__ import annotations

import numpy as np

from minik8s.scheduler.framework import Reason, Verdict
from minik8s.scheduler.model import SchedPod, Taint
from minik8s.scheduler.plugins.taints import tolerates
from minik8s.scheduler.snapshot import Snapshot

UNSCHEDULABLE_TAINT = Taint("node.kubernetes.io/unschedulable", "", "NoSchedule")


class NodeUnschedulable:
    """`kubectl cordon`; a pod that tolerates the matching taint may come nevertheless."""

    name = "NodeUnschedulable"

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        if not snapshot.unschedulable.any() or tolerates(pod.tolerations, UNSCHEDULABLE_TAINT):
            return None
        return Verdict([Reason("node(s) were unschedulable", snapshot.unschedulable, resolvable=False)])


class NodeName:
    """`spec.nodeName` of a pod that is to be placed; only reached in what-if questions."""

    name = "NodeName"

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        if not pod.node:
            return None
        others = np.ones(snapshot.size, np.bool_)
        if pod.node in snapshot.position:
            others[snapshot.position[pod.node]] = False
        return Verdict([Reason("node(s) didn't match the requested node name", others, resolvable=False)])
