"""What evaluating may cost: steps of comprehensions, calls and fields, weighed by the length of what they work on.

Mirrors the runtime cost limits of apiserver/pkg/cel/limits.go (per call and per object), scaled to what this
evaluator does in the same time: about a second for a whole object.
"""

from __future__ import annotations

from minik8s.apiserver.extensions.cel.values import CelError

PER_CALL = 500_000
PER_OBJECT = 1_500_000


class OutOfBudget(CelError):
    """The evaluation was stopped."""


class Budget:
    """Counts down. `limit_call` begins a call, which has a limit of its own."""

    __slots__ = ("_call", "_left")

    def __init__(self, total: int = PER_OBJECT) -> None:
        self._left, self._call = total, PER_CALL

    def limit_call(self) -> None:
        """The next rule begins."""
        self._call = PER_CALL

    @property
    def exhausted(self) -> bool:
        return self._left < 0

    def spend(self, cost: int = 1) -> None:
        self._left -= cost
        self._call -= cost
        if self._call < 0 or self._left < 0:
            raise OutOfBudget("operation cancelled: actual cost limit exceeded")
