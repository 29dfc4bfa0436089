"""Strategic merge patch: upstream's rules (strategicpatch/patch_test.go covers the same ground), and properties."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api import apps, core
from minik8s.api.status import ApiError, BadRequest
from minik8s.apiserver.patch import merge_patch, strategic
from minik8s.apiserver.patch.schema import FieldRules


class Table:
    """A schema from a table: merged lists by name."""

    def __init__(self, **keys: str) -> None:
        self.keys = keys

    def field(self, name: str) -> FieldRules:
        if name not in self.keys:
            return FieldRules(schema=self)
        return FieldRules(merges=True, merge_key=self.keys[name], schema=self)


#: items merges by name, tags is a set, plain lists are replaced.
SCHEMA = Table(items="name", inner="name", tags="")


def item(name: str, **values: Any) -> dict[str, Any]:
    return {"name": name, **values}


def check(original: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy((original, patch))
    assert strategic.apply(original, patch, SCHEMA) == expected
    assert (original, patch) == before, "not pure"


def names(result: dict[str, Any], field: str = "items") -> list[str]:
    return [element["name"] for element in result[field]]


@pytest.mark.parametrize(
    ("original", "patch", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"nothing": None}, {"a": 1}),
        ({"m": {"x": 1, "y": 2}}, {"m": {"y": 3, "z": 4}}, {"m": {"x": 1, "y": 3, "z": 4}}),
        ({"m": {"x": 1}}, {"m": {"x": None}}, {"m": {}}),
        ({}, {"m": {"x": 1, "gone": None}}, {"m": {"x": 1}}),
        ({"m": 5}, {"m": {"x": 1}}, {"m": {"x": 1}}),
        ({"m": {"x": 1}}, {"m": "text"}, {"m": "text"}),
        ({"list": [1, 2]}, {"list": [3]}, {"list": [3]}),
        ({"list": [{"name": "a"}]}, {"list": [{"name": "b"}]}, {"list": [{"name": "b"}]}),
    ],
)
def test_maps_and_plain_lists(original: Any, patch: Any, expected: Any) -> None:
    check(original, patch, expected)


@pytest.mark.parametrize(
    ("original", "patch", "expected"),
    [
        pytest.param([item("a", v=1)], [item("b", v=2)], [item("b", v=2), item("a", v=1)], id="added, in front"),
        pytest.param([item("a", v=1, w=1)], [item("a", v=2)], [item("a", v=2, w=1)], id="merged"),
        pytest.param([item("a", v=1)], [item("a", v=None)], [item("a")], id="field removed"),
        pytest.param([item("a"), item("b")], [{"name": "a", "$patch": "delete"}], [item("b")], id="deleted"),
        pytest.param([item("a")], [{"name": "x", "$patch": "delete"}], [item("a")], id="deleted, was not there"),
        pytest.param([item("a"), item("b")], [item("c"), {"$patch": "replace"}], [item("c")], id="replaced"),
        pytest.param([item("a")], [{"$patch": "replace"}], [], id="emptied"),
        pytest.param([item("a")], [], [item("a")], id="nothing"),
        pytest.param(
            [item("a", inner=[item("x", v=1)])],
            [item("a", inner=[item("y", v=2)])],
            [item("a", inner=[item("y", v=2), item("x", v=1)])],
            id="nested",
        ),
    ],
)
def test_lists_merged_by_key(original: Any, patch: Any, expected: Any) -> None:
    check({"items": original}, {"items": patch}, {"items": expected})


def test_a_new_list_loses_its_directives() -> None:
    check({}, {"items": [item("a", gone=None), {"name": "b", "$patch": "delete"}]}, {"items": [item("a")]})
    check({}, {"m": {"$setElementOrder/items": [item("a")], "items": [item("a")]}}, {"m": {"items": [item("a")]}})


def test_replace_and_delete_of_a_map() -> None:
    check({"m": {"x": 1, "y": 2}}, {"m": {"z": 3, "$patch": "replace"}}, {"m": {"z": 3}})
    check({"m": {"x": 1}, "n": 1}, {"m": {"$patch": "delete"}}, {"m": {}, "n": 1})
    check({"a": 1}, {"$patch": "replace", "b": 2}, {"b": 2})


def test_lists_of_scalars_merge_as_sets() -> None:
    check({"tags": ["a", "b"]}, {"tags": ["b", "c"]}, {"tags": ["a", "b", "c"]})
    check({"tags": ["a", "b", "c"]}, {"$deleteFromPrimitiveList/tags": ["b", "x"]}, {"tags": ["a", "c"]})
    check(
        {"tags": ["a", "b"]},
        {"$deleteFromPrimitiveList/tags": ["a"], "tags": ["c"]},
        {"tags": ["c", "b"]},
    )
    check({}, {"$deleteFromPrimitiveList/tags": ["a"]}, {})


def test_retain_keys() -> None:
    check(
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
        {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
        {"strategy": {"type": "Recreate"}},
    )
    check(
        {"items": [item("v", emptyDir={}), item("w")]},
        {"items": [{"$retainKeys": ["name", "hostPath"], "name": "v", "hostPath": {"path": "/x"}}]},
        {"items": [item("v", hostPath={"path": "/x"}), item("w")]},
    )
    check({"m": {"a": 1}}, {"m": {"$retainKeys": ["b"], "b": 2, "c": None}}, {"m": {"b": 2}})


@pytest.mark.parametrize(
    ("server", "patch", "order", "expected"),
    [
        pytest.param("ab", "", "ba", "ba", id="only the order"),
        pytest.param("abc", "", "ca", "bca", id="a server-only element keeps its place"),
        pytest.param("ab", "c", "acb", "acb", id="inserted"),
        pytest.param("xay", "ba", "ba", "bxay", id="server-only elements around"),
        pytest.param("", "ab", "ab", "ab", id="new list"),
        pytest.param("abc", "d", "dcba", "dcba", id="all turned round"),
    ],
)
def test_set_element_order(server: str, patch: str, order: str, expected: str) -> None:
    body: dict[str, Any] = {"$setElementOrder/items": [item(name) for name in order]}
    if patch:
        body["items"] = [item(name, new=True) for name in sorted(patch, key=order.index)]
    original = {"items": [item(name) for name in server]} if server else {}
    assert "".join(names(strategic.apply(original, body, SCHEMA))) == expected


def test_set_element_order_of_scalars_with_deletion() -> None:
    check(
        {"tags": ["a", "b", "c"]},
        {"$setElementOrder/tags": ["d", "c", "a"], "$deleteFromPrimitiveList/tags": ["b"], "tags": ["d"]},
        {"tags": ["d", "c", "a"]},
    )


def test_order_with_a_deleted_element() -> None:
    result = strategic.apply(
        {"items": [item("a"), item("b"), item("c")]},
        {
            "$setElementOrder/items": [item("c"), item("a")],
            "items": [item("c", v=1), {"name": "b", "$patch": "delete"}],
        },
        SCHEMA,
    )
    assert result == {"items": [item("c", v=1), item("a")]}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"m": {"$patch": "bogus"}}, "unknown patch type: bogus"),
        ({"items": [{"v": 1}]}, "map: map[v:1] does not contain declared merge key: name"),
        ({"items": [{"$patch": "delete"}]}, "does not contain declared merge key: name"),
        ({"items": [{"name": "a", "$patch": "merge"}]}, "merging lists cannot yet be specified in the patch"),
        ({"items": ["scalar"]}, "list element types are not identical"),
        ({"m": {"$retainKeys": ["a"], "b": 1}}, "invalid patch format of retainKeys"),
        ({"m": {"$retainKeys": "a"}}, "invalid patch format of retainKeys"),
        ({"$deleteFromPrimitiveList/tags": "a"}, "invalid patch format of primitive list"),
        ({"$setElementOrder/items": "a"}, "invalid patch format of setElementOrder list"),
        ({"$setElementOrder/items": [item("b"), item("c")], "items": [item("c"), item("b")]}, "doesn't match"),
        ({"$setElementOrder/items": [item("b")], "items": [item("c")]}, "doesn't match"),
    ],
)
def test_malformed_patches(patch: Any, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        strategic.apply({"items": [item("a")], "tags": ["x"], "m": {}}, patch, SCHEMA)
    assert message in error.value.message and error.value.code == 400


def test_lists_of_lists() -> None:
    with pytest.raises(ApiError) as error:
        strategic.apply({"tags": [["a"]]}, {"tags": [["b"]]}, SCHEMA)
    assert error.value.code == 422


# --- with the real models ---


def test_a_container_is_changed_by_name() -> None:
    deployment = {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}], "args": ["a", "b"]},
                        {"name": "log", "image": "log:1"},
                    ],
                    "tolerations": [{"key": "x"}],
                }
            }
        }
    }
    patch = {
        "spec": {
            "template": {
                "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}},
                "spec": {
                    "$setElementOrder/containers": [{"name": "web"}, {"name": "log"}],
                    "containers": [
                        {"name": "web", "image": "web:2", "ports": [{"containerPort": 90}], "args": ["c"]},
                    ],
                    "tolerations": [{"key": "y"}],
                },
            }
        }
    }
    pod = strategic.apply(deployment, patch, apps.Deployment)["spec"]["template"]
    web, log = pod["spec"]["containers"]
    assert web["image"] == "web:2" and web["args"] == ["c"] and log == {"name": "log", "image": "log:1"}
    assert sorted(port["containerPort"] for port in web["ports"]) == [80, 90]
    assert pod["spec"]["tolerations"] == [{"key": "y"}]
    assert pod["metadata"]["annotations"] == {"kubectl.kubernetes.io/restartedAt": "now"}


def test_finalizers_and_owners_of_real_objects() -> None:
    pod = {"metadata": {"finalizers": ["a/x"], "ownerReferences": [{"uid": "1", "name": "rs"}]}}
    patch = {
        "metadata": {
            "finalizers": ["b/y"],
            "ownerReferences": [{"uid": "2", "name": "other"}, {"uid": "1", "$patch": "delete"}],
        }
    }
    metadata = strategic.apply(pod, patch, core.Pod)["metadata"]
    assert metadata == {"finalizers": ["b/y", "a/x"], "ownerReferences": [{"uid": "2", "name": "other"}]}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/x"]}}
    assert strategic.apply(pod, patch, core.Pod)["metadata"]["finalizers"] == []


def test_conditions_merge_by_type() -> None:
    pod = {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "x"}]}}
    patch = {"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "mine", "status": "True"}]}}
    conditions = strategic.apply(pod, patch, core.Pod)["status"]["conditions"]
    assert {c["type"]: c["status"] for c in conditions} == {"Ready": "True", "mine": "True"}
    assert conditions[0] == {"type": "Ready", "status": "True", "reason": "x"}


def test_a_volume_source_is_exchanged() -> None:
    pod = {"spec": {"volumes": [{"name": "data", "emptyDir": {}}]}}
    patch = {"spec": {"volumes": [{"$retainKeys": ["name", "secret"], "name": "data", "secret": {"secretName": "s"}}]}}
    volumes = strategic.apply(pod, patch, core.Pod)["spec"]["volumes"]
    assert volumes == [{"name": "data", "secret": {"secretName": "s"}}]


# --- properties ---

scalars = st.one_of(st.integers(-5, 5), st.text("ab", max_size=2), st.booleans())
keys = st.sampled_from(["x", "y", "z"])
elements = st.dictionaries(st.sampled_from(["v", "w"]), scalars, max_size=2)
lists = st.dictionaries(st.sampled_from("abcde"), elements, max_size=4).map(
    lambda named: [{"name": name, **values} for name, values in named.items()]
)
trees = st.recursive(
    scalars, lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(scalars, max_size=2), max_leaves=6
)
objects = st.fixed_dictionaries(
    {}, optional={"items": lists, "tags": st.lists(st.sampled_from("abc"), unique=True), "x": trees, "y": trees}
)


@given(objects, objects)
def test_applying_twice_is_applying_once(original: Any, patch: Any) -> None:
    once = strategic.apply(original, patch, SCHEMA)
    assert strategic.apply(once, patch, SCHEMA) == once


@given(objects, objects)
def test_nothing_is_shared_or_changed(original: Any, patch: Any) -> None:
    before = copy.deepcopy((original, patch))
    result = strategic.apply(original, patch, SCHEMA)
    for value in result.values():
        if isinstance(value, list | dict):
            value.clear()
    assert (original, patch) == before


@given(lists, lists)
def test_a_merged_list_holds_both_and_keeps_both_orders(server: Any, change: Any) -> None:
    merged = names(strategic.apply({"items": server}, {"items": change}, SCHEMA))
    changed = [element["name"] for element in change]
    others = [element["name"] for element in server if element["name"] not in changed]
    assert sorted(merged) == sorted({*changed, *others})
    assert [name for name in merged if name in changed] == changed
    assert [name for name in merged if name in others] == others


@given(lists, st.permutations(list("abcde")))
def test_an_order_is_obeyed(server: Any, order: list[str]) -> None:
    directive = {"$setElementOrder/items": [{"name": name} for name in order]}
    merged = strategic.apply({"items": server}, directive, SCHEMA)
    assert names(merged) == [name for name in order if name in names({"items": server})]


@given(trees, trees)
def test_without_merged_lists_it_is_a_merge_patch(original: Any, patch: Any) -> None:
    before, change = {"x": original}, {"x": patch}
    assert strategic.apply(before, change, SCHEMA) == merge_patch.apply(before, change)
