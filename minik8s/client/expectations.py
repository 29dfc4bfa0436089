"""Expectations: what a controller has done that its cache does not show yet.

Mirrors pkg/controller/controller_utils.go (ControllerExpectations and UIDTrackingControllerExpectations, in one). A
controller that creates three pods and looks at its cache at once would see none and create three more. So it first
writes down what it expects; handlers tick off what they see; until all is ticked off, or five minutes have gone by (a
watch event may never come), `satisfied` says no and the controller waits.

    exp.expect_creations(key, 3); create …; on a failed create: exp.creation_observed(key)
    handler on ADDED:   exp.creation_observed(key)
    exp.expect_deletions(key, [uid, …]); delete …; on a failed delete: exp.deletion_observed(key, uid)
    handler on DELETED (or MODIFIED with a deletionTimestamp): exp.deletion_observed(key, uid)
    object gone:        exp.delete(key)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from minik8s.clock import Clock, SystemClock

TIMEOUT = 300.0


@dataclass(slots=True)
class _Expected:
    since: float
    creations: int = 0
    deletions: set[str] = field(default_factory=set)


class Expectations:
    """Per controller key: creations still to be seen, and the uids of deletions still to be seen."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._expected: dict[str, _Expected] = {}

    def expect_creations(self, key: str, count: int) -> None:
        """Before creating `count` objects. Replaces what was expected before, as `SetExpectations` does."""
        self._expected[key] = _Expected(self._clock.monotonic(), creations=count)

    def expect_deletions(self, key: str, uids: Iterable[str]) -> None:
        """Before deleting the objects with these uids."""
        self._expected[key] = _Expected(self._clock.monotonic(), deletions=set(uids))

    def raise_expectations(self, key: str, creations: int = 0, deletions: Iterable[str] = ()) -> None:
        """Add to what is expected already; the five minutes start anew unless something is still to come."""
        if self.satisfied(key):
            self._expected[key] = _Expected(self._clock.monotonic())
        expected = self._expected[key]
        expected.creations += creations
        expected.deletions.update(deletions)

    def creation_observed(self, key: str, count: int = 1) -> None:
        """A creation was seen, or will never come because it failed."""
        expected = self._expected.get(key)
        if expected is not None:
            expected.creations -= count

    def deletion_observed(self, key: str, uid: str) -> None:
        """A deletion was seen, or will never come because it failed. Seeing one twice counts once."""
        expected = self._expected.get(key)
        if expected is not None:
            expected.deletions.discard(uid)

    def satisfied(self, key: str) -> bool:
        """May the controller trust its cache for `key`?"""
        expected = self._expected.get(key)
        if expected is None:
            return True
        if expected.creations <= 0 and not expected.deletions:
            return True
        return self._clock.monotonic() - expected.since > TIMEOUT

    def delete(self, key: str) -> None:
        """The object behind `key` is gone: expect nothing for it."""
        self._expected.pop(key, None)

    def pending(self, key: str) -> tuple[int, int]:
        """(creations, deletions) still expected."""
        expected = self._expected.get(key)
        return (max(0, expected.creations), len(expected.deletions)) if expected else (0, 0)
