"""Taints and tolerations. Mirrors plugins/tainttoleration and component-helpers' toleration matching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minik8s.scheduler.framework import Reason, Verdict, normalize
from minik8s.scheduler.model import SchedPod, Taint
from minik8s.scheduler.snapshot import Ints, Snapshot

Toleration = Mapping[str, Any]


def tolerates_one(toleration: Toleration, taint: Taint) -> bool:
    """Does this toleration cover this taint? An empty effect covers all, an empty key with Exists everything."""
    if toleration.get("effect") and toleration["effect"] != taint.effect:
        return False
    if toleration.get("key") and toleration["key"] != taint.key:
        return False
    match toleration.get("operator") or "Equal":
        case "Exists":
            return True
        case "Equal":
            return bool(toleration.get("key")) and (toleration.get("value") or "") == taint.value
    return False


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    return any(tolerates_one(toleration, taint) for toleration in tolerations)


def first_untolerated(tolerations: Sequence[Toleration], taints: Iterable[Taint]) -> Taint | None:
    """The taint that keeps the pod away, if any."""
    for taint in taints:
        if taint.effect in ("NoSchedule", "NoExecute") and not tolerates(tolerations, taint):
            return taint
    return None


class TaintToleration:
    """NoSchedule and NoExecute keep pods away; PreferNoSchedule makes a node worse."""

    name = "TaintToleration"
    weight = 3

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        """Decided once for each different set of taints, then spread over the nodes that have it."""
        reasons = []
        for number, taints in enumerate(snapshot.taint_sets):
            taint = first_untolerated(pod.tolerations, taints)
            if taint is not None:
                text = f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
                reasons.append(Reason(text, snapshot.taint_set == number, resolvable=False))
        return Verdict(reasons) if reasons else None

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints | None:
        tolerations = [t for t in pod.tolerations if not t.get("effect") or t["effect"] == "PreferNoSchedule"]
        bad = np.array([_disliked(tolerations, taints) for taints in snapshot.taint_sets], np.int64)
        return normalize(bad[snapshot.taint_set[nodes]], reverse=True)


def _disliked(tolerations: Sequence[Toleration], taints: Iterable[Taint]) -> int:
    return sum(taint.effect == "PreferNoSchedule" and not tolerates(tolerations, taint) for taint in taints)
