"""Inter-pod affinity terms of the pods that run: which terms there are, and on which nodes pods carry them.

Mirrors framework.AffinityTerm and NodeInfo.PodsWithAffinity. Replicas share their terms, so there are few different
ones; per term one column counts the pods that carry it, and a pod to be placed is held against the terms, not against
pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from minik8s.api.selectors import NOTHING, LabelSelector
from minik8s.scheduler.matches import PodMatch, selector_of
from minik8s.scheduler.model import SchedPod

if TYPE_CHECKING:
    from minik8s.scheduler.snapshot import Snapshot

Ints = npt.NDArray[np.int64]

REQUIRED_AFFINITY, REQUIRED_ANTI, PREFERRED_AFFINITY, PREFERRED_ANTI = "affinity", "anti", "prefers", "avoids"
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


@dataclass(frozen=True, slots=True)
class Term:
    """One affinity term: pods that it means, and the label that says how near."""

    topology_key: str
    selector: LabelSelector
    namespaces: frozenset[str]
    namespace_selector: LabelSelector = NOTHING
    weight: int = 0

    def matches(self, pod: SchedPod, namespace_labels: Mapping[str, Mapping[str, str]]) -> bool:
        in_namespace = pod.namespace in self.namespaces or self.namespace_selector.matches(
            namespace_labels.get(pod.namespace)
        )
        return in_namespace and self.selector.matches(pod.labels)

    def pod_match(self, namespace_labels: Mapping[str, Mapping[str, str]]) -> PodMatch:
        """The same pods, with the namespaces spelled out."""
        if self.namespace_selector.empty:
            return PodMatch(self.selector)
        selected = {name for name, labels in namespace_labels.items() if self.namespace_selector.matches(labels)}
        return PodMatch(self.selector, self.namespaces | selected)


def terms_of(pod: SchedPod) -> Iterator[tuple[str, Term]]:
    """(kind, term) for every inter-pod term of a pod."""
    for section, required, preferred in (
        ("podAffinity", REQUIRED_AFFINITY, PREFERRED_AFFINITY),
        ("podAntiAffinity", REQUIRED_ANTI, PREFERRED_ANTI),
    ):
        rules = pod.affinity.get(section) or {}
        for term in rules.get(_REQUIRED) or ():
            yield required, _parse(pod, term, 0)
        for weighted in rules.get(_PREFERRED) or ():
            yield preferred, _parse(pod, weighted["podAffinityTerm"], weighted["weight"])


def _parse(pod: SchedPod, term: Mapping[str, Any], weight: int) -> Term:
    namespaces = frozenset(term.get("namespaces") or ())
    namespace_selector = term.get("namespaceSelector")
    if not namespaces and namespace_selector is None:
        namespaces = frozenset([pod.namespace])
    return Term(
        term["topologyKey"],
        selector_of(term.get("labelSelector")),
        namespaces,
        selector_of(namespace_selector),
        weight,
    )


class TermCounts:
    """For each (kind, term) that some pod carries: how many on each node."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.columns: dict[tuple[str, Term], Ints] = {}
        self.namespace_labels: dict[str, Mapping[str, str]] = {}

    def of_kind(self, kind: str) -> Iterator[tuple[Term, Ints]]:
        for (found, term), column in self.columns.items():
            if found == kind:
                yield term, column

    def count(self, pod: SchedPod, position: int, sign: int) -> None:
        """A pod came (1) or went (-1)."""
        if not pod.affinity:
            return
        for entry in terms_of(pod):
            column = self.columns.get(entry)
            if column is None:
                column = self.columns[entry] = np.zeros(self._snapshot.size, np.int64)
            column[position] += sign
            if sign < 0 and not column.any():
                del self.columns[entry]

    def grow(self, longer: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> None:
        for entry in self.columns:
            self.columns[entry] = longer(self.columns[entry])
