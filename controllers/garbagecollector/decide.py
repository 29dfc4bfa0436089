"""What to do with one object, once its owners have been looked up. Pure.

Mirrors attemptToDeleteItem in upstream's pkg/controller/garbagecollector/garbagecollector.go.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from minik8s.controllers.garbagecollector.graph import FOREGROUND, ORPHAN, Node, Reference


class OwnerState(Enum):
    """What a reference turned out to point at."""

    SOLID = "there"
    DANGLING = "gone, or never was"
    WAITING = "there, and waiting for its dependents' end"


@dataclass(frozen=True)
class Keep:
    """Nothing to do."""


@dataclass(frozen=True)
class StrikeOwners:
    """Keep it; strike these owners from its references."""

    uids: frozenset[str]


@dataclass(frozen=True)
class Delete:
    """Delete it, that way; `unblock` first, where a circle of owners would wait for each other."""

    propagation: str
    unblock: bool = False


Decision = Keep | StrikeOwners | Delete


def decide(node: Node, owners: Iterable[tuple[Reference, OwnerState]], dependents: Iterable[Node]) -> Decision:
    """`node` as it is on the server, its references with what they point at, its own dependents."""
    classified = list(owners)
    if not classified:
        return Keep()
    states = {state for _, state in classified}
    if OwnerState.SOLID in states:
        lost = frozenset(ref.uid for ref, state in classified if state is not OwnerState.SOLID)
        return StrikeOwners(lost) if lost else Keep()
    own = list(dependents)
    if OwnerState.WAITING in states and own:
        return Delete("Foreground", unblock=any(dependent.waits_for_dependents for dependent in own))
    if ORPHAN in node.finalizers:
        return Delete("Orphan")
    if FOREGROUND in node.finalizers:
        return Delete("Foreground")
    return Delete("Background")
