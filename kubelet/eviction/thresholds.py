"""Thresholds: `memory.available<100Mi`, and whether what was measured is below them. Pure.

Mirrors upstream pkg/kubelet/eviction/helpers.go (ParseThresholdConfig, thresholdsMet) and the defaults of
pkg/kubelet/apis/config/v1beta1. Only hard thresholds; soft ones, with their grace periods, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from minik8s.api.quantity import Quantity
from minik8s.kubelet.machine import Machine, Usage

DEFAULT = "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,pid.available<100"

#: signal → (the node's condition, the resource that a pod gives back when it goes), most urgent first
SIGNALS = {
    "memory.available": ("MemoryPressure", "memory"),
    "nodefs.available": ("DiskPressure", "ephemeral-storage"),
    "nodefs.inodesFree": ("DiskPressure", "inodes"),
    "pid.available": ("PIDPressure", "pids"),
}


@dataclass(frozen=True)
class Amount:
    """What there is of something on this node."""

    available: int
    capacity: int


@dataclass(frozen=True)
class Threshold:
    signal: str
    #: at least so much, absolutely or as a share of the capacity
    quantity: int = 0
    share: float = 0.0
    text: str = ""

    def minimum(self, capacity: int) -> int:
        return int(capacity * self.share) if self.share else self.quantity


def parse_thresholds(text: str) -> tuple[Threshold, ...]:
    """`signal<quantity,signal<percent%`. Raises ValueError."""
    found = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        signal, sign, value = item.partition("<")
        if signal not in SIGNALS or not sign or not value:
            raise ValueError(f"invalid eviction threshold {item!r}: one of {', '.join(SIGNALS)}, <, and an amount")
        if value.endswith("%"):
            found.append(Threshold(signal, share=float(value[:-1]) / 100, text=value))
        else:
            found.append(Threshold(signal, quantity=Quantity.parse(value).value(), text=value))
    return tuple(found)


def amounts(usage: Usage, machine: Machine) -> dict[str, Amount]:
    """What was measured, by signal. Of inodes only the share is known."""
    return {
        "memory.available": Amount(usage.memory_available, machine.memory),
        "nodefs.available": Amount(usage.storage_available, machine.storage),
        "nodefs.inodesFree": Amount(int(usage.inodes_free_share * 1_000_000), 1_000_000),
        "pid.available": Amount(usage.pids_free, 1 << 22),
    }


def crossed(thresholds: tuple[Threshold, ...], seen: Mapping[str, Amount]) -> list[Threshold]:
    """Those that are not kept, memory first: it is what the kernel would act on by itself."""
    order = list(SIGNALS)
    bad = [t for t in thresholds if t.signal in seen and _is_below(t, seen[t.signal])]
    return sorted(bad, key=lambda t: order.index(t.signal))


def _is_below(threshold: Threshold, amount: Amount) -> bool:
    minimum = threshold.minimum(amount.capacity)
    return minimum > 0 and amount.available < minimum


def pressures(bad: list[Threshold]) -> frozenset[str]:
    """The node's conditions that are true with these thresholds crossed."""
    return frozenset(SIGNALS[threshold.signal][0] for threshold in bad)
