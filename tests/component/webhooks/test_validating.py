"""Validating webhooks, called by a real API server."""

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
    slow,
)

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "data": {"a": "b"}}


async def register(apiserver: RunningServer, *hooks: dict[str, Any], name: str = "test") -> None:
    await apiserver.create(VALIDATING, configuration("Validating", name, *hooks))


async def test_a_refusal_carries_the_webhooks_words(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("no config maps today", 403, "Forbidden"))
    await register(apiserver, hook("deny.example.com", webhook.config("/deny")))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert (answer.status, answer.json["reason"]) == (403, "Forbidden")
    assert answer.message == 'admission webhook "deny.example.com" denied the request: no config maps today'
    assert (await apiserver.call("GET", f"{CONFIGMAPS}/one")).status == 404


async def test_a_refusal_without_words(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny())
    await register(apiserver, hook("deny.example.com", webhook.config("/deny")))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert answer.status == 400
    assert answer.message == 'admission webhook "deny.example.com" denied the request without explanation'


async def test_the_request_as_the_webhook_sees_it(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/see", allow)
    await register(apiserver, hook("see.example.com", webhook.config("/see"), operations=["*"]))
    await apiserver.create(CONFIGMAPS, config_map("one"))
    body = {"data": {"a": "c"}}
    changed = await apiserver.call(
        "PATCH", f"{CONFIGMAPS}/one?fieldManager=me", body, {"Content-Type": "application/merge-patch+json"}
    )
    assert changed.status == 200
    gone = await apiserver.call("DELETE", f"{CONFIGMAPS}/one", {"gracePeriodSeconds": 0})
    assert gone.status == 200
    created, updated, deleted = webhook.seen("/see")
    assert created["operation"] == "CREATE" and created["oldObject"] is None and created["dryRun"] is False
    assert created["object"]["metadata"]["uid"] and created["object"]["kind"] == "ConfigMap"
    assert created["resource"] == created["requestResource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert created["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert (created["name"], created["namespace"]) == ("one", "default")
    assert created["userInfo"]["username"] == "tester" and "system:masters" in created["userInfo"]["groups"]
    assert created["options"]["kind"] == "CreateOptions"
    assert updated["oldObject"]["data"] == {"a": "b"} and updated["object"]["data"] == {"a": "c"}
    assert updated["options"] == {
        "kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me",
    }  # fmt: skip
    assert deleted["object"] is None and deleted["oldObject"]["data"] == {"a": "c"}
    assert deleted["options"]["gracePeriodSeconds"] == 0 and deleted["options"]["kind"] == "DeleteOptions"
    assert webhook.calls[0][1] == "timeout=10s"


async def test_failure_policies(apiserver: RunningServer, webhook: WebhookServer) -> None:
    untrusted = {"url": f"https://127.0.0.1:{webhook.port}/x"}
    await register(apiserver, hook("open.example.com", untrusted, failurePolicy="Ignore"))
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("one"))).status == 201
    await register(apiserver, hook("closed.example.com", untrusted), name="closed")
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("two"))
    assert (answer.status, answer.json["reason"]) == (500, "InternalError")
    assert answer.message == (
        'Internal error occurred: failed calling webhook "closed.example.com": failed to call webhook: '
        f'Post "https://127.0.0.1:{webhook.port}/x?timeout=10s": '
        "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    )


async def test_timeouts(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/slow", slow(5))
    await register(apiserver, hook("slow.example.com", webhook.config("/slow"), timeoutSeconds=1))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert answer.status == 500
    assert answer.message.endswith('/slow?timeout=1s": context deadline exceeded')


async def test_answers_that_break_the_rules(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/odd", lambda request: {"allowed": True, "uid": "another"})
    webhook.on("/patching", patch({"op": "add", "path": "/data/x", "value": "y"}))
    webhook.on("/broken", lambda request: {"raw": b"oh no", "code": 500})
    for path, expected in (
        ("/odd", "received invalid webhook response: expected response.uid="),
        ("/patching", "received invalid webhook response: validating webhook may not return response.patch"),
        ("/broken", 'failed to call webhook: an error on the server ("oh no") has prevented the request'),
        ("/absent", "failed to call webhook: the server could not find the requested resource"),
    ):
        await register(apiserver, hook("odd.example.com", webhook.config(path)), name="odd")
        answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
        assert answer.status == 500
        assert expected in answer.message
        await apiserver.call("DELETE", f"{VALIDATING}/odd")
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("one"))).status == 201


async def test_selectors_spare_objects_and_namespaces(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("no"))
    await apiserver.create("/api/v1/namespaces", {"metadata": {"name": "watched", "labels": {"watch": "yes"}}})
    selectors = {
        "namespaceSelector": {"matchLabels": {"watch": "yes"}},
        "objectSelector": {"matchExpressions": [{"key": "skip", "operator": "DoesNotExist"}]},
    }
    await register(apiserver, hook("deny.example.com", webhook.config("/deny"), **selectors))
    watched = "/api/v1/namespaces/watched/configmaps"
    assert (await apiserver.call("POST", watched, config_map("one"))).status == 400
    assert (await apiserver.call("POST", watched, config_map("two", skip="me"))).status == 201
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("three"))).status == 201


async def test_a_namespace_is_judged_by_its_own_labels(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("no"))
    selector = {"namespaceSelector": {"matchLabels": {"watch": "yes"}}}
    await register(apiserver, hook("deny.example.com", webhook.config("/deny"), ["namespaces"], **selector))
    refused = await apiserver.call(
        "POST", "/api/v1/namespaces", {"metadata": {"name": "a", "labels": {"watch": "yes"}}}
    )
    assert refused.status == 400
    await apiserver.create("/api/v1/namespaces", {"metadata": {"name": "b"}})


async def test_warnings_reach_the_client(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/warn", lambda request: {"allowed": True, "warnings": ["mind the step"]})
    await register(apiserver, hook("warn.example.com", webhook.config("/warn")))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert (answer.status, answer.headers["warning"]) == (201, '299 - "mind the step"')


async def test_dry_run_asks_only_those_without_side_effects(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/see", allow)
    await register(apiserver, hook("see.example.com", webhook.config("/see"), sideEffects="NoneOnDryRun"))
    answer = await apiserver.call("POST", f"{CONFIGMAPS}?dryRun=All", config_map("one"))
    assert answer.status == 201
    assert [request["dryRun"] for request in webhook.seen("/see")] == [True]


async def test_configurations_are_beyond_the_webhooks_reach(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("no"))
    everything = hook(
        "deny.example.com", webhook.config("/deny"), ["*/*"], operations=["*"], groups=["*"], versions=["*"]
    )
    await register(apiserver, everything)
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("one"))).status == 400
    await apiserver.create(MUTATING, configuration("Mutating", "other"))
    assert (await apiserver.call("DELETE", f"{VALIDATING}/test")).status == 200
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("one"))).status == 201


async def test_many_webhooks_are_asked_at_once(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/slow", slow(0.2))
    await register(apiserver, *(hook(f"h{n}.example.com", webhook.config("/slow")) for n in range(5)))
    assert (await apiserver.call("POST", CONFIGMAPS, config_map("one"))).status == 201
    assert webhook.most_at_once == 5


async def test_streams_scales_and_evictions_are_seen(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("not so"))
    rules = {"operations": ["*"], "groups": ["*"], "versions": ["*"]}
    resources = ["pods/attach", "pods/eviction", "pods/binding", "deployments/scale", "serviceaccounts/token"]
    await register(apiserver, hook("deny.example.com", webhook.config("/deny"), resources, **rules))
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    await apiserver.create("/api/v1/namespaces/default/pods", pod)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod["spec"]}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    await apiserver.create(deployments, {"metadata": {"name": "d"}, "spec": spec})
    meta = {"name": "p", "namespace": "default"}
    asked = [
        ("POST", "/api/v1/namespaces/default/pods/p/attach?stdin=true&container=c", None),
        ("POST", "/api/v1/namespaces/default/pods/p/eviction", {"metadata": meta}),
        ("POST", "/api/v1/namespaces/default/pods/p/binding", {"metadata": meta, "target": {"name": "n"}}),
        ("PUT", f"{deployments}/d/scale", {"metadata": {"name": "d", "namespace": "default"}, "spec": {"replicas": 2}}),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {}}),
    ]
    for method, path, body in asked:
        answer = await apiserver.call(method, path, body)
        assert answer.message == 'admission webhook "deny.example.com" denied the request: not so', path
    requests = webhook.seen("/deny")
    assert [(r["operation"], r["kind"]["kind"], r["subResource"]) for r in requests] == [
        ("CONNECT", "PodAttachOptions", "attach"),
        ("CREATE", "Eviction", "eviction"),
        ("CREATE", "Binding", "binding"),
        ("UPDATE", "Scale", "scale"),
        ("CREATE", "TokenRequest", "token"),
    ]
    assert requests[0]["object"] == {"kind": "PodAttachOptions", "apiVersion": "v1", "stdin": True, "container": "c"}
    assert requests[3]["oldObject"]["spec"] == {"replicas": 1} and requests[3]["object"]["spec"] == {"replicas": 2}


async def test_calls_are_counted(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("no"))
    await register(apiserver, hook("deny.example.com", webhook.config("/deny")))
    await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    page = (await apiserver.call("GET", "/metrics")).body.decode()
    labels = 'name="deny.example.com",type="validating",operation="CREATE"'
    assert (
        f'apiserver_admission_webhook_rejection_count{{{labels},error_type="no_error",rejection_code="400"}} 1' in page
    )


async def test_a_service_leads_to_where_it_is_served(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("seen through the service"))
    service = {"metadata": {"name": "hook"}, "spec": {"ports": [{"port": 443, "targetPort": webhook.port}]}}
    await register(apiserver, hook("deny.example.com", webhook.service_config("/deny")))
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert answer.message.endswith('Post "https://hook.default.svc:443/deny?timeout=10s": service "hook" not found')
    service["spec"]["selector"] = {"app": "hook"}
    await apiserver.create("/api/v1/namespaces/default/services", service)
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert answer.message.endswith('no endpoints available for service "hook"')
    await apiserver.call("DELETE", "/api/v1/namespaces/default/services/hook")
    spec = {"type": "ExternalName", "externalName": "localhost"}
    await apiserver.create("/api/v1/namespaces/default/services", {"metadata": {"name": "hook"}, "spec": spec})
    named = hook("named.example.com", webhook.service_config("/deny", port=webhook.port))
    assert (await apiserver.call("DELETE", f"{VALIDATING}/test")).status == 200
    await register(apiserver, named)
    answer = await apiserver.call("POST", CONFIGMAPS, config_map("one"))
    assert answer.message == 'admission webhook "named.example.com" denied the request: seen through the service'
