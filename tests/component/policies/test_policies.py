"""ValidatingAdmissionPolicies and match conditions, in a real API server."""

from __future__ import annotations

from typing import Any

from tests.component.conftest import RunningServer
from tests.component.webhooks.conftest import VALIDATING, WebhookServer, configuration, deny, hook

Json = dict[str, Any]
GROUP = "/apis/admissionregistration.k8s.io/v1"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def deployment(name: str, replicas: int, **labels: str) -> Json:
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"a": "b"}}, "template": pod}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def policy(name: str, *validations: Json, **more: Any) -> Json:
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": list(validations), **more}
    return {"metadata": {"name": name}, "spec": spec}


def binding(name: str, to: str, actions: list[str] | None = None, **more: Any) -> Json:
    return {"metadata": {"name": name}, "spec": {"policyName": to, "validationActions": actions or ["Deny"], **more}}


async def install(apiserver: RunningServer, what: Json, bound: Json) -> None:
    await apiserver.create(f"{GROUP}/validatingadmissionpolicies", what)
    await apiserver.create(f"{GROUP}/validatingadmissionpolicybindings", bound)


async def test_a_denial_in_upstreams_words(apiserver: RunningServer) -> None:
    await install(apiserver, policy("few", {"expression": "object.spec.replicas <= 5"}), binding("here", "few"))
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("many", 6))
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    why = "failed expression: object.spec.replicas <= 5"
    text = f"ValidatingAdmissionPolicy 'few' with binding 'here' denied request: {why}"
    assert answer.message == f'deployments.apps "many" is forbidden: {text}'
    assert answer.json["details"]["causes"] == [{"message": text}]
    await apiserver.create(DEPLOYMENTS, deployment("some", 5))


async def test_messages_reasons_and_variables(apiserver: RunningServer) -> None:
    validation = {
        "expression": "variables.replicas <= variables.limit",
        "messageExpression": "'at most ' + string(variables.limit) + ', not ' + string(variables.replicas)",
        "reason": "Forbidden",
    }
    variables = [
        {"name": "limit", "expression": "2 + 1"},
        {"name": "replicas", "expression": "object.spec.replicas"},
        {"name": "unused", "expression": "object.spec.nothing"},
    ]
    await install(apiserver, policy("p", validation, variables=variables), binding("b", "p"))
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("many", 4))
    assert (answer.status, answer.json["reason"]) == (403, "Forbidden")
    assert answer.message.endswith("denied request: at most 3, not 4")


async def test_warn_does_not_refuse(apiserver: RunningServer) -> None:
    validation = {"expression": "object.spec.replicas <= 5", "message": "too many"}
    await install(apiserver, policy("few", validation), binding("here", "few", ["Warn", "Audit"]))
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("many", 6))
    assert answer.status == 201
    expected = "Validation failed for ValidatingAdmissionPolicy 'few' with binding 'here': too many"
    assert answer.headers["warning"] == f'299 - "{expected}"'


async def test_bindings_choose_namespaces_and_objects(apiserver: RunningServer) -> None:
    chosen = {"objectSelector": {"matchLabels": {"strict": "yes"}}}
    await install(apiserver, policy("none", {"expression": "false"}), binding("strict", "none", matchResources=chosen))
    await apiserver.create(DEPLOYMENTS, deployment("free", 1))
    assert (await apiserver.call("POST", DEPLOYMENTS, deployment("bound", 1, strict="yes"))).status == 422


async def test_parameters_of_a_config_map(apiserver: RunningServer) -> None:
    validation = {"expression": "object.spec.replicas <= int(params.data.limit)", "message": "over the limit"}
    spec = policy("limit", validation, paramKind={"apiVersion": "v1", "kind": "ConfigMap"})
    reference = {"selector": {"matchLabels": {"limits": "yes"}}, "parameterNotFoundAction": "Deny"}
    await install(apiserver, spec, binding("b", "limit", paramRef=reference))
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("d", 2))
    assert "no params found for policy binding with `Deny` parameterNotFoundAction" in answer.message
    for name, limit in (("low", "2"), ("high", "9")):
        meta = {"name": name, "labels": {"limits": "yes"}}
        await apiserver.create(CONFIGMAPS, {"metadata": meta, "data": {"limit": limit}})
    await apiserver.create(DEPLOYMENTS, deployment("d", 2))
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("e", 3))
    assert answer.message.endswith("denied request: over the limit")


async def test_errors_and_the_failure_policy(apiserver: RunningServer) -> None:
    wrong = {"expression": "object.spec.nothing == 1"}
    await install(apiserver, policy("closed", wrong), binding("b", "closed"))
    answer = await apiserver.call("POST", DEPLOYMENTS, deployment("d", 1))
    assert answer.status == 422
    assert "expression 'object.spec.nothing == 1' resulted in error: no such key: nothing" in answer.message
    patch = {"spec": {"failurePolicy": "Ignore"}}
    path = f"{GROUP}/validatingadmissionpolicies/closed"
    await apiserver.call("PATCH", path, patch, {"Content-Type": "application/merge-patch+json"})
    await apiserver.create(DEPLOYMENTS, deployment("d", 1))


async def test_request_old_object_and_namespace(apiserver: RunningServer) -> None:
    validation = {
        "expression": "request.operation == 'CREATE' || oldObject.spec.replicas <= object.spec.replicas",
        "message": "never fewer",
    }
    conditions = [{"name": "not-default", "expression": "namespaceObject.metadata.name == 'default'"}]
    spec = policy("grow", validation, matchConditions=conditions)
    await install(apiserver, spec, binding("b", "grow"))
    await apiserver.create(DEPLOYMENTS, deployment("d", 3))
    merge = {"Content-Type": "application/merge-patch+json"}
    fewer = await apiserver.call("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"replicas": 2}}, merge)
    assert fewer.message.endswith("denied request: never fewer")
    assert (await apiserver.call("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"replicas": 4}}, merge)).status == 200


async def test_expressions_are_checked_when_they_are_stored(apiserver: RunningServer) -> None:
    bad = policy("bad", {"expression": "object.spec."}, failurePolicy="Sometimes")
    answer = await apiserver.call("POST", f"{GROUP}/validatingadmissionpolicies", bad)
    assert answer.status == 422
    fields = {cause["field"] for cause in answer.json["details"]["causes"]}
    assert fields == {"spec.validations[0].expression", "spec.failurePolicy"}
    spoken = policy("bad", {"expression": "authorizer.path('/').check('get').allowed()"})
    answer = await apiserver.call("POST", f"{GROUP}/validatingadmissionpolicies", spoken)
    assert answer.status == 422 and "authorizer" in answer.message
    answer = await apiserver.call(
        "POST", f"{GROUP}/validatingadmissionpolicybindings", binding("b", "p", ["Deny", "Warn"])
    )
    assert "spec.validationActions" in answer.message


async def test_match_conditions_spare_a_webhook(apiserver: RunningServer, webhook: WebhookServer) -> None:
    webhook.on("/deny", deny("no"))
    conditions = [
        {"name": "not-me", "expression": "request.userInfo.username != 'plain'"},
        {"name": "labelled", "expression": "has(object.metadata.labels) && object.metadata.labels['check'] == 'yes'"},
    ]
    one = hook("deny.example.com", webhook.config("/deny"), matchConditions=conditions)
    await apiserver.create(VALIDATING, configuration("Validating", "test", one))
    checked = {"metadata": {"name": "a", "labels": {"check": "yes"}}}
    assert (await apiserver.call("POST", CONFIGMAPS, checked)).status == 400
    assert (await apiserver.call("POST", CONFIGMAPS, checked, token="plain-token")).status == 201
    await apiserver.create(CONFIGMAPS, {"metadata": {"name": "b"}})
