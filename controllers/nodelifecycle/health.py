"""Is a node alive? Judged by when its lease or status last moved, on our own clock. Pure.

Mirrors tryUpdateNodeHealth in upstream's pkg/controller/nodelifecycle/node_lifecycle_controller.go.

Invariant: the node's own timestamps are only compared with each other, never with our clock, so that a node whose
clock is wrong is not taken for dead. Hence a restart of this process grants every node a fresh grace period.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from minik8s.api import coordination, core
from minik8s.api.meta import format_time, parse_time
from minik8s.controllers.conditions import find_condition, replaced_in_place

#: conditions that the kubelet reports; NetworkUnavailable is somebody else's
REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


@dataclass(frozen=True)
class Health:
    """What was last seen of a node, and when (our clock)."""

    heartbeat: str | None
    renewed: str | None
    probed: float


def observe(node: core.Node, lease: coordination.Lease | None, before: Health | None, now: float) -> Health:
    """Update the memory: either signal moving on counts as a sign of life."""
    ready = find_condition(node.status.conditions, "Ready")
    heartbeat = ready.last_heartbeat_time if ready is not None else None
    renewed = lease.spec.renew_time if lease is not None and lease.spec is not None else None
    if before is None:
        created = node.metadata.creation_timestamp
        never = ready is None and renewed is None
        return Health(heartbeat, renewed, parse_time(created) if never and created else now)
    posted = ready is not None and ready.status != "Unknown" and heartbeat != before.heartbeat
    beat = renewed is not None and (before.renewed is None or parse_time(renewed) > parse_time(before.renewed))
    return Health(heartbeat, renewed or before.renewed, now if posted or beat else before.probed)


def is_silent(node: core.Node, health: Health, now: float, grace: float, startup_grace: float) -> bool:
    ready = find_condition(node.status.conditions, "Ready")
    return now - health.probed > (startup_grace if ready is None else grace)


def compute_unknown(node: core.Node, now: float) -> list[core.NodeCondition]:
    """The conditions of a silent node: all that the kubelet would report, Unknown; those that are so, unchanged."""
    conditions: Sequence[core.NodeCondition] = node.status.conditions
    result = list(conditions)
    for kind in REPORTED:
        current = find_condition(result, kind)
        if current is None:
            fresh = core.NodeCondition(
                type=kind, status="Unknown", reason="NodeStatusNeverUpdated",
                message="Kubelet never posted node status.",
                last_heartbeat_time=node.metadata.creation_timestamp, last_transition_time=format_time(now),
            )  # fmt: skip
        elif current.status != "Unknown":
            fresh = current.model_copy(
                update={
                    "status": "Unknown", "reason": "NodeStatusUnknown",
                    "message": "Kubelet stopped posting node status.", "last_transition_time": format_time(now),
                }
            )  # fmt: skip
        else:
            continue
        result = replaced_in_place(result, fresh)
    return result


def ready_status(node: core.Node) -> str:
    """True, False or Unknown; a node that never said anything is Unknown."""
    ready = find_condition(node.status.conditions, "Ready")
    return ready.status if ready is not None else "Unknown"
