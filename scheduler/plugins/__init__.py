"""The plugins, and the default set: upstream's order and weights (apis/config/v1/default_plugins.go)."""

from __future__ import annotations

from minik8s.scheduler.algorithm import Algorithm
from minik8s.scheduler.framework import Filter, Score
from minik8s.scheduler.listers import Listers
from minik8s.scheduler.plugins.images import ImageLocality
from minik8s.scheduler.plugins.interpod import InterPodAffinity
from minik8s.scheduler.plugins.node_affinity import NodeAffinity
from minik8s.scheduler.plugins.node_ports import NodePorts
from minik8s.scheduler.plugins.node_state import NodeName, NodeUnschedulable
from minik8s.scheduler.plugins.resources import BalancedAllocation, Fit
from minik8s.scheduler.plugins.spread import PodTopologySpread
from minik8s.scheduler.plugins.taints import TaintToleration
from minik8s.scheduler.plugins.volumes import VolumeBinding, VolumeRestrictions


def default_algorithm(listers: Listers | None = None, seed: int | None = None) -> Algorithm:
    """The scheduler as upstream configures it."""
    listers = listers or Listers()
    taints, affinity, fit = TaintToleration(), NodeAffinity(), Fit()
    spread, interpod = PodTopologySpread(listers), InterPodAffinity()
    filters: list[Filter] = [
        NodeUnschedulable(), NodeName(), taints, affinity, NodePorts(), fit, VolumeRestrictions(listers),
        VolumeBinding(listers), spread, interpod,
    ]  # fmt: skip
    scores: list[Score] = [taints, affinity, fit, spread, interpod, BalancedAllocation(), ImageLocality()]
    return Algorithm(filters, scores, seed)
