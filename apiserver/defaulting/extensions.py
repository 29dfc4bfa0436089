"""Defaults of webhooks, admission policies, custom resource definitions and API services."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def default_mutating_webhooks(obj: Json) -> None:
    _default_webhooks(obj)
    for webhook in obj.get("webhooks") or ():
        webhook["reinvocationPolicy"] = webhook.get("reinvocationPolicy") or "Never"


def default_validating_webhooks(obj: Json) -> None:
    _default_webhooks(obj)


def _default_webhooks(obj: Json) -> None:
    for webhook in obj.get("webhooks") or ():
        webhook["failurePolicy"] = webhook.get("failurePolicy") or "Fail"
        webhook["matchPolicy"] = webhook.get("matchPolicy") or "Equivalent"
        for key in ("namespaceSelector", "objectSelector"):
            if webhook.get(key) is None:
                webhook[key] = {}
        if webhook.get("timeoutSeconds") is None:
            webhook["timeoutSeconds"] = 10
        _default_port((webhook.get("clientConfig") or {}).get("service"))
        for rule in webhook.get("rules") or ():
            rule["scope"] = rule.get("scope") or "*"


def _default_port(service: Json | None) -> None:
    if service is not None and service.get("port") is None:
        service["port"] = 443


def default_admission_policy(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    spec["failurePolicy"] = spec.get("failurePolicy") or "Fail"
    if spec.get("matchConstraints"):
        _default_match(spec["matchConstraints"])


def default_policy_binding(obj: Json) -> None:
    match = (obj.get("spec") or {}).get("matchResources")
    if match:
        _default_match(match)


def _default_match(match: Json) -> None:
    match["matchPolicy"] = match.get("matchPolicy") or "Equivalent"
    for key in ("namespaceSelector", "objectSelector"):
        if match.get(key) is None:
            match[key] = {}
    for rule in [*(match.get("resourceRules") or ()), *(match.get("excludeResourceRules") or ())]:
        rule["scope"] = rule.get("scope") or "*"


def default_crd(obj: Json) -> None:
    """SetDefaults_CustomResourceDefinition(Spec), apiextensions/v1."""
    spec = obj.setdefault("spec", {})
    default_crd_names(spec.setdefault("names", {}))
    conversion = spec.get("conversion")
    if not conversion:
        conversion = spec["conversion"] = {"strategy": "None"}
    _default_port(((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service"))


def default_crd_names(names: Json) -> None:
    kind = names.get("kind") or ""
    if kind:
        names["singular"] = names.get("singular") or kind.lower()
        names["listKind"] = names.get("listKind") or kind + "List"


def default_api_service(obj: Json) -> None:
    _default_port((obj.get("spec") or {}).get("service"))
