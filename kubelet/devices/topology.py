"""Which GPUs a container gets when several are free: those that talk fastest to each other.

Mirrors the best-effort policy of NVIDIA's go-gpuallocator (gpuallocator/besteffort_policy.go). Pure: link scores in,
choice out. Among the sets with the fastest links it takes the one that leaves the best for others, and among those the
one with the lowest numbers. Beyond `EXHAUSTIVE` combinations it grows the set one GPU at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import combinations
from math import comb

EXHAUSTIVE = 5_000


class Link(IntEnum):
    """How near two GPUs are; NVLinks count on top, 100 each. The order is NVML's, the numbers go-gpuallocator's."""

    SAME_BOARD = 60
    ONE_SWITCH = 50
    SEVERAL_SWITCHES = 40
    HOST_BRIDGE = 30
    SAME_NUMA = 20
    ACROSS_NUMA = 10
    UNKNOWN = 0


NVLINK = 100

Links = Mapping[frozenset[str], int]


def choose(available: Sequence[str], must: Sequence[str], size: int, links: Links) -> list[str]:
    """`size` of `available` (in order of preference), among them all of `must`."""
    chosen = list(must)[:size]
    rest = [gpu for gpu in available if gpu not in chosen]
    missing = size - len(chosen)
    if missing <= 0 or missing >= len(rest):
        return [*chosen, *rest[: max(0, missing)]]
    if comb(len(rest), missing) > EXHAUSTIVE:
        return _grow(chosen, rest, size, links)

    def worth(extra: tuple[str, ...]) -> tuple[int, int]:
        left = [gpu for gpu in rest if gpu not in extra]
        return score([*chosen, *extra], links), score(left, links)

    best = max(combinations(rest, missing), key=worth)  # the first of equals: the lowest numbers
    return [*chosen, *best]


def score(gpus: Iterable[str], links: Links) -> int:
    """The sum over all pairs."""
    return sum(links.get(frozenset(pair), 0) for pair in combinations(gpus, 2))


def _grow(chosen: list[str], rest: list[str], size: int, links: Links) -> list[str]:
    while len(chosen) < size:
        taken = list(chosen)
        gain = [sum(links.get(frozenset((gpu, other)), 0) for other in taken) for gpu in rest]
        chosen.append(rest.pop(gain.index(max(gain))))
    return chosen


def fake_links(uuids: Sequence[str]) -> dict[frozenset[str], int]:
    """A machine as labs may imagine it: NVLink between 0-1, 2-3, …; a PCIe switch for every four."""
    links = {}
    for (i, a), (j, b) in combinations(enumerate(uuids), 2):
        level = Link.ONE_SWITCH if i // 4 == j // 4 else Link.ACROSS_NUMA
        links[frozenset((a, b))] = level + (2 * NVLINK if i // 2 == j // 2 else 0)
    return links
