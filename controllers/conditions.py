"""Reading and replacing conditions, whatever their kind.

Mirrors the GetCondition/SetCondition helpers that upstream repeats per kind. A condition list is never changed in
place: functions return a new list, so that an object from a cache stays as it was.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Condition(Protocol):
    """What every upstream condition has."""

    type: str
    status: str


C = TypeVar("C", bound=Condition)


def find_condition(conditions: Iterable[C] | None, kind: str) -> C | None:
    return next((condition for condition in conditions or () if condition.type == kind), None)


def without_condition(conditions: Iterable[C], kind: str) -> list[C]:
    return [condition for condition in conditions if condition.type != kind]


def with_condition(conditions: Iterable[C], condition: C) -> list[C]:
    """The list with `condition` in place of the one of its type, at the end as upstream puts it."""
    return [*without_condition(conditions, condition.type), condition]


def replaced_in_place(conditions: Iterable[C], condition: C) -> list[C]:
    """As `with_condition`, but a condition that is there keeps its place in the list."""
    items = list(conditions)
    for index, item in enumerate(items):
        if item.type == condition.type:
            items[index] = condition
            return items
    return [*items, condition]
