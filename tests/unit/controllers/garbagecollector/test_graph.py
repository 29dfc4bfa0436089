"""The picture of owners, and the decision on one object."""

import pytest

from minik8s.controllers.garbagecollector.decide import (
    Decision,
    Delete,
    Keep,
    OwnerState,
    StrikeOwners,
    decide,
)
from minik8s.controllers.garbagecollector.graph import FOREGROUND, ORPHAN, Graph, Node, Reference

S, D, W = OwnerState.SOLID, OwnerState.DANGLING, OwnerState.WAITING


def ref(uid: str, blocking: bool = True, name: str = "") -> Reference:
    return Reference("v1", "Kind", name or uid, uid, blocking)


def node(uid: str, *owners: Reference, deleting: bool = False, finalizers: tuple[str, ...] = ()) -> Node:
    return Node(uid, "v1", "Kind", "ns", uid, owners, deleting, finalizers)


def test_a_deleted_owner_brings_up_its_dependents() -> None:
    graph = Graph()
    graph.put(node("owner"))
    assert graph.put(node("child", ref("owner"))) == set()
    assert graph.remove("owner") == {"child"}
    assert graph.dependents_of("owner")[0].uid == "child"


def test_an_unknown_owner_makes_the_dependent_worth_a_look() -> None:
    graph = Graph()
    assert graph.put(node("child", ref("unknown"))) == {"child"}
    graph.put(node("unknown"))
    child = graph.get("child")
    assert child is not None and graph.owners_are_fine(child)


def test_the_right_uid_under_a_wrong_name_is_not_fine() -> None:
    graph = Graph()
    graph.put(node("owner"))
    assert graph.put(node("child", ref("owner", name="somebody"))) == {"child"}


def test_foreground_brings_up_dependents_and_the_last_one_brings_up_the_owner() -> None:
    graph = Graph()
    graph.put(node("owner"))
    graph.put(node("child", ref("owner")))
    going = node("owner", deleting=True, finalizers=(FOREGROUND,))
    assert graph.put(going) == {"owner", "child"}
    assert graph.put(going) == set(), "told once"
    assert graph.remove("child") == {"owner"}
    assert graph.blocking_dependents_of("owner") == []


def test_a_dependent_that_no_longer_blocks_brings_up_its_owner() -> None:
    graph = Graph()
    graph.put(node("owner", deleting=True, finalizers=(FOREGROUND,)))
    graph.put(node("child", ref("owner")))
    assert "owner" in graph.put(node("child", ref("owner", blocking=False)))
    assert "owner" in graph.put(node("child")) or graph.dependents_of("owner") == []


@pytest.mark.parametrize(
    ("states", "dependents", "finalizers", "expected"),
    [
        ([], 0, (), Keep()),
        ([S], 0, (), Keep()),
        ([S, D], 0, (), StrikeOwners(frozenset({"o1"}))),
        ([S, W], 0, (), StrikeOwners(frozenset({"o1"}))),
        ([D], 2, (), Delete("Background")),
        ([D, D], 0, (), Delete("Background")),
        ([W], 0, (), Delete("Background")),
        ([W], 2, (), Delete("Foreground")),
        ([D], 0, (ORPHAN,), Delete("Orphan")),
        ([D], 0, (FOREGROUND,), Delete("Foreground")),
    ],
)
def test_decide(states: list[OwnerState], dependents: int, finalizers: tuple[str, ...], expected: Decision) -> None:
    owners = [(ref(f"o{number}"), state) for number, state in enumerate(states)]
    own = [node(f"d{number}") for number in range(dependents)]
    assert decide(node("x", finalizers=finalizers), owners, own) == expected


def test_a_circle_is_cut() -> None:
    waiting = node("d", deleting=True, finalizers=(FOREGROUND,))
    assert decide(node("x"), [(ref("o"), W)], [waiting]) == Delete("Foreground", unblock=True)
