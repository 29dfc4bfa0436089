"""Set operations on FieldsV1 dicts, and path elements."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.apiserver.managedfields import elements, sets

A = {"f:a": {}}
AB = {"f:a": {"f:b": {}}}
SELF_AB = {"f:a": {".": {}, "f:b": {}}}

CASES: list[tuple[str, Any, Any, Any]] = [
    ("union", {}, A, A),
    ("union", A, AB, SELF_AB),
    ("union", AB, A, SELF_AB),
    ("union", AB, {"f:a": {"f:c": {}}}, {"f:a": {"f:b": {}, "f:c": {}}}),
    ("intersection", A, AB, {}),
    ("intersection", SELF_AB, A, A),
    ("intersection", SELF_AB, AB, AB),
    ("intersection", SELF_AB, SELF_AB, SELF_AB),
    ("intersection", {"f:a": {}, "f:b": {}}, {"f:b": {}}, {"f:b": {}}),
    ("difference", A, A, {}),
    ("difference", SELF_AB, A, AB),
    ("difference", SELF_AB, AB, A),
    ("difference", A, AB, A),
    ("difference", AB, A, AB),
    ("difference", SELF_AB, SELF_AB, {}),
    ("recursive_difference", SELF_AB, A, {}),
    ("recursive_difference", AB, A, {}),
    ("recursive_difference", SELF_AB, AB, A),
    ("recursive_difference", A, AB, A),
]


@pytest.mark.parametrize(("operation", "left", "right", "expected"), CASES)
def test_operations(operation: str, left: Any, right: Any, expected: Any) -> None:
    before = repr((left, right))
    assert getattr(sets, operation)(left, right) == expected
    assert repr((left, right)) == before


def test_members_and_children() -> None:
    assert sets.has(SELF_AB, ("f:a",))
    assert not sets.has(AB, ("f:a",))
    assert sets.has(AB, ("f:a", "f:b"))
    assert not sets.has(AB, ())
    assert sets.below(SELF_AB, "f:a") == {"f:b": {}}
    assert sets.includes(SELF_AB, "f:a")
    assert not sets.includes(AB, "f:a")


def test_paths_come_in_upstreams_order() -> None:
    fields = sets.of_paths(("f:b", "f:x"), ("f:b",), ("f:a", 'k:{"name":"n"}', "f:c"), ("f:c",))
    assert [elements.path_text(path) for path in sets.paths(fields)] == [".b", ".c", '.a[name="n"].c', ".b.x"]


def test_a_clients_set_is_made_canonical() -> None:
    given = {"f:a": {'k:{ "port": 80, "name":"x" }': {".": {}}, "z:future": {}}, 'v:"x"': {}}
    assert sets.normalized(given) == {"f:a": {'k:{"name":"x","port":80}': {}}, 'v:"x"': {}}
    with pytest.raises(ValueError, match="no JSON object"):
        sets.normalized([])


@pytest.mark.parametrize(
    ("element", "text"),
    [("f:a.b/c", ".a.b/c"), ('k:{"name":"x","port":80}', '[name="x",port=80]'), ('v:"x"', '[="x"]'), ("i:3", "[3]")],
)
def test_elements_as_messages_print_them(element: str, text: str) -> None:
    assert elements.to_text(element) == text


def test_keys_of_list_items() -> None:
    assert elements.keyed({"name": 'a"b'}, ("name",), {}) == 'k:{"name":"a\\"b"}'
    assert elements.keyed({"containerPort": 80}, ("containerPort", "protocol"), {"protocol": "TCP"}) == (
        'k:{"containerPort":80,"protocol":"TCP"}'
    )
    for item, text in [
        ({}, "omits all key fields"),
        (None, "may not have a null element"),
        ([], "may not have non-map elements"),
    ]:
        with pytest.raises(elements.NoElement, match=text):
            elements.keyed(item, ("name",), {})
    for value in ({}, [], None):
        with pytest.raises(elements.NoElement):
            elements.valued(value)
