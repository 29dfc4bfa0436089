"""schedule(pod, snapshot) → Decision: which node, or why none.

Mirrors pkg/scheduler/schedule_one.go (findNodesThatFitPod, prioritizeNodes, selectHost). Pure: reads the snapshot,
decides, changes nothing; the same pod, snapshot and seed give the same node.

A node's reason is that of the first filter, in upstream's order, which it fails; so the counts in the message add up
to the number of nodes (but for one filter that names several reasons for a node, like two resources that are short).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import numpy as np

from minik8s.scheduler.framework import Decision, Filter, Score, Verdict
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Ints, Snapshot


class Algorithm:
    """Filters and scores in their order, and the dice for ties."""

    def __init__(self, filters: Sequence[Filter], scores: Sequence[Score], seed: int | None = None) -> None:
        self.filters = filters
        self.scores = scores
        self._dice = random.Random(seed)

    def schedule(self, pod: SchedPod, snapshot: Snapshot, nominated: Iterable[SchedPod] = ()) -> Decision:
        """Decide. `nominated`: pods of no lower priority that preempted for a place and wait for it."""
        decision = self.fit(pod, snapshot)
        waiting = [other for other in nominated if other.key != pod.key]
        if waiting and decision.feasible:
            # the place must do with them and without: an affinity might lean on one that never comes
            with snapshot.supposing(added=[other.assigned(other.nominated_node) for other in waiting]):
                decision = self.fit(pod, snapshot, decision)
        if decision.feasible:
            chosen = self.select(pod, snapshot, np.flatnonzero(decision.fits))
            decision.node = snapshot.node(chosen).name
        return decision

    def fit(self, pod: SchedPod, snapshot: Snapshot, earlier: Decision | None = None) -> Decision:
        """Run the filters, over all nodes or over those that an earlier run has left."""
        decision = Decision(total=len(snapshot), fits=snapshot.alive.copy())
        decision.resolvable = np.zeros(snapshot.size, np.bool_)
        if earlier is not None:
            decision.fits, decision.resolvable = earlier.fits.copy(), earlier.resolvable.copy()
            decision.reasons, decision.plugins = dict(earlier.reasons), earlier.plugins
        for plugin in self.filters:
            verdict = plugin.filter(pod, snapshot)
            if verdict is not None:
                _apply(decision, plugin.name, verdict)
            if not decision.fits.any():
                break
        return decision

    def select(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> int:
        """The best of the nodes that fit; the dice decide among equals."""
        if len(nodes) == 1:
            return int(nodes[0])
        total = self.total_scores(pod, snapshot, nodes)
        best = nodes[total == total.max()]
        return int(best[self._dice.randrange(len(best))])

    def total_scores(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints:
        """The weighted sum of all scores, per node."""
        total = np.zeros(len(nodes), np.int64)
        for plugin in self.scores:
            scores = plugin.score(pod, snapshot, nodes)
            if scores is not None:
                total += plugin.weight * scores.astype(np.int64)
        return total


def _apply(decision: Decision, plugin: str, verdict: Verdict) -> None:
    """Take one filter's answer into the decision."""
    if verdict.whole:
        decision.whole = verdict.whole
        decision.plugins |= {plugin}
        decision.fits[:] = decision.resolvable[:] = False
        return
    failed = np.zeros(len(decision.fits), np.bool_)
    stuck = failed.copy()
    for reason in verdict.reasons:
        hit = reason.nodes & decision.fits
        count = int(np.count_nonzero(hit))
        if count:
            decision.reasons[reason.text] = decision.reasons.get(reason.text, 0) + count
            failed |= hit
            if not reason.resolvable:
                stuck |= hit
    if failed.any():
        decision.plugins |= {plugin}
        decision.resolvable |= failed & ~stuck
        decision.fits &= ~failed
