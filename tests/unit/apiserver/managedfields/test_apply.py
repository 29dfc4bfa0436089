"""Ownership over whole histories: apply, force, removal, update, migration from client-side apply, bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import ApiError, BadRequest, Conflict
from minik8s.apiserver.managedfields import entries, profile, scale
from minik8s.apiserver.managedfields.apply import apply, without_managed_fields
from minik8s.apiserver.managedfields.last_applied import ANNOTATION
from minik8s.apiserver.managedfields.update import Write, update

DEPLOYMENT = SCHEME.by_kind("apps", "v1", "Deployment")
CONFIG_MAP = SCHEME.by_kind("", "v1", "ConfigMap")
assert DEPLOYMENT is not None
assert CONFIG_MAP is not None
T1, T2 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z"

Json = dict[str, Any]


def config(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def applied(live: Json | None, body: Json, manager: str, force: bool = False, now: str = T1, sub: str = "") -> Json:
    kind = DEPLOYMENT if body.get("kind") == "Deployment" else CONFIG_MAP
    assert kind is not None
    what = profile.profile_of(kind)
    return apply(what, live or what.empty, body, manager, force, now, sub)


def updated(live: Json, new: Json, manager: str, now: str = T1, sub: str = "") -> Json:
    what = profile.profile_of(DEPLOYMENT if live.get("kind") == "Deployment" else CONFIG_MAP)  # type: ignore[arg-type]
    managed = entries.decode((live.get("metadata") or {}).get("managedFields") or [])
    author = entries.manager_of(manager, entries.UPDATE, what.api_version, sub)
    live, new = without_managed_fields(live), without_managed_fields(new)
    update(Write(what, sub, live, new), managed, author, now)
    return {**new, "metadata": {**new["metadata"], "managedFields": entries.encode(managed)}}


def owners(obj: Json) -> dict[str, Any]:
    return {
        f"{entry['manager']}/{entry['operation']}{'/' + entry['subresource'] if 'subresource' in entry else ''}": entry[
            "fieldsV1"
        ]
        for entry in obj["metadata"].get("managedFields", [])
    }


def test_apply_again_changes_nothing() -> None:
    first = applied(None, config(a="1"), "one")
    again = applied(first, config(a="1"), "one", now=T2)
    assert again == first
    assert first["metadata"]["managedFields"][0] == {
        "manager": "one", "operation": "Apply", "apiVersion": "v1", "time": T1, "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}}},
    }  # fmt: skip


def test_what_is_no_longer_applied_goes() -> None:
    live = applied(None, config(a="1", b="2"), "one")
    live = applied(live, config(a="1"), "one", now=T2)
    assert live["data"] == {"a": "1"}
    assert live["metadata"]["managedFields"][0]["time"] == T2


def test_what_another_owns_too_stays() -> None:
    live = applied(None, config(a="1", b="2"), "one")
    live = applied(live, config(b="2"), "two")
    live = applied(live, config(a="1"), "one")
    assert live["data"] == {"a": "1", "b": "2"}
    assert owners(live) == {"one/Apply": {"f:data": {"f:a": {}}}, "two/Apply": {"f:data": {"f:b": {}}}}


def test_a_manager_that_applies_nothing_is_forgotten() -> None:
    live = applied(None, config(a="1"), "one")
    live = applied(live, {**config(), "data": None}, "one")
    assert not live["data"]
    assert owners(live) == {"one/Apply": {"f:data": {}}}
    live = applied(live, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, "one")
    assert owners(live) == {}


def test_conflicts_name_every_owner() -> None:
    live = applied(None, config(a="1", b="1"), "one")
    live = updated(live, {**live, "data": {"a": "1", "b": "2"}}, "editor")
    with pytest.raises(Conflict) as caught:
        applied(live, config(a="2"), "two")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "one": .data.a'
    assert caught.value.to_status() == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Conflict", "code": 409,
        "message": 'Apply failed with 1 conflict: conflict with "one": .data.a',
        "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}]},
    }  # fmt: skip
    with pytest.raises(Conflict) as caught:
        applied(live, config(a="2", b="3"), "two")
    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "editor" using v1:\n- .data.b\nconflicts with "one":\n- .data.a'
    )


def test_force_takes() -> None:
    live = applied(None, config(a="1", b="1"), "one")
    live = applied(live, config(a="2"), "two", force=True)
    assert live["data"] == {"a": "2", "b": "1"}
    assert owners(live) == {"one/Apply": {"f:data": {"f:b": {}}}, "two/Apply": {"f:data": {"f:a": {}}}}


def test_the_same_value_is_shared() -> None:
    live = applied(None, config(a="1"), "one")
    live = applied(live, config(a="1"), "two")
    assert owners(live) == {"one/Apply": {"f:data": {"f:a": {}}}, "two/Apply": {"f:data": {"f:a": {}}}}


def test_update_takes_what_it_changes() -> None:
    live = applied(None, config(a="1", b="1"), "one")
    live = updated(live, {**live, "data": {"a": "2", "c": "3"}}, "editor", T2)
    assert owners(live) == {"editor/Update": {"f:data": {"f:a": {}, "f:c": {}}}}


def test_an_untracked_object_is_owned_by_before_first_apply() -> None:
    live = {**config(a="1"), "metadata": {"name": "c", "uid": "u"}}
    assert owners(updated(live, {**live, "data": {"a": "2"}}, "x")) == {}
    after = applied(live, config(b="2"), "one")
    assert owners(after) == {
        "one/Apply": {"f:data": {"f:b": {}}},
        "before-first-apply/Update": {"f:data": {".": {}, "f:a": {}}},
    }


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"kind": "Secret"}, BadRequest, "invalid object type: /v1, Kind=Secret"),
        ({"apiVersion": "apps/v1"}, BadRequest, "invalid object type: apps/v1, Kind=ConfigMap"),
        ({"apiVersion": None}, BadRequest, "invalid object type: /, Kind=ConfigMap"),
        ({"metadata": {"managedFields": []}}, BadRequest, "metadata.managedFields must be nil"),
        ({"x": 1}, ApiError,
         "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .x: field not declared in schema"),
    ],
)  # fmt: skip
def test_refused_configurations(change: Json, error: type[ApiError], text: str) -> None:
    with pytest.raises(error) as caught:
        applied(None, config(a="1") | change, "one")
    assert caught.value.message == text
    assert caught.value.code == (400 if error is BadRequest else 500)


def test_kubectl_may_take_over_from_client_side_apply() -> None:
    text = json.dumps(config(a="1", b="1"))
    live = {**config(a="1", b="1"), "metadata": {"name": "c", "annotations": {ANNOTATION: text}}}
    live = updated(profile.profile_of(CONFIG_MAP).empty, live, "kubectl-client-side-apply")  # type: ignore[arg-type]
    live["metadata"]["uid"] = "u"
    with pytest.raises(Conflict):
        applied(live, config(a="2"), "somebody")
    live = applied(live, config(a="2"), "kubectl")
    assert live["data"] == {"a": "2", "b": "1"}
    noted = live["metadata"]["annotations"][ANNOTATION]
    assert noted == '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c"}}\n'
    edited = updated(live, {**live, "data": {"a": "2", "b": "9"}}, "editor")
    with pytest.raises(Conflict, match=r'conflicts with "editor" using v1:\n- \.data\.b'):
        applied(edited, config(a="2", b="1"), "kubectl")


def test_at_most_ten_updaters() -> None:
    live: Json = {**config(), "metadata": {"name": "c"}}
    for number in range(14):
        new = {**live, "data": {**live.get("data", {}), f"k{number:02}": "1"}}
        live = updated(live, new, f"m{number:02}", f"2026-01-01T00:00:{number:02}Z")
    found = owners(live)
    assert len(found) == 10
    assert set(found["ancient-changes/Update"]["f:data"]) - {"."} == {f"f:k{number:02}" for number in range(5)}
    assert "m13/Update" in found


def test_status_and_spec_are_owned_through_their_own_endpoints() -> None:
    live = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "uid": "u"},
            "spec": {"replicas": 1, "selector": {}, "template": {}}, "status": {}}  # fmt: skip
    new = {**live, "spec": {**live["spec"], "replicas": 3}, "status": {"replicas": 2}}  # type: ignore[dict-item]
    seed = applied({**live}, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"a": "b"}}}, "x")
    new["metadata"] = seed["metadata"]
    main = owners(updated(seed, new, "editor"))
    assert main["editor/Update"] == {"f:spec": {"f:replicas": {}}}
    status = owners(updated(seed, new, "controller", sub="status"))
    assert status["controller/Update/status"] == {"f:status": {"f:replicas": {}}}


def test_replicas_through_scale() -> None:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1,
            "minReadySeconds": 2}}  # fmt: skip
    live = applied(None, body, "one")["metadata"]["managedFields"]
    seen = scale.to_scale(live)
    assert [(entry["manager"], entry["apiVersion"], entry["fieldsV1"]) for entry in seen] == [
        ("one", "autoscaling/v1", {"f:spec": {"f:replicas": {}}})
    ]
    assert scale.to_parent(live, seen, "apps/v1") == live
    taken = [{"manager": "hpa", "operation": "Update", "apiVersion": "autoscaling/v1", "time": T2,
              "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}},
              "subresource": "scale"}]  # fmt: skip
    after = scale.to_parent(live, taken, "apps/v1")
    assert [(entry["manager"], entry["apiVersion"], entry["fieldsV1"]) for entry in after] == [
        ("one", "apps/v1", {"f:spec": {"f:minReadySeconds": {}}}),
        ("hpa", "apps/v1", {"f:spec": {"f:replicas": {}}}),
    ]


def test_a_map_owned_alone_gives_its_owner_what_is_in_it() -> None:
    live = updated(profile.profile_of(CONFIG_MAP).empty, config(a="1"), "one")  # type: ignore[arg-type]
    live["metadata"]["uid"] = "u"
    live = updated(live, {**live, "data": {"a": "2"}}, "two")
    assert owners(live)["one/Update"] == {"f:data": {}}
    live = updated(live, {**live, "data": {"a": "2", "b": "3"}}, "three")
    assert owners(live)["one/Update"] == {"f:data": {".": {}, "f:a": {}}}


def test_versions_that_are_no_longer_served_are_dropped() -> None:
    live = applied(None, config(a="1"), "one")
    live["metadata"]["managedFields"].append(
        {"manager": "old", "operation": "Update", "apiVersion": "v0", "fieldsType": "FieldsV1", "fieldsV1": {"f:x": {}}}
    )
    after = applied(live, config(a="2"), "one")
    assert list(owners(after)) == ["one/Apply"]


def test_a_schemaless_custom_kind() -> None:
    kind = Kind("example.com", "v1", "Thing", "things", "thing")
    what = profile.profile_of(kind)
    body = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"},
            "spec": {"list": [1, 2], "map": {"a": 1}}}  # fmt: skip
    live = apply(what, what.empty, body, "one", False, T1)
    other = {**body, "spec": {"map": {"b": 2}}}
    live = apply(what, live, other, "two", False, T1)
    assert live["spec"] == {"list": [1, 2], "map": {"a": 1, "b": 2}}
    with pytest.raises(Conflict):
        apply(what, live, {**body, "spec": {"list": [1]}}, "two", False, T1)


def test_user_agents_and_resets() -> None:
    assert entries.name_from_user_agent("kubectl/v1.33.0 (linux/amd64)") == "kubectl"
    assert entries.name_from_user_agent("a\x00b") == "ab"
    assert len(entries.name_from_user_agent("x" * 300)) == 128
    assert entries.is_reset([])
    assert entries.is_reset([{}])
    assert not entries.is_reset(None)
    assert not entries.is_reset([{"manager": "x"}])
    meta: Json = {}
    entries.keep_reset(b'{"metadata":{"managedFields": [ ]}}', meta)
    assert meta == {"managedFields": [{}]}
    with pytest.raises(ValueError, match="missing fieldsType in managed fields entry 0"):
        entries.decode([{"manager": "x"}])
