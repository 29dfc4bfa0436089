"""Server-side apply of custom resources, by the lists and maps of their schema."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.component.apply.test_apply import apply, owners
from tests.component.conftest import RunningServer

Json = dict[str, Any]
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
THINGS = "/apis/example.com/v1/namespaces/default/things"
SPEC: Json = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "ports": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"],
            "items": {"type": "object", "required": ["port"], "properties": {
                "port": {"type": "integer"}, "name": {"type": "string"}}},
        },
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    },
}  # fmt: skip
CRD: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}}}],
    },
}  # fmt: skip


def thing(**spec: Any) -> Json:
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}


async def test_by_the_schema(apiserver: RunningServer) -> None:
    await apiserver.create(CRDS, CRD)
    async with asyncio.timeout(10):
        while (await apiserver.call("GET", THINGS)).status != 200:  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.02)
    path = f"{THINGS}/t"
    body = thing(size=1, tags=["a"], ports=[{"port": 1, "name": "x"}], whole={"k": "1"})
    await apply(apiserver, path, body, "one", 201)
    both = await apply(apiserver, path, thing(tags=["b"], ports=[{"port": 2}]), "two")
    assert sorted(both["spec"]["tags"]) == ["a", "b"]
    assert sorted(item["port"] for item in both["spec"]["ports"]) == [1, 2]
    assert owners(both)["one/Apply"]["f:spec"] == {
        "f:size": {}, "f:tags": {'v:"a"': {}}, "f:whole": {},
        "f:ports": {'k:{"port":1}': {".": {}, "f:port": {}, "f:name": {}}},
    }  # fmt: skip
    refused = await apply(apiserver, path, thing(whole={"other": "1"}, ports=[{"port": 1, "name": "y"}]), "two", 409)
    assert {cause["field"] for cause in refused["details"]["causes"]} == {".spec.whole", ".spec.ports[port=1].name"}
    wrong = await apply(apiserver, path, thing(size="big"), "one", 500)
    assert wrong["message"].endswith(".spec.size: expected numeric (int or float), got string")
    left = await apply(apiserver, path, thing(size=1), "one")
    assert left["spec"] == {"size": 1, "tags": ["b"], "ports": [{"port": 2}]}
