# ruff: noqa: ASYNC110 - waits on a server; long requests

"""Custom resources against the real server: every verb, as for built-in kinds."""

import asyncio
import json

import pytest

from tests.component.extensions.crds import (
    CRDS,
    GROUP,
    SCHEMA,
    SPEC,
    change,
    condition,
    crd,
    establish,
    gone,
    path,
    tab,
    version,
)

MERGE = {"Content-Type": "application/merge-patch+json"}
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
SUBRESOURCES = {
    "status": {},
    "scale": {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".spec.selector",
    },
}


async def test_it_works_at_once_after_establishment(apiserver):
    for number in range(5):
        plural = f"things{number}"
        await establish(apiserver, crd(plural=plural, kind=f"Thing{number}"))
        obj = tab() | {"kind": f"Thing{number}"}
        created = await apiserver.create(path(plural=plural), obj)
        assert created["metadata"]["generation"] == 1 and created["spec"]["replicas"] == 1
        resources = (await apiserver.call("GET", f"/apis/{GROUP}/v1")).json["resources"]
        assert plural in {one["name"] for one in resources}


async def test_verbs(apiserver):
    await establish(apiserver, crd(version(subresources=SUBRESOURCES)))
    watch = await apiserver.open("GET", path() + "?watch=1")
    created = await apiserver.create(path(), tab(extra=1) | {"status": {"replicas": 7}})
    assert "status" not in created and "extra" not in created["spec"]
    assert (await watch.next())["object"] == created
    assert (await apiserver.call("POST", path(), tab())).status == 409

    answer = await apiserver.call("PATCH", path(name="x"), {"spec": {"replicas": 2}, "status": {"replicas": 5}}, MERGE)
    assert answer.json["metadata"]["generation"] == 2 and "status" not in answer.json
    answer = await apiserver.call(
        "PATCH", path(name="x") + "/status", {"spec": {"replicas": 9}, "status": {"replicas": 5}}, MERGE
    )
    assert answer.json["metadata"]["generation"] == 2
    assert (answer.json["spec"]["replicas"], answer.json["status"]) == (2, {"replicas": 5})
    patch = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
    answer = await apiserver.call("PATCH", path(name="x"), patch, {"Content-Type": "application/json-patch+json"})
    assert answer.json["spec"]["replicas"] == 3 and answer.json["status"] == {"replicas": 5}
    answer = await apiserver.call(
        "PATCH", path(name="x"), {}, {"Content-Type": "application/strategic-merge-patch+json"}
    )
    assert answer.status == 415
    stale = answer = await apiserver.call("PUT", path(name="x"), created)
    assert stale.status == 409
    answer = await apiserver.call("PUT", path(name="x"), tab())
    assert answer.status == 422 and "metadata.resourceVersion" in answer.message

    await apiserver.create(path(), tab("y"))
    table = (await apiserver.call("GET", path(), headers=TABLE)).json
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Age"]
    assert [row["cells"][0] for row in table["rows"]] == ["x", "y"]
    assert (await apiserver.call("DELETE", path(name="x"))).json["status"] == "Success"
    assert (await apiserver.call("DELETE", path())).status == 200
    assert (await apiserver.call("GET", path())).json["items"] == []
    types = [(await watch.next())["type"] for _ in range(6)]
    assert types == ["MODIFIED", "MODIFIED", "MODIFIED", "ADDED", "DELETED", "DELETED"]
    watch.close()


async def test_validation(apiserver):
    await establish(apiserver, crd())
    answer = await apiserver.call("POST", path(), tab(replicas="1"))
    assert answer.status == 422
    assert answer.message == (
        f'CronTab.{GROUP} "x" is invalid: spec.replicas: Invalid value: "string": '
        'spec.replicas in body must be of type integer: "string"'
    )
    assert answer.json["details"]["causes"][0]["reason"] == "FieldValueTypeInvalid"
    answer = await apiserver.call("POST", path() + "?fieldValidation=Strict", tab(foo=1))
    assert answer.status == 400 and 'strict decoding error: unknown field "spec.foo"' in answer.message
    answer = await apiserver.call("POST", path(), tab(foo=1))
    assert answer.status == 201 and 'unknown field \\"spec.foo\\"' in answer.headers["warning"]
    answer = await apiserver.call("POST", path(), {"metadata": {"name": "z"}})
    assert answer.status == 400 and "'Kind' is missing" in answer.message


async def test_scale_and_columns_and_field_selectors(apiserver):
    columns = [
        {"name": "Color", "type": "string", "jsonPath": ".spec.color"},
        {"name": "N", "type": "integer", "jsonPath": ".spec.replicas", "priority": 1},
    ]
    fields = [{"jsonPath": ".spec.color"}]
    shape = version(subresources=SUBRESOURCES, additionalPrinterColumns=columns, selectableFields=fields)
    await establish(apiserver, crd(shape))
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        await apiserver.create(path(), tab(name, color=color, selector="app=x"))
    table = (await apiserver.call("GET", path(), headers=TABLE)).json
    assert [row["cells"] for row in table["rows"]] == [["a", "red", 1], ["b", "blue", 1], ["c", "red", 1]]
    found = (await apiserver.call("GET", path() + "?fieldSelector=spec.color=red")).json["items"]
    assert [one["metadata"]["name"] for one in found] == ["a", "c"]
    answer = await apiserver.call("GET", path() + "?fieldSelector=spec.replicas=1")
    assert (answer.status, answer.message) == (400, "field label not supported: spec.replicas")
    scale = (await apiserver.call("GET", path(name="a") + "/scale")).json
    assert (scale["spec"], scale["status"]) == ({"replicas": 1}, {"replicas": 0, "selector": "app=x"})
    scale["spec"]["replicas"] = 4
    assert (await apiserver.call("PUT", path(name="a") + "/scale", scale)).json["spec"] == {"replicas": 4}
    changed = (await apiserver.call("GET", path(name="a"))).json
    assert (changed["spec"]["replicas"], changed["metadata"]["generation"]) == (4, 2)


async def test_rules_in_cel(apiserver):
    spec = SPEC | {
        "x-kubernetes-validations": [
            {"rule": "self.replicas < 5 || self.color == 'red'", "message": "many are red"},
            {"rule": "!has(oldSelf.color) || self.color == oldSelf.color", "message": "color is immutable"},
        ]
    }
    await establish(apiserver, crd(version(schema={"type": "object", "properties": {"spec": spec}})))
    await apiserver.create(path(), tab(replicas=7, color="red"))
    answer = await apiserver.call("POST", path(), tab("y", replicas=7, color="blue"))
    assert answer.status == 422 and 'spec: Invalid value: "object": many are red' in answer.message
    answer = await apiserver.call("PATCH", path(name="x"), {"spec": {"color": "blue", "replicas": 1}}, MERGE)
    assert answer.status == 422 and "color is immutable" in answer.message
    answer = await apiserver.call("POST", CRDS, crd(version(schema={
        "type": "object", "x-kubernetes-validations": [{"rule": "self.nothing == 1"}],
    }), plural="others", kind="Other"))  # fmt: skip
    assert answer.status == 422 and "undefined field 'nothing'" in answer.message


async def test_documents_follow(apiserver):
    await establish(apiserver, crd(names={"shortNames": ["ct"]}))
    accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    groups = {
        item["metadata"]["name"]: item for item in (await apiserver.call("GET", "/apis", headers=accept)).json["items"]
    }
    resource = groups[GROUP]["versions"][0]["resources"][0]
    assert (resource["shortNames"], resource["categories"]) == (["ct"], ["all"])
    name = "com.example.stable.v1.CronTab"
    v2 = (await apiserver.call("GET", "/openapi/v2")).json["definitions"][name]
    assert v2["properties"]["spec"]["properties"]["replicas"]["maximum"] == 10
    v3 = (await apiserver.call("GET", f"/openapi/v3/apis/{GROUP}/v1")).json
    assert v3["components"]["schemas"][name]["properties"]["spec"]["required"] == ["cronSpec"]
    patch = v3["paths"][path(namespace="{namespace}", name="{name}")]["patch"]["requestBody"]["content"]
    assert "application/strategic-merge-patch+json" not in patch  # else kubectl apply would send one

    def edit(found):
        properties = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        properties["spec"]["properties"]["added"] = {"type": "string"}

    await change(apiserver, f"crontabs.{GROUP}", edit)
    async with asyncio.timeout(1):
        while "added" not in json.dumps((await apiserver.call("GET", f"/openapi/v3/apis/{GROUP}/v1")).json):
            await asyncio.sleep(0.01)
    await apiserver.call("DELETE", f"{CRDS}/crontabs.{GROUP}")
    await gone(apiserver, f"{CRDS}/crontabs.{GROUP}")
    assert name not in (await apiserver.call("GET", "/openapi/v2")).json["definitions"]
    assert (await apiserver.call("GET", f"/apis/{GROUP}")).status == 404
    assert (await apiserver.call("GET", path())).status == 404


async def test_deletion_takes_the_instances_along_and_waits_for_their_finalizers(apiserver):
    await establish(apiserver, crd())
    await apiserver.create(path(), tab("free"))
    held = tab("held")
    held["metadata"]["finalizers"] = ["example.com/mine"]
    await apiserver.create(path(), held)
    watch = await apiserver.open("GET", path() + "?watch=1")
    assert {(await watch.next())["object"]["metadata"]["name"] for _ in range(2)} == {"free", "held"}
    answer = await apiserver.call("DELETE", f"{CRDS}/crontabs.{GROUP}")
    assert answer.json["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    events = {(event := await watch.next())["type"]: event["object"]["metadata"]["name"] for _ in range(2)}
    assert events == {"DELETED": "free", "MODIFIED": "held"}
    found = await condition(apiserver, f"crontabs.{GROUP}", "Terminating")
    assert found["metadata"]["deletionTimestamp"]
    assert (await apiserver.call("POST", path(), tab("late"))).status == 405
    answer = await apiserver.call("PATCH", path(name="held"), {"metadata": {"finalizers": None}}, MERGE)
    await gone(apiserver, f"{CRDS}/crontabs.{GROUP}")
    watch.close()
    await establish(apiserver, crd())
    assert (await apiserver.call("GET", path())).json["items"] == []


async def test_names_that_are_taken(apiserver):
    await establish(apiserver, crd())
    await apiserver.create(CRDS, crd(plural="others"))
    found = await condition(apiserver, f"others.{GROUP}", "NamesAccepted", "False")
    assert (await apiserver.call("GET", path(plural="others"))).status == 404
    assert (
        next(c for c in found["status"]["conditions"] if c["type"] == "NamesAccepted")["reason"] == "ListKindConflict"
    )
    await apiserver.call("DELETE", f"{CRDS}/crontabs.{GROUP}")
    await condition(apiserver, f"others.{GROUP}", "Established")
    assert (await apiserver.call("GET", path(plural="others"))).status == 200


async def test_a_schema_that_changes_rules_what_is_stored_already(apiserver):
    await establish(apiserver, crd())
    await apiserver.create(path(), tab(color="red"))
    watch = await apiserver.open("GET", path() + "?watch=1")
    await watch.next()

    def edit(found):
        properties = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        del properties["color"]
        properties["size"] = {"type": "integer", "default": 5}

    await change(apiserver, f"crontabs.{GROUP}", edit)
    assert await watch.next() is None  # as upstream, watches under the old schema end
    for where in (path(name="x"), path()):
        answer = (await apiserver.call("GET", where)).json
        spec = (answer.get("items") or [answer])[0]["spec"]
        assert spec == {"cronSpec": "* * * * *", "replicas": 1, "size": 5}
    again = await apiserver.open("GET", path() + "?watch=1")
    assert (await again.next())["object"]["spec"]["size"] == 5
    again.close()


async def test_several_versions_without_conversion(apiserver):
    await establish(apiserver, crd(version("v1"), version("v2", storage=False)))
    await apiserver.create(path("v2"), tab(version="v2"))
    assert (await apiserver.call("GET", path("v1", name="x"))).json["apiVersion"] == f"{GROUP}/v1"
    listed = (await apiserver.call("GET", path("v2"))).json
    assert listed["items"][0]["apiVersion"] == listed["apiVersion"] == f"{GROUP}/v2"
    watch = await apiserver.open("GET", path("v2") + "?watch=1")
    assert (await watch.next())["object"]["apiVersion"] == f"{GROUP}/v2"
    answer = await apiserver.call("PATCH", path("v2", name="x"), {"spec": {"replicas": 4}}, MERGE)
    assert answer.json["apiVersion"] == f"{GROUP}/v2"
    event = await watch.next()
    assert (event["object"]["apiVersion"], event["object"]["spec"]["replicas"]) == (f"{GROUP}/v2", 4)
    watch.close()

    def move_storage(found):
        for one in found["spec"]["versions"]:
            one["storage"] = one["name"] == "v2"

    found = await change(apiserver, f"crontabs.{GROUP}", move_storage)
    assert found["status"]["storedVersions"] == ["v1", "v2"]
    store = apiserver.server.store
    key = f"/registry/{GROUP}/crontabs/default/x"
    before = (await apiserver.call("GET", path("v2", name="x"))).json
    async with asyncio.timeout(5):  # until the definition's change has come through
        while b'"apiVersion":"%b/v2"' % GROUP.encode() not in (await store.get(key)).value:
            assert (await apiserver.call("PUT", path("v2", name="x"), before)).status == 200
            before = (await apiserver.call("GET", path("v2", name="x"))).json
    assert (await apiserver.call("GET", path("v1", name="x"))).json["spec"]["replicas"] == 4


async def test_a_deprecated_version_warns(apiserver):
    old = version("v1beta1", storage=False, deprecated=True)
    await establish(apiserver, crd(version("v1"), old))
    answer = await apiserver.call("POST", path("v1beta1"), tab(version="v1beta1"))
    assert f"{GROUP}/v1beta1 CronTab is deprecated" in answer.headers["warning"]
    answer = await apiserver.call("GET", path("v1beta1"))
    assert f"{GROUP}/v1beta1 CronTab is deprecated" in answer.headers["warning"]


async def test_cluster_scope_and_embedded_resources(apiserver):
    pod = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    schema = {
        "type": "object",
        "properties": {"pod": pod, "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    await establish(apiserver, crd(version(schema=schema), scope="Cluster"))
    where = f"/apis/{GROUP}/v1/crontabs"
    body = {"apiVersion": f"{GROUP}/v1", "kind": "CronTab", "metadata": {"name": "x", "generation": 9}}
    body |= {
        "pod": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "junk": 1}, "any": 1},
        "free": {"a": [1]},
    }
    created = await apiserver.create(where, body)
    assert created["pod"] == {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "any": 1}
    assert created["free"] == {"a": [1]} and created["metadata"]["generation"] == 1
    del body["pod"]["kind"]
    answer = await apiserver.call("POST", where, body | {"metadata": {"name": "y"}})
    assert answer.status == 422 and "pod.kind: Required value" in answer.message
    assert (await apiserver.call("GET", path())).status == 404


@pytest.mark.parametrize("schema", [SCHEMA])
async def test_generate_name_dry_run_and_labels(apiserver, schema):
    await establish(apiserver, crd(version(schema=schema)))
    obj = tab()
    obj["metadata"] = {"generateName": "tab-", "labels": {"a": "b"}}
    first = await apiserver.create(path(), obj)
    assert first["metadata"]["name"].startswith("tab-")
    await apiserver.create(path() + "?dryRun=All", tab("ghost"))
    found = (await apiserver.call("GET", path() + "?labelSelector=a=b")).json["items"]
    assert [one["metadata"]["name"] for one in found] == [first["metadata"]["name"]]
    assert (await apiserver.call("GET", path(name="ghost"))).status == 404
