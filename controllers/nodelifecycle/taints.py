"""Which taints a node's conditions call for. Pure.

Mirrors nodeConditionToTaintKeyStatusMap, doNoScheduleTaintingPass and processTaintBaseEviction in upstream's
pkg/controller/nodelifecycle/node_lifecycle_controller.go.
"""

from collections.abc import Sequence

from minik8s.api import core
from minik8s.api.meta import format_time

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
#: (condition, status) → taint
BY_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
OURS = {*BY_CONDITION.values(), UNSCHEDULABLE}
#: Ready's status → the NoExecute taint that evicts
EXECUTE = {"False": NOT_READY, "Unknown": UNREACHABLE}


def compute_no_schedule(node: core.Node, now: float) -> list[core.Taint]:
    """All taints of the node, with the NoSchedule ones that mirror its conditions put right."""
    wanted = {
        BY_CONDITION[(condition.type, condition.status)]
        for condition in node.status.conditions
        if (condition.type, condition.status) in BY_CONDITION
    }
    if node.spec.unschedulable:
        wanted.add(UNSCHEDULABLE)
    kept = [taint for taint in node.spec.taints if not _is_ours(taint) or taint.key in wanted]
    present = {taint.key for taint in kept if taint.effect == "NoSchedule"}
    added = [_taint(key, "NoSchedule", now) for key in sorted(wanted - present)]
    return [*kept, *added]


def _is_ours(taint: core.Taint) -> bool:
    return taint.effect == "NoSchedule" and taint.key in OURS


def _taint(key: str, effect: str, now: float) -> core.Taint:
    return core.Taint(key=key, effect=effect, time_added=format_time(now))


def has_execute_taint(node: core.Node) -> bool:
    return any(taint.effect == "NoExecute" and taint.key in (NOT_READY, UNREACHABLE) for taint in node.spec.taints)


def compute_no_execute(taints: Sequence[core.Taint], ready: str, now: float) -> list[core.Taint]:
    """The taints with the evicting one that fits Ready's status, and not the other. Swapping keeps the time."""
    wanted = EXECUTE.get(ready)
    others = [taint for taint in taints if taint.effect != "NoExecute" or taint.key not in (NOT_READY, UNREACHABLE)]
    mine = [taint for taint in taints if taint.effect == "NoExecute" and taint.key == wanted]
    if wanted is None:
        return others
    return [*others, *(mine or [_taint(wanted, "NoExecute", now)])]
