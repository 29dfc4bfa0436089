"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386)."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api.status import ApiError, BadRequest, RequestEntityTooLarge
from minik8s.apiserver.patch import json_patch, merge_patch
from minik8s.apiserver.patch.plain import go_text

POD = {"metadata": {"name": "a", "labels": {"app": "x"}}, "spec": {"containers": [{"image": "i:1"}]}}


def test_operations() -> None:
    before = copy.deepcopy(POD)
    operations = [
        {"op": "test", "path": "/metadata/labels/app", "value": "x"},
        {"op": "replace", "path": "/spec/containers/0/image", "value": "i:2"},
        {"op": "add", "path": "/spec/containers/-", "value": {"image": "new"}},
        {"op": "add", "path": "/metadata/labels/a~1b", "value": "slash"},
        {"op": "copy", "from": "/metadata/name", "path": "/metadata/labels/copied"},
        {"op": "move", "from": "/metadata/labels/app", "path": "/metadata/labels/moved"},
        {"op": "remove", "path": "/metadata/name"},
    ]
    result = json_patch.apply(POD, operations)
    assert result == {
        "metadata": {"labels": {"moved": "x", "a/b": "slash", "copied": "a"}},
        "spec": {"containers": [{"image": "i:2"}, {"image": "new"}]},
    }
    result["spec"]["containers"].clear()
    assert before == POD


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/metadata/name", "value": "b"},
        {"op": "remove", "path": "/metadata/none"},
        {"op": "replace", "path": "/metadata/none", "value": 1},
        {"op": "add", "path": "/none/inner", "value": 1},
        {"op": "add", "path": "/spec/containers/7", "value": {}},
        {"op": "add", "path": "/spec/containers/x", "value": {}},
        {"op": "replace", "path": "/spec/containers/3/image", "value": 1},
        {"op": "copy", "from": "/none", "path": "/metadata/x"},
        {"op": "bogus", "path": "/metadata"},
        {"op": "add", "path": "/metadata/x"},
        {"op": "add", "value": 1},
        {"path": "/metadata"},
        {"op": "add", "path": "no-slash", "value": 1},
        {"op": "add", "path": "/metadata/name/deeper", "value": 1},
    ],
)
def test_what_cannot_be_applied_is_unprocessable(operation: Any) -> None:
    before = copy.deepcopy(POD)
    first = {"op": "add", "path": "/metadata/touched", "value": True}
    with pytest.raises(ApiError) as error:
        json_patch.apply(POD, [first, operation])
    assert (error.value.code, error.value.reason) == (422, "Invalid")
    assert error.value.message == "the server rejected our request due to an error in our request"
    assert before == POD


@pytest.mark.parametrize("patch", [{}, {"op": "add"}, ["add"], "text", None])
def test_what_is_no_patch_is_a_bad_request(patch: Any) -> None:
    with pytest.raises(BadRequest):
        json_patch.apply(POD, patch)


def test_too_many_operations() -> None:
    with pytest.raises(RequestEntityTooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        json_patch.apply(POD, [{"op": "remove", "path": "/x"}] * 10_001)


@pytest.mark.parametrize(
    ("original", "patch", "expected"),
    [  # the examples of RFC 7386, appendix A, as far as both are objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(original: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy((original, patch))
    assert merge_patch.apply(original, patch) == expected
    assert (original, patch) == before


def test_values_as_go_prints_them() -> None:
    assert go_text({"b": [1, True], "a": None}) == "map[a:<nil> b:[1 true]]"


scalars = st.one_of(st.integers(-5, 5), st.text("ab/~", max_size=3), st.booleans(), st.none())
trees = st.recursive(
    scalars,
    lambda inner: st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("xyz"), trees, max_size=3)


@given(objects, objects)
def test_a_computed_json_patch_leads_to_its_goal(original: Any, goal: Any) -> None:
    before = copy.deepcopy(original)
    assert json_patch.apply(original, jsonpatch.make_patch(original, goal).patch) == goal
    assert original == before


@given(objects, objects)
def test_a_merge_patch_applied_twice_is_applied_once(original: Any, patch: Any) -> None:
    once = merge_patch.apply(original, patch)
    assert merge_patch.apply(once, patch) == once


@given(objects, objects)
def test_a_merge_patch_changes_only_what_it_names(original: Any, patch: Any) -> None:
    result = merge_patch.apply(original, patch)
    for name in original.keys() - patch.keys():
        assert result[name] == original[name]
    assert not {name for name, value in patch.items() if value is None} & result.keys()
