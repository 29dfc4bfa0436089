"""How many pods on each node match a selector: counted once, then kept up to date.

Spreading and inter-pod affinity ask this for every pod they place, mostly with the same few selectors (one per
ReplicaSet or Service). Asked for the first time, all pods are looked at; from then on each pod that comes or goes is
held against the selectors known. The most recently used 256 are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from minik8s.api.selectors import LabelSelector
from minik8s.scheduler.model import SchedPod

if TYPE_CHECKING:
    from minik8s.scheduler.snapshot import Snapshot

Ints = npt.NDArray[np.int64]

KEPT = 256


@dataclass(frozen=True, slots=True)
class PodMatch:
    """Which pods are meant. `namespaces` None: all of them. Terminating pods count for affinity, not for spreading."""

    selector: LabelSelector
    namespaces: frozenset[str] | None = None
    terminating: bool = True

    def matches(self, pod: SchedPod) -> bool:
        if self.namespaces is not None and pod.namespace not in self.namespaces:
            return False
        return (self.terminating or not pod.terminating) and self.selector.matches(pod.labels)


class MatchCounts:
    """For each PodMatch that was asked for, the number of matching pods per node."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._columns: OrderedDict[PodMatch, Ints] = OrderedDict()

    def column(self, match: PodMatch) -> Ints:
        """Matching pods per node; read-only."""
        column = self._columns.get(match)
        if column is None:
            column = self._columns[match] = self._make(match)
            if len(self._columns) > KEPT:
                self._columns.popitem(last=False)
        else:
            self._columns.move_to_end(match)
        return column

    def count(self, pod: SchedPod, position: int, sign: int) -> None:
        """A pod came (1) or went (-1)."""
        for match, column in self._columns.items():
            if match.matches(pod):
                column[position] += sign

    def grow(self, longer: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> None:
        for match in self._columns:
            self._columns[match] = longer(self._columns[match])

    def _make(self, match: PodMatch) -> Ints:
        column = np.zeros(self._snapshot.size, np.int64)
        for pod in self._snapshot.pods.values():
            position = self._snapshot.position.get(pod.node)
            if position is not None and match.matches(pod):
                column[position] += 1
        return column


@lru_cache(maxsize=1024)
def _parse_selector(text: str) -> LabelSelector:
    import orjson

    return LabelSelector.from_model(orjson.loads(text))


def selector_of(selector: Any) -> LabelSelector:
    """A metav1.LabelSelector as read from a pod; parsed once per text."""
    import orjson

    return _parse_selector(orjson.dumps(selector, option=orjson.OPT_SORT_KEYS).decode())
