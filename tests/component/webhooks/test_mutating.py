"""Mutating webhooks, called by a real API server."""

from __future__ import annotations

from typing import Any

from tests.component.conftest import RunningServer
from tests.component.webhooks.conftest import (
    MUTATING,
    VALIDATING,
    WebhookServer,
    allow,
    configuration,
    deny,
    hook,
    patch,
)

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


def config_map(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": {"start": "yes"}}


async def register(apiserver: RunningServer, *hooks: dict[str, Any], name: str = "test") -> None:
    await apiserver.create(MUTATING, configuration("Mutating", name, *hooks))


async def test_webhooks_build_on_each_other(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/one", patch({"op": "add", "path": "/data/one", "value": "1"}))
    webhook.on("/two", patch({"op": "test", "path": "/data/one", "value": "1"},
                             {"op": "add", "path": "/data/two", "value": "2"}))  # fmt: skip
    await register(apiserver, hook("two.example.com", webhook.config("/two")), name="b")
    await register(apiserver, hook("one.example.com", webhook.config("/one")), name="a")
    created = await apiserver.create(CONFIGMAPS, config_map("m"))
    assert created["data"] == {"start": "yes", "one": "1", "two": "2"}
    assert (await apiserver.call("GET", f"{CONFIGMAPS}/m")).json["data"] == created["data"]


async def test_what_a_webhook_adds_is_defaulted(apiserver: RunningServer, webhook: WebhookServer) -> None:
    added = [{"name": "added", "image": "busybox"}]
    webhook.on("/pods", patch({"op": "add", "path": "/spec/initContainers", "value": added}))
    await register(apiserver, hook("pods.example.com", webhook.config("/pods"), ["pods"]))
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    created = await apiserver.create(PODS, pod)
    (container,) = created["spec"]["initContainers"]
    assert container["terminationMessagePolicy"] == "File"
    mounted = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert mounted == ["/var/run/secrets/kubernetes.io/serviceaccount"]  # admission ran again: the token is there too


async def test_the_changed_object_is_validated(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/bad", patch({"op": "add", "path": "/metadata/labels", "value": {"a": "not a label!"}}))
    await register(apiserver, hook("bad.example.com", webhook.config("/bad")))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("m"))
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")


async def test_a_patch_that_does_not_apply(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/bad", patch({"op": "replace", "path": "/nowhere/at/all", "value": 1}))
    await register(apiserver, hook("bad.example.com", webhook.config("/bad"), failurePolicy="Ignore"))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("m"))
    assert (answer.status, answer.json["reason"]) == (500, "InternalError")


async def test_nothing_can_be_changed_of_a_deletion(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/change", patch({"op": "add", "path": "/data/x", "value": "y"}))
    await register(apiserver, hook("change.example.com", webhook.config("/change"), operations=["DELETE"]))
    await apiserver.create(CONFIGMAPS, config_map("m"))
    answer = await apiserver.call("DELETE", f"{CONFIGMAPS}/m")
    assert answer.status == 500
    assert "attempted to modify the object, which is not supported for this operation" in answer.message


async def test_reinvocation_only_of_those_who_want_it(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/again", allow)
    webhook.on("/once", allow)
    webhook.on("/change", patch({"op": "add", "path": "/data/x", "value": "y"}))
    await register(
        apiserver,
        hook("again.example.com", webhook.config("/again"), reinvocationPolicy="IfNeeded"),
        hook("once.example.com", webhook.config("/once")),
        hook("change.example.com", webhook.config("/change"), reinvocationPolicy="IfNeeded"),
    )
    await apiserver.create(CONFIGMAPS, config_map("m"))
    assert [path for path, _, _ in webhook.calls] == ["/again", "/once", "/change", "/again"]
    assert webhook.seen("/again")[1]["object"]["data"] == {"start": "yes", "x": "y"}


async def test_updates_are_changed_too_and_keep_what_is_the_servers(
    apiserver: RunningServer, webhook: WebhookServer
) -> None:
    created = await apiserver.create(CONFIGMAPS, config_map("m"))
    uid = {"op": "replace", "path": "/metadata/uid", "value": created["metadata"]["uid"]}
    webhook.on("/change", patch({"op": "add", "path": "/data/x", "value": "y"}, uid))
    await register(apiserver, hook("change.example.com", webhook.config("/change")))
    answer = await apiserver.call(
        "PATCH", f"{CONFIGMAPS}/m", {"data": {"z": "1"}}, {"Content-Type": "application/merge-patch+json"}
    )
    assert answer.status == 200
    assert answer.json["data"] == {"start": "yes", "z": "1", "x": "y"}
    assert answer.json["metadata"]["uid"] == created["metadata"]["uid"]


async def test_validating_webhooks_see_the_changed_object(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/change", patch({"op": "add", "path": "/data/x", "value": "y"}))
    webhook.on("/deny", deny("seen"))
    await register(apiserver, hook("change.example.com", webhook.config("/change")))
    validating = configuration("Validating", "v", hook("deny.example.com", webhook.config("/deny")))
    await apiserver.create(VALIDATING, validating)
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("m"))).status == 400
    assert webhook.seen("/deny")[0]["object"]["data"] == {"start": "yes", "x": "y"}


async def test_an_older_version_is_shown_to_a_webhook_that_knows_no_other(
    apiserver: RunningServer, webhook: WebhookServer
) -> None:
    webhook.on("/v1", patch({"op": "add", "path": "/spec/minReplicas", "value": 2}))
    autoscalers = {"groups": ["autoscaling"], "versions": ["v1"]}
    await register(
        apiserver, hook("v1.example.com", webhook.config("/v1"), ["horizontalpodautoscalers"], **autoscalers)
    )
    target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
    resource = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 40}}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "metrics": [{"type": "Resource", "resource": resource}]}
    created = await apiserver.create(
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", {"metadata": {"name": "h"}, "spec": spec}
    )
    assert created["apiVersion"] == "autoscaling/v2" and created["spec"]["minReplicas"] == 2
    (request,) = webhook.seen("/v1")
    assert request["object"]["spec"]["targetCPUUtilizationPercentage"] == 40
    assert request["resource"]["version"] == "v1" and request["requestResource"]["version"] == "v2"


async def test_custom_resources_are_pruned_and_defaulted_after_a_change(
    apiserver: RunningServer, webhook: WebhookServer
) -> None:
    properties = {
        "size": {"type": "integer", "default": 3},
        "data": {"type": "object", "properties": {"known": {"type": "string"}}},
    }
    version = {
        "name": "v1", "served": True, "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
    }  # fmt: skip
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await apiserver.create(definitions, {"metadata": {"name": "things.example.com"}, "spec": spec})
    things = "/apis/example.com/v1/namespaces/default/things"
    await _until_served(apiserver, things)
    webhook.on("/thing", patch({"op": "add", "path": "/data", "value": {"known": "yes", "unknown": "no"}}))
    rules = {"groups": ["example.com"], "versions": ["*"]}
    await register(apiserver, hook("thing.example.com", webhook.config("/thing"), ["things"], **rules))
    created = await apiserver.create(
        things, {"kind": "Thing", "apiVersion": "example.com/v1", "metadata": {"name": "t"}}
    )
    assert created["data"] == {"known": "yes"} and created["size"] == 3


async def test_custom_resources_in_a_version_that_is_not_stored(
    apiserver: RunningServer, webhook: WebhookServer
) -> None:
    open_schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": n, "served": True, "storage": n == "v1", "schema": open_schema} for n in ("v1", "v2")]
    names = {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await apiserver.create(definitions, {"metadata": {"name": "things.example.com"}, "spec": spec})
    things = "/apis/example.com/v2/namespaces/default/things"
    await _until_served(apiserver, things)
    webhook.on("/thing", patch({"op": "add", "path": "/data", "value": "added"}))
    rules = {"groups": ["example.com"], "versions": ["v1"]}
    await register(apiserver, hook("thing.example.com", webhook.config("/thing"), ["things"], **rules))
    created = await apiserver.create(
        things, {"kind": "Thing", "apiVersion": "example.com/v2", "metadata": {"name": "t"}}
    )
    assert (created["apiVersion"], created["data"]) == ("example.com/v2", "added")
    (request,) = webhook.seen("/thing")
    assert request["object"]["apiVersion"] == "example.com/v1" and request["kind"]["version"] == "v1"
    other = (await apiserver.call("GET", things.replace("v2", "v1") + "/t")).json
    assert (other["apiVersion"], other["data"]) == ("example.com/v1", "added")


async def _until_served(apiserver: RunningServer, path: str) -> None:
    import asyncio

    async with asyncio.timeout(10):
        while (await apiserver.call("GET", path)).status != 200:  # noqa: ASYNC110 - a real server has no event for it
            await asyncio.sleep(0.02)
