"""What plugins are: a filter says which nodes may take a pod and why others may not, a score says which are better.

Mirrors pkg/scheduler/framework/interface.go, over columns instead of one node at a time. A filter looks at all nodes at
once and answers with masks; a score answers for the nodes that are left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Bools, Ints, Snapshot

Scores = npt.NDArray[np.float64]

MAX_SCORE = 100


@dataclass(slots=True)
class Reason:
    """Why nodes may not take a pod. `resolvable`: pods' leaving could change it."""

    text: str
    nodes: Bools
    resolvable: bool = True


@dataclass(slots=True)
class Verdict:
    """A filter's answer: reasons for each node that fails. `whole`: the pod itself is at fault, wherever it goes."""

    reasons: list[Reason] = field(default_factory=list)
    whole: str = ""


class Filter(Protocol):
    """A hard constraint."""

    name: str

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        """None: the constraint does not concern this pod, every node will do."""
        ...


class Score(Protocol):
    """A preference; better nodes have more, between 0 and 100."""

    name: str
    weight: int

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Scores | Ints | None:
        """One number per position in `nodes`; None: no preference."""
        ...


@dataclass(slots=True)
class Decision:
    """What `schedule` found: a node, or why there is none."""

    node: str = ""
    total: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    whole: str = ""
    plugins: frozenset[str] = frozenset()
    fits: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    resolvable: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))  # nodes that preemption could help
    preemption: str = ""

    @property
    def feasible(self) -> int:
        """How many nodes may take the pod."""
        return int(np.count_nonzero(self.fits))

    def message(self) -> str:
        """`0/3 nodes are available: 1 Insufficient cpu, 2 …`, in upstream's words and order."""
        if not self.total:
            return "no nodes available to schedule pods"
        text = f"0/{self.total} nodes are available:"
        if self.whole:
            text += f" {self.whole}."
        elif self.reasons:
            text += f" {', '.join(sorted(f'{count} {reason}' for reason, count in self.reasons.items()))}."
        return f"{text} {self.preemption}" if self.preemption else text


def normalize(raw: Ints | Scores, reverse: bool = False) -> Ints:
    """Scale to 0…100 by the highest (upstream's DefaultNormalizeScore, whole numbers as there)."""
    highest = raw.max() if len(raw) else 0
    if highest == 0:
        return np.full(len(raw), MAX_SCORE if reverse else 0, np.int64)
    scaled = (MAX_SCORE * raw // highest).astype(np.int64)
    return MAX_SCORE - scaled if reverse else scaled
