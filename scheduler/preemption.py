"""Preemption: which pods of lower priority would have to go so that a pod fits, and on which node that hurts least.

Mirrors pkg/scheduler/framework/preemption and plugins/defaultpreemption. Pure: supposes and puts back; binder.py acts.

On each node that could be helped, all pods of lower priority are taken away in thought; if the pod fits then, they
are put back one by one, the important ones first (those whose disruption budget would be violated before all others),
and who does not fit any more is a victim.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minik8s.scheduler.algorithm import Algorithm
from minik8s.scheduler.framework import Decision
from minik8s.scheduler.listers import Object
from minik8s.scheduler.matches import selector_of
from minik8s.scheduler.model import SchedPod, start_of
from minik8s.scheduler.snapshot import Snapshot

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
MIN_CANDIDATES, CANDIDATES_SHARE = 100, 0.1
_PRIORITY_OFFSET = 1 << 31  # makes every priority positive, so that more victims always weigh more


@dataclass(slots=True)
class Candidate:
    """A node, and who would have to leave it (the most important first)."""

    node: str
    victims: list[SchedPod]
    violations: int

    def cost(self) -> tuple[Any, ...]:
        """Upstream's order of preferences; the smallest wins."""
        highest = self.victims[0].priority
        earliest = min(start_of(pod) for pod in self.victims if pod.priority == highest)
        total = sum(pod.priority + _PRIORITY_OFFSET for pod in self.victims)
        return self.violations, highest, total, len(self.victims), -earliest


@dataclass(slots=True)
class Plan:
    """The best candidate, or why there is none."""

    node: str = ""
    victims: list[SchedPod] = field(default_factory=list)
    message: str = ""
    keeps_nomination: bool = False


def plan_preemption(
    pod: SchedPod, snapshot: Snapshot, algorithm: Algorithm, decision: Decision, budgets: list[Object]
) -> Plan:
    """What to do for a pod that `decision` found no node for."""
    refusal = _not_eligible(pod, snapshot, decision)
    if refusal:
        return Plan(message=f"preemption: {refusal}", keeps_nomination=True)
    if not snapshot:
        return Plan()
    candidates, reasons = _candidates(pod, snapshot, algorithm, decision, budgets)
    if not candidates:
        told = Decision(total=len(snapshot), reasons=dict(reasons))
        return Plan(message=f"preemption: {told.message()}")
    best = min(candidates, key=Candidate.cost)
    return Plan(best.node, best.victims)


def _not_eligible(pod: SchedPod, snapshot: Snapshot, decision: Decision) -> str:
    if not pod.preempts:
        return "not eligible due to preemptionPolicy=Never."
    position = snapshot.position.get(pod.nominated_node)
    if position is not None and decision.resolvable[position]:
        leaving = (p for p in snapshot.pods_on.get(pod.nominated_node, {}).values() if p.terminating)
        if any(other.priority < pod.priority for other in leaving):
            return "not eligible due to a terminating pod on the nominated node."
    return ""


def _candidates(
    pod: SchedPod, snapshot: Snapshot, algorithm: Algorithm, decision: Decision, budgets: list[Object]
) -> tuple[list[Candidate], Counter[str]]:
    reasons: Counter[str] = Counter()
    potential = np.flatnonzero(decision.resolvable)
    if len(potential) < len(snapshot):
        reasons[NOT_HELPFUL] = len(snapshot) - len(potential)
    if not snapshot.priorities or min(snapshot.priorities) >= pod.priority:
        reasons[NO_VICTIMS] += len(potential)
        return [], +reasons
    enough = max(MIN_CANDIDATES, int(len(potential) * CANDIDATES_SHARE))
    candidates: list[Candidate] = []
    for position in potential:
        found = select_victims(pod, int(position), snapshot, algorithm, budgets)
        if isinstance(found, Candidate):
            candidates.append(found)
            if len(candidates) >= enough:
                break
        else:
            reasons.update(found)
    return candidates, +reasons


def select_victims(
    pod: SchedPod, position: int, snapshot: Snapshot, algorithm: Algorithm, budgets: list[Object]
) -> Candidate | list[str]:
    """The least that must leave one node; or the reasons why that does not help."""
    node = snapshot.node(position).name
    lower = [p for p in snapshot.pods_on.get(node, {}).values() if p.priority < pod.priority]
    if not lower:
        return [NO_VICTIMS]
    lower.sort(key=lambda p: (-p.priority, start_of(p)))
    with snapshot.supposing(removed=[p.key for p in lower]):
        fits = _fit_on(pod, position, snapshot, algorithm)
        if not fits.fits[position]:
            return [fits.whole] if fits.whole else list(fits.reasons)
        victims: list[SchedPod] = []
        protected = _violating(lower, budgets)
        violations = 0
        reprieved: list[SchedPod] = []
        for other in [*protected, *(p for p in lower if p not in protected)]:
            snapshot.add_pod(other)
            if _fit_on(pod, position, snapshot, algorithm).fits[position]:
                reprieved.append(other)
                continue
            snapshot.remove_pod(other.key)
            victims.append(other)
            violations += other in protected
        for other in reprieved:  # `supposing` puts all of them back itself
            snapshot.remove_pod(other.key)
    victims.sort(key=lambda p: (-p.priority, start_of(p)))
    return Candidate(node, victims, violations)


def _fit_on(pod: SchedPod, position: int, snapshot: Snapshot, algorithm: Algorithm) -> Decision:
    only = Decision(total=1, fits=np.zeros(snapshot.size, np.bool_), resolvable=np.zeros(snapshot.size, np.bool_))
    only.fits[position] = True
    return algorithm.fit(pod, snapshot, only)


def _violating(pods: list[SchedPod], budgets: list[Object]) -> list[SchedPod]:
    """Those whose leaving, in this order, a PodDisruptionBudget would not allow."""
    allowed = [int((budget.get("status") or {}).get("disruptionsAllowed") or 0) for budget in budgets]
    found = []
    for pod in pods:
        violated = False
        for number, budget in enumerate(budgets):
            if not _covers(budget, pod):
                continue
            allowed[number] -= 1
            violated |= allowed[number] < 0
        if violated:
            found.append(pod)
    return found


def _covers(budget: Object, pod: SchedPod) -> bool:
    if budget["metadata"].get("namespace") != pod.namespace or not pod.labels:
        return False
    if pod.name in ((budget.get("status") or {}).get("disruptedPods") or {}):
        return False  # its eviction was granted already
    selector = selector_of((budget.get("spec") or {}).get("selector"))
    return not selector.empty and selector.matches(pod.labels)
