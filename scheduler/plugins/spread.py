"""Topology spread constraints. Mirrors plugins/podtopologyspread (filtering.go, scoring.go, common.go).

DoNotSchedule filters: matching pods in a node's domain may exceed those in the emptiest domain by `maxSkew` at most.
ScheduleAnyway scores. A pod without constraints gets upstream's default ones (host and zone, both only scores), with
the selectors of the Services, ReplicaSets, … that it belongs to; that is what spreads a Deployment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from minik8s.api.selectors import LabelSelector, Requirement
from minik8s.scheduler.framework import MAX_SCORE, Reason, Scores, Verdict
from minik8s.scheduler.listers import Listers, Objects
from minik8s.scheduler.matches import PodMatch, selector_of
from minik8s.scheduler.model import HOSTNAME, ZONE, SchedPod
from minik8s.scheduler.plugins.node_affinity import required_nodes
from minik8s.scheduler.plugins.taints import first_untolerated
from minik8s.scheduler.snapshot import Bools, Ints, Snapshot, topology_sums

REASON = "node(s) didn't match pod topology spread constraints"
NO_LABEL = f"{REASON} (missing required label)"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint, with the selector completed by `matchLabelKeys`."""

    key: str
    max_skew: int
    selector: LabelSelector
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False

    def pod_match(self, pod: SchedPod) -> PodMatch:
        return PodMatch(self.selector, frozenset([pod.namespace]), terminating=False)


class PodTopologySpread:
    """Even spreading over hosts, zones or any other label."""

    name = "PodTopologySpread"
    weight = 2

    def __init__(self, listers: Listers) -> None:
        self._listers = listers

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        constraints = constraints_of(pod, "DoNotSchedule")
        if not constraints:
            return None
        labelled = _have_all(constraints, snapshot)
        crowded = np.zeros(snapshot.size, np.bool_)
        for constraint in constraints:
            crowded |= self._crowded(pod, constraint, labelled, snapshot)
        unlabelled = np.zeros(snapshot.size, np.bool_)
        for constraint in constraints:
            unlabelled |= (snapshot.labels(constraint.key).ids == 0) & ~crowded
        return Verdict([Reason(NO_LABEL, unlabelled, resolvable=False), Reason(REASON, crowded)])

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints | None:
        constraints, need_all = constraints_of(pod, "ScheduleAnyway"), True
        if not pod.spread:
            constraints, need_all = self._defaults(pod), False
        if not constraints:
            return None
        scored = _have_all(constraints, snapshot)[nodes] if need_all else np.ones(len(nodes), np.bool_)
        total = np.zeros(len(nodes), np.float64)
        for constraint in constraints:
            total += self._crowding(pod, constraint, scored, need_all, snapshot, nodes)
        return _invert(np.rint(total).astype(np.int64), scored)

    def _crowded(self, pod: SchedPod, constraint: Constraint, labelled: Bools, snapshot: Snapshot) -> Bools:
        column = snapshot.labels(constraint.key)
        eligible = labelled & _eligible(pod, constraint, snapshot)
        match = constraint.pod_match(pod)
        totals = np.bincount(
            column.ids, weights=np.where(eligible, snapshot.matches.column(match), 0), minlength=len(column.values) + 1
        )
        domains = _distinct(column.ids[eligible])
        fewest = totals[domains].min() if len(domains) >= max(constraint.min_domains, 1) else 0
        skew = totals[column.ids] + constraint.selector.matches(pod.labels) - fewest
        crowded: Bools = (skew > constraint.max_skew) & (column.ids > 0)
        return crowded

    def _crowding(
        self, pod: SchedPod, constraint: Constraint, scored: Bools, need_all: bool, snapshot: Snapshot, nodes: Ints
    ) -> Scores:
        column, counts = snapshot.labels(constraint.key), snapshot.matches.column(constraint.pod_match(pod))
        ids = column.ids[nodes]
        if constraint.key == HOSTNAME:
            here, domains = counts[nodes], int(np.count_nonzero(scored))
        else:
            eligible = _eligible(pod, constraint, snapshot)
            if need_all:
                eligible &= column.ids > 0
            here = topology_sums(np.where(eligible, counts, 0), column)[nodes]
            domains = len(_distinct(ids[scored]))
        crowding = here * math.log(domains + 2) + (constraint.max_skew - 1)
        return np.where(ids > 0, crowding, 0.0)

    def _defaults(self, pod: SchedPod) -> list[Constraint]:
        selector = self._owners_selector(pod)
        if selector.empty:
            return []
        return [Constraint(HOSTNAME, 3, selector), Constraint(ZONE, 5, selector)]

    def _owners_selector(self, pod: SchedPod) -> LabelSelector:
        """What the Services and controllers that select this pod select by, all together."""
        found: set[Requirement] = set()
        for objects in (self._listers.services, self._listers.replication_controllers):
            for selector in _map_selectors(objects, pod.namespace):
                if selector and selector.items() <= pod.labels.items():
                    found.update(LabelSelector.from_labels(selector).requirements)
        for objects in (self._listers.replica_sets, self._listers.stateful_sets):
            for key, obj in objects.items():
                if key.startswith(f"{pod.namespace}/"):
                    owner = selector_of((obj.get("spec") or {}).get("selector"))
                    if not owner.empty and owner.matches(pod.labels):
                        found.update(owner.requirements)
        return LabelSelector(tuple(sorted(found, key=str)))


def constraints_of(pod: SchedPod, action: str) -> list[Constraint]:
    """The pod's own constraints of one kind."""
    found = []
    for raw in pod.spread:
        if raw.get("whenUnsatisfiable") != action:
            continue
        selector = selector_of(raw.get("labelSelector"))
        keys = [key for key in raw.get("matchLabelKeys") or () if key in pod.labels]
        if keys:
            own = tuple(Requirement(key, "=", (pod.labels[key],)) for key in keys)
            selector = LabelSelector(selector.requirements + own, selector.nothing)
        found.append(
            Constraint(
                raw["topologyKey"],
                raw["maxSkew"],
                selector,
                raw.get("minDomains") or 1,
                (raw.get("nodeAffinityPolicy") or "Honor") == "Honor",
                raw.get("nodeTaintsPolicy") == "Honor",
            )
        )
    return found


def _distinct(ids: Ints) -> Ints:
    """The value ids that occur, but for 0; quicker than np.unique, since ids are small and dense."""
    return np.flatnonzero(np.bincount(ids)[1:]) + 1


def _have_all(constraints: list[Constraint], snapshot: Snapshot) -> Bools:
    labelled = snapshot.alive.copy()
    for constraint in constraints:
        labelled &= snapshot.labels(constraint.key).ids > 0
    return labelled


def _eligible(pod: SchedPod, constraint: Constraint, snapshot: Snapshot) -> Bools:
    """The nodes whose pods count."""
    eligible = required_nodes(pod, snapshot) if constraint.honor_affinity else snapshot.alive.copy()
    if constraint.honor_taints:
        bad = [n for n, taints in enumerate(snapshot.taint_sets) if first_untolerated(pod.tolerations, taints)]
        eligible &= ~np.isin(snapshot.taint_set, bad)
    return eligible


def _invert(crowding: Ints, scored: Bools) -> Ints:
    """The least crowded is best; nodes that were left out have 0."""
    if not scored.any():
        return np.zeros(len(crowding), np.int64)
    low, high = int(crowding[scored].min()), int(crowding[scored].max())
    if high == 0:
        return np.where(scored, MAX_SCORE, 0)
    return np.where(scored, MAX_SCORE * (high + low - crowding) // high, 0)


def _map_selectors(objects: Objects, namespace: str) -> list[dict[str, str]]:
    prefix = f"{namespace}/"
    return [(o.get("spec") or {}).get("selector") or {} for key, o in objects.items() if key.startswith(prefix)]
