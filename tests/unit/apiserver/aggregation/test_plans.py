"""Registration, availability, discovery and OpenAPI of remotes: the pure parts."""

from __future__ import annotations

from typing import Any

from minik8s.api.scheme import SCHEME, Kind
from minik8s.apiserver.aggregation import availability, discovery, openapi, registration
from minik8s.apiserver.aggregation.remote import identity_headers, parse, passed_headers
from minik8s.apiserver.auth.user import User

Json = dict[str, Any]


def api_service(name: str = "v1.a.example.com", **spec: Any) -> Json:
    version, _, group = name.partition(".")
    service = {"namespace": "ns", "name": "svc", "port": 443}
    return {"metadata": {"name": name}, "spec": {"group": group, "version": version, "service": service, **spec}}


def remote(name: str = "v1.a.example.com", **spec: Any) -> Any:
    return parse(api_service(name, **spec))


def custom(group: str) -> Kind:
    return Kind(group, "v1", "Thing", "things", "thing", storage_prefix=f"/registry/{group}/things")


def test_every_group_and_version_is_registered_once() -> None:
    plan = registration.compute_plan([*SCHEME, custom("a.example.com")], {})
    names = [obj["metadata"]["name"] for obj in plan.create]
    assert len(names) == len(set(names)) and {"v1.", "v1.apps", "v2.autoscaling", "v1.a.example.com"} <= set(names)
    assert not any("apiregistration" in name for name in names)
    present = {obj["metadata"]["name"]: obj for obj in plan.create}
    again = registration.compute_plan([*SCHEME, custom("a.example.com")], present)
    assert again.create == () and set(again.mark) == set(names)
    gone = registration.compute_plan(SCHEME, present)
    assert gone.delete == ("v1.a.example.com",)


def test_a_users_api_service_is_left_alone() -> None:
    plan = registration.compute_plan([custom("a.example.com")], {"v1.a.example.com": api_service()})
    assert plan == registration.Plan((), (), ())


def test_conditions_keep_their_time_while_the_status_stays() -> None:
    failed = availability.failed_discovery("u", "one")
    obj = availability.with_condition(api_service(), failed, "t1")
    assert obj is not None and availability.with_condition(obj, failed, "t2") is None
    again = availability.with_condition(obj, availability.failed_discovery("u", "two"), "t2")
    assert again is not None and again["status"]["conditions"][0]["lastTransitionTime"] == "t1"
    passed = availability.with_condition(again, availability.PASSED, "t3")
    assert passed is not None and passed["status"]["conditions"][0]["lastTransitionTime"] == "t3"


def test_endpoints_that_are_not_ready_do_not_count() -> None:
    service = {"spec": {"ports": [{"port": 443}]}}
    piece: Json = {
        "addressType": "IPv4",
        "ports": [{"name": "", "port": 8443}],
        "endpoints": [{"addresses": ["10.0.0.1"]}],
    }
    assert availability.check_service(remote(), service, [piece]) is None
    piece["endpoints"][0]["conditions"] = {"ready": False}
    verdict = availability.check_service(remote(), service, [piece])
    assert verdict is not None and verdict.reason == "MissingEndpoints"


def test_groups_and_versions_go_by_priority() -> None:
    low, high = remote("v1.b.example.com", groupPriorityMinimum=1), remote("v1.a.example.com", groupPriorityMinimum=9)
    newer = remote("v2.a.example.com", groupPriorityMinimum=9, versionPriority=5)
    groups = discovery.extend_groups({"groups": []}, [low, high, newer])["groups"]
    assert [group["name"] for group in groups] == ["a.example.com", "b.example.com"]
    assert groups[0]["preferredVersion"]["version"] == "v2"
    own = {"name": "a.example.com", "versions": [{"version": "v1", "groupVersion": "a.example.com/v1"}]}
    merged = discovery.add_versions(own, [newer, high])
    assert [item["version"] for item in merged["versions"]] == ["v1", "v2"]


def test_what_a_remote_is_told_of_the_user() -> None:
    user = User("jane", "7", ("a", "b"), {"example.com/scope": ["x"]})
    assert identity_headers(user) == [
        (b"x-remote-user", b"jane"), (b"x-remote-uid", b"7"), (b"x-remote-group", b"a"), (b"x-remote-group", b"b"),
        (b"x-remote-extra-example.com%2Fscope", b"x"),
    ]  # fmt: skip
    sent = [(b"authorization", b"secret"), (b"x-remote-user", b"root"), (b"impersonate-user", b"x"), (b"accept", b"y")]
    names = [name for name, _ in passed_headers(sent, User("jane"), "")]
    assert names == [b"accept", b"x-remote-user"]


def test_openapi_names_that_clash_are_renamed_with_their_references() -> None:
    own = {"paths": {}, "definitions": {"Meta": {"a": 1}}}
    part = {"paths": {"/p": {"$ref": "#/definitions/Thing"}},
            "definitions": {"Thing": {"p": {"$ref": "#/definitions/Meta"}}, "Meta": {"a": 2}}}  # fmt: skip
    merged = openapi.merge_v2(own, [part])
    assert merged["definitions"]["Meta"] == {"a": 1} and merged["definitions"]["Meta_v2"] == {"a": 2}
    assert merged["definitions"]["Thing"] == {"p": {"$ref": "#/definitions/Meta_v2"}}
    assert merged["paths"]["/p"] == {"$ref": "#/definitions/Thing"}
    assert (
        openapi.merge_v2(own, [{"paths": {}, "definitions": {"Meta": {"a": 1}}}])["definitions"] == own["definitions"]
    )


def test_openapi_v3_made_of_v2() -> None:
    body = {"name": "body", "in": "body", "schema": {"x": 1}}
    operation = {
        "parameters": [{"name": "limit", "in": "query", "type": "integer"}, body],
        "responses": {"200": {"description": "OK", "schema": {"$ref": "#/definitions/T"}}},
    }  # fmt: skip
    document = openapi.to_v3({"paths": {"/p": {"post": operation}}, "definitions": {"T": {}}}, {"title": "t"})
    made = document["paths"]["/p"]["post"]
    assert made["parameters"] == [{"name": "limit", "in": "query", "schema": {"type": "integer"}}]
    assert made["requestBody"]["content"] == {"*/*": {"schema": {"x": 1}}}
    assert made["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/T"}
