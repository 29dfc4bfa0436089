"""How fast nodes of a zone may be evicted: slower when much of the zone fails at once, not at all when everything does.

Mirrors ComputeZoneState and handleDisruption in upstream's pkg/controller/nodelifecycle, and its rate-limited queues
(one token, no burst). When every zone is down it is more likely that we are cut off than that all nodes died.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from minik8s.api import core
from minik8s.controllers.nodelifecycle.health import ready_status

REGION, ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
EXCLUDED = "node.kubernetes.io/exclude-disruption"


class ZoneState(Enum):
    NORMAL = "Normal"
    PARTIAL = "PartialDisruption"
    FULL = "FullDisruption"


@dataclass(frozen=True)
class Rates:
    """Nodes per second."""

    primary: float = 0.1
    secondary: float = 0.01
    threshold: float = 0.55
    large: int = 50


def zone_of(node: core.Node) -> str:
    labels = node.metadata.labels
    return f"{labels.get(REGION, '')}:{labels.get(ZONE, '')}"


def compute_zone_state(ready: list[bool], threshold: float) -> ZoneState:
    """From the readiness of the zone's nodes."""
    bad = ready.count(False)
    if bad and bad == len(ready):
        return ZoneState.FULL
    if bad > 2 and bad / len(ready) >= threshold:
        return ZoneState.PARTIAL
    return ZoneState.NORMAL


def compute_rates(nodes: Iterable[core.Node], rates: Rates) -> dict[str, float]:
    """Zone → evictions per second. All zones down: none at all."""
    zones: dict[str, list[bool]] = defaultdict(list)
    for node in nodes:
        if EXCLUDED not in node.metadata.labels:
            zones[zone_of(node)].append(ready_status(node) == "True")
    states = {zone: compute_zone_state(ready, rates.threshold) for zone, ready in zones.items()}
    if all(state is ZoneState.FULL for state in states.values()):
        return dict.fromkeys(states, 0.0)
    partial = {zone: rates.secondary if len(zones[zone]) > rates.large else 0.0 for zone in zones}
    return {zone: partial[zone] if state is ZoneState.PARTIAL else rates.primary for zone, state in states.items()}


class Limiter:
    """One token per zone; the next comes 1/rate seconds after the last was taken."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}

    def allows(self, zone: str, rate: float, now: float) -> bool:
        return rate > 0 and now - self._taken.get(zone, float("-inf")) >= 1 / rate

    def take(self, zone: str, now: float) -> None:
        """To be called once the deed is done: a failed one costs no token."""
        self._taken[zone] = now
