"""Deletion: preconditions, grace, finalizers, propagation, collections."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from minik8s.api import core
from tests.component.conftest import RunningServer

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = {"Content-Type": "application/merge-patch+json"}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"containers": [{"name": "c", "image": "busybox"}]} | spec
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": body}


async def test_delete_answers_a_status(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    answer = await apiserver.call("DELETE", f"{CONFIGMAPS}/a")
    assert (answer.status, answer.json["status"]) == (200, "Success")
    assert answer.json["details"] == {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]}
    assert (await apiserver.call("DELETE", f"{CONFIGMAPS}/a")).status == 404


async def test_preconditions(apiserver: RunningServer) -> None:
    created = await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    wrong = await apiserver.call("DELETE", f"{CONFIGMAPS}/a", {"preconditions": {"uid": "x"}})
    assert wrong.status == 409
    assert "the UID in the precondition (x) does not match the UID in record" in wrong.message
    wrong = await apiserver.call("DELETE", f"{CONFIGMAPS}/a", {"preconditions": {"resourceVersion": "1"}})
    assert wrong.status == 409
    right = {"preconditions": {key: created["metadata"][key] for key in ("uid", "resourceVersion")}}
    assert (await apiserver.call("DELETE", f"{CONFIGMAPS}/a", right)).status == 200


async def test_finalizers_hold_an_object_back(apiserver: RunningServer) -> None:
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a", "finalizers": ["example.com/hold"]}})
    answer = await apiserver.call("DELETE", f"{CONFIGMAPS}/a")
    meta = answer.json["metadata"]
    assert meta["deletionTimestamp"] and meta["deletionGracePeriodSeconds"] == 0
    again = await apiserver.call("POST", CONFIGMAPS, {"metadata": {"name": "a"}})
    assert again.message == 'object is being deleted: configmaps "a" already exists'
    more = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    refused = await apiserver.call("PATCH", f"{CONFIGMAPS}/a", more, MERGE)
    assert refused.status == 422
    assert "no new finalizers can be added if the object is being deleted" in refused.message
    released = await apiserver.call("PATCH", f"{CONFIGMAPS}/a", {"metadata": {"finalizers": None}}, MERGE)
    assert released.status == 200
    assert (await apiserver.call("GET", f"{CONFIGMAPS}/a")).status == 404


@pytest.mark.parametrize(
    ("options", "finalizer"),
    [
        ({"propagationPolicy": "Foreground"}, "foregroundDeletion"),
        ({"propagationPolicy": "Orphan"}, "orphan"),
        ({"orphanDependents": True}, "orphan"),
    ],
)
async def test_propagation(apiserver: RunningServer, options: dict[str, Any], finalizer: str) -> None:
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    answer = await apiserver.call("DELETE", f"{CONFIGMAPS}/a", options)
    assert answer.status == (202 if finalizer == "foregroundDeletion" else 200)
    assert answer.json["metadata"]["finalizers"] == [finalizer]


async def test_bad_options(apiserver: RunningServer) -> None:
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    both = {"propagationPolicy": "Orphan", "orphanDependents": True}
    assert (await apiserver.call("DELETE", f"{CONFIGMAPS}/a", both)).status == 422
    assert (await apiserver.call("DELETE", f"{CONFIGMAPS}/a", {"propagationPolicy": "Sideways"})).status == 422


async def test_a_scheduled_pod_goes_gracefully(apiserver: RunningServer) -> None:
    await apiserver.create(PODS, pod("p", nodeName="n1", terminationGracePeriodSeconds=20))
    first = (await apiserver.call("DELETE", f"{PODS}/p")).json["metadata"]
    assert first["deletionGracePeriodSeconds"] == 20
    longer = (await apiserver.call("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 40})).json["metadata"]
    assert longer["deletionGracePeriodSeconds"] == 20, "a period can only be shortened"
    shorter = (await apiserver.call("DELETE", f"{PODS}/p?gracePeriodSeconds=5")).json["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5
    assert shorter["deletionTimestamp"] < first["deletionTimestamp"]
    assert (await apiserver.call("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0})).status == 200
    assert (await apiserver.call("GET", f"{PODS}/p")).status == 404


async def test_an_unscheduled_pod_goes_at_once(apiserver: RunningServer) -> None:
    await apiserver.create(PODS, pod("p"))
    answer = await apiserver.call("DELETE", f"{PODS}/p")
    assert (answer.status, answer.json["kind"]) == (200, "Pod")
    assert (await apiserver.call("GET", f"{PODS}/p")).status == 404


async def test_namespace_terminates_by_finalize(apiserver: RunningServer) -> None:
    namespace = await apiserver.create("/api/v1/namespaces", {"metadata": {"name": "ns"}})
    assert namespace["spec"]["finalizers"] == ["kubernetes"]
    going = (await apiserver.call("DELETE", "/api/v1/namespaces/ns")).json
    assert going["status"]["phase"] == "Terminating" and going["metadata"]["deletionTimestamp"]
    refused = await apiserver.call("POST", "/api/v1/namespaces/ns/configmaps", {"metadata": {"name": "a"}})
    assert refused.status == 403
    assert refused.json["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    going["spec"]["finalizers"] = []
    done = await apiserver.call("PUT", "/api/v1/namespaces/ns/finalize", going)
    assert done.status == 200, done.body
    assert (await apiserver.call("GET", "/api/v1/namespaces/ns")).status == 404


async def test_collection(apiserver: RunningServer) -> None:
    for name in "abc":
        labels = {"keep": "no"} if name != "c" else {"keep": "yes"}
        await apiserver.create(CONFIGMAPS, {"metadata": {"name": name, "labels": labels}})
    answer = await apiserver.call("DELETE", f"{CONFIGMAPS}?labelSelector=keep%3Dno")
    assert answer.status == 200
    assert [item["metadata"]["name"] for item in answer.json["items"]] == ["a", "b"]
    left = (await apiserver.call("GET", CONFIGMAPS)).json["items"]
    assert [item["metadata"]["name"] for item in left] == ["c"]


async def test_racing_deletes_have_one_winner(apiserver: RunningServer) -> None:
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    answers = await asyncio.gather(*(apiserver.call("DELETE", f"{CONFIGMAPS}/a") for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 404, 404, 404, 404]


async def test_racing_patches_all_land(apiserver: RunningServer) -> None:
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "a"}})
    patches = [apiserver.call("PATCH", f"{CONFIGMAPS}/a", {"data": {f"k{n}": "v"}}, MERGE) for n in range(10)]
    assert {answer.status for answer in await asyncio.gather(*patches)} == {200}
    assert len((await apiserver.call("GET", f"{CONFIGMAPS}/a")).json["data"]) == 10


async def test_eviction_spends_a_budget(apiserver: RunningServer) -> None:
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    created = await apiserver.create(PODS, pod("p", nodeName="n1"))
    running = created | {"status": {"phase": "Running"}}
    assert (await apiserver.call("PUT", f"{PODS}/p/status", running)).status == 200
    budget = {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "p"}}}}
    made = await apiserver.create(budgets, budget)
    evict = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    refused = await apiserver.call("POST", f"{PODS}/p/eviction", evict)
    assert (refused.status, refused.json["reason"]) == (429, "TooManyRequests")
    healthy = {"currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2}
    status = {"disruptionsAllowed": 1, "observedGeneration": 1} | healthy
    made = await apiserver.call("PUT", f"{budgets}/b/status", made | {"status": status})
    assert made.status == 200, made.body
    allowed = await apiserver.call("POST", f"{PODS}/p/eviction", evict)
    assert allowed.status == 201, allowed.body
    assert (await apiserver.call("GET", f"{PODS}/p")).json["metadata"]["deletionTimestamp"]
    spent = (await apiserver.call("GET", f"{budgets}/b")).json["status"]
    assert spent["disruptionsAllowed"] == 0 and "p" in spent["disruptedPods"]


async def test_our_own_client_sees_the_same(apiserver: RunningServer) -> None:
    client = apiserver.client()
    made = await client.create(core.ConfigMap.from_dict({"metadata": {"name": "a", "namespace": "default"}}))
    await client.delete(core.ConfigMap, "a", "default", uid=made.metadata.uid)
    assert [item.metadata.name for item in await client.list(core.ConfigMap, "default")] == []
