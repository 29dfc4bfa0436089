"""Inter-pod affinity and anti-affinity. Mirrors plugins/interpodaffinity.

A term says: pods that match, as near as a label (host, zone). Columns of matching pods per node (matches.py,
terms.py) are summed over the nodes that share the label's value.
"""

from __future__ import annotations

import numpy as np

from minik8s.scheduler.framework import MAX_SCORE, Reason, Verdict
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Bools, Ints, Snapshot, topology_sums
from minik8s.scheduler.terms import (
    PREFERRED_AFFINITY,
    PREFERRED_ANTI,
    REQUIRED_AFFINITY,
    REQUIRED_ANTI,
    Term,
    terms_of,
)

AFFINITY = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"
HARD_WEIGHT = 1  # what a running pod's required affinity counts for in scores


class InterPodAffinity:
    """Required terms filter, both ways; preferred ones score, both ways."""

    name = "InterPodAffinity"
    weight = 2

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        own = list(terms_of(pod)) if pod.affinity else []
        near = [term for kind, term in own if kind == REQUIRED_AFFINITY]
        away = [term for kind, term in own if kind == REQUIRED_ANTI]
        reasons = []
        if near:
            reasons.append(Reason(AFFINITY, self._too_far(pod, near, snapshot), resolvable=False))
        # a node's reason is the first that holds: each mask leaves out those before it
        if away:
            reasons.append(Reason(ANTI_AFFINITY, self._too_near(away, snapshot)))
        unwanted = self._unwanted(pod, snapshot)
        if unwanted is not None:
            reasons.append(Reason(EXISTING, unwanted))
        seen = np.zeros(snapshot.size, np.bool_)
        for reason in reasons:
            reason.nodes = reason.nodes & ~seen
            seen |= reason.nodes
        return Verdict(reasons) if reasons else None

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints | None:
        raw = np.zeros(snapshot.size, np.int64)
        touched = False
        for kind, term in terms_of(pod) if pod.affinity else ():
            if kind in (PREFERRED_AFFINITY, PREFERRED_ANTI):
                sign = 1 if kind == PREFERRED_AFFINITY else -1
                match = term.pod_match(snapshot.terms.namespace_labels)
                raw += (
                    sign
                    * term.weight
                    * topology_sums(snapshot.matches.column(match), snapshot.labels(term.topology_key))
                )
                touched = True
        for (kind, term), carriers in snapshot.terms.columns.items():
            weight = {
                REQUIRED_AFFINITY: HARD_WEIGHT,
                PREFERRED_AFFINITY: term.weight,
                PREFERRED_ANTI: -term.weight,
            }.get(kind)
            if weight and term.matches(pod, snapshot.terms.namespace_labels):
                raw += weight * topology_sums(carriers, snapshot.labels(term.topology_key))
                touched = True
        return _spread_scores(raw[nodes]) if touched else None

    def _too_far(self, pod: SchedPod, terms: list[Term], snapshot: Snapshot) -> Bools:
        """Nodes without a pod near them that matches all the terms (or without the label)."""
        counts = _matching_all(terms, snapshot)
        unlabelled = np.zeros(snapshot.size, np.bool_)
        lonely = unlabelled.copy()
        somewhere = False
        for term in terms:
            column = snapshot.labels(term.topology_key)
            sums = topology_sums(counts, column)
            unlabelled |= column.ids == 0
            lonely |= sums == 0
            somewhere |= bool(sums.any())
        if not somewhere and all(term.matches(pod, snapshot.terms.namespace_labels) for term in terms):
            return unlabelled  # the first of a group that wants to be together
        return unlabelled | lonely

    def _too_near(self, terms: list[Term], snapshot: Snapshot) -> Bools:
        """Nodes that have near them a pod which this one must not be near."""
        near = np.zeros(snapshot.size, np.bool_)
        for term in terms:
            counts = snapshot.matches.column(term.pod_match(snapshot.terms.namespace_labels))
            near |= topology_sums(counts, snapshot.labels(term.topology_key)) > 0
        return near

    def _unwanted(self, pod: SchedPod, snapshot: Snapshot) -> Bools | None:
        """Nodes that have near them a pod which does not want this one."""
        near: Bools | None = None
        for term, carriers in snapshot.terms.of_kind(REQUIRED_ANTI):
            if term.matches(pod, snapshot.terms.namespace_labels):
                hit = topology_sums(carriers, snapshot.labels(term.topology_key)) > 0
                near = hit if near is None else near | hit
        return near


def _matching_all(terms: list[Term], snapshot: Snapshot) -> Ints:
    """Pods per node that match every one of the terms (one pod must match all, as upstream has it)."""
    matches = [term.pod_match(snapshot.terms.namespace_labels) for term in terms]
    if len(set(matches)) == 1:
        return snapshot.matches.column(matches[0])
    counts = np.zeros(snapshot.size, np.int64)
    for pod in snapshot.pods.values():
        position = snapshot.position.get(pod.node)
        if position is not None and all(match.matches(pod) for match in matches):
            counts[position] += 1
    return counts


def _spread_scores(raw: Ints) -> Ints:
    """Scale between the lowest (or 0) and the highest (or 0)."""
    low, high = min(int(raw.min()), 0), max(int(raw.max()), 0)
    if high == low:
        return np.zeros(len(raw), np.int64)
    scores: Ints = (MAX_SCORE * ((raw - low) / (high - low))).astype(np.int64)
    return scores
