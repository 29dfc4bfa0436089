"""Webhook configurations, custom resource definitions, API services.

Mirrors `admissionregistration/validation` and `kube-aggregator/pkg/apis/apiregistration/validation`; custom resource
definitions are checked in extensions/definition.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    check_enum,
    check_label_selector,
    check_object_meta,
    check_object_meta_update,
)

Json = dict[str, Any]

_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")


def _check_webhooks(errors: Errors, obj: Json, mutating: bool) -> None:
    seen: set[str] = set()
    for index, webhook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", webhook.get("name") or ""
        if name in seen:
            errors.append(FieldError.duplicate(f"{path}.name", name))
        seen.add(name)
        _check_qualified(errors, name, f"{path}.name")
        for position, rule in enumerate(webhook.get("rules") or ()):
            _check_rule(errors, rule, f"{path}.rules[{position}]")
        check_enum(errors, webhook.get("failurePolicy"), ("Fail", "Ignore"), f"{path}.failurePolicy", required=False)
        check_enum(errors, webhook.get("matchPolicy"), ("Equivalent", "Exact"), f"{path}.matchPolicy", required=False)
        if webhook.get("matchConditions"):
            from minik8s.apiserver.policies.validation import check_conditions

            check_conditions(errors, webhook["matchConditions"], f"{path}.matchConditions")
        _check_effects(errors, webhook, path)
        seconds = webhook.get("timeoutSeconds")
        if seconds is not None and not 1 <= seconds <= 30:
            errors.append(
                FieldError.invalid(
                    f"{path}.timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds"
                )
            )
        for key in ("namespaceSelector", "objectSelector"):
            check_label_selector(errors, webhook.get(key), f"{path}.{key}")
        if mutating:
            policy = webhook.get("reinvocationPolicy")
            check_enum(errors, policy, ("IfNeeded", "Never"), f"{path}.reinvocationPolicy", required=False)
        _check_client(errors, webhook.get("clientConfig") or {}, f"{path}.clientConfig")


def _check_effects(errors: Errors, webhook: Json, path: str) -> None:
    effects = webhook.get("sideEffects")
    if not effects:
        errors.append(FieldError.required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun"))
    elif effects not in ("None", "NoneOnDryRun"):
        errors.append(FieldError.not_supported(f"{path}.sideEffects", effects, ["None", "NoneOnDryRun"]))
    versions = webhook.get("admissionReviewVersions") or []
    if not versions:
        text = "must specify one of v1, v1beta1"
        errors.append(FieldError.required(f"{path}.admissionReviewVersions", text))
    elif not {"v1", "v1beta1"} & set(versions):
        text = "must include at least one of v1, v1beta1"
        errors.append(FieldError.invalid(f"{path}.admissionReviewVersions", versions, text))


def _check_qualified(errors: Errors, name: str, path: str) -> None:
    if not name:
        errors.append(FieldError.required(path, ""))
        return
    messages = names.dns1123_subdomain(name)
    if messages:
        errors.append(FieldError.invalid(path, name, ",".join(messages)))
    elif name.count(".") < 2:
        text = "should be a domain with at least three segments separated by dots"
        errors.append(FieldError.invalid(path, name, text))


def _check_rule(errors: Errors, rule: Json, path: str) -> None:
    for key in ("operations", "apiGroups", "apiVersions", "resources"):
        values = rule.get(key) or []
        if not values:
            errors.append(FieldError.required(f"{path}.{key}", ""))
        if len(values) > 1 and "*" in values:
            text = "if '*' is present, must not specify other "
            word = {"operations": "operations", "apiGroups": "API groups", "apiVersions": "API versions"}.get(key)
            if word:
                errors.append(FieldError.invalid(f"{path}.{key}", values, text + word))
    for index, operation in enumerate(rule.get("operations") or ()):
        if operation not in _OPERATIONS:
            errors.append(FieldError.not_supported(f"{path}.operations[{index}]", operation, list(_OPERATIONS)))
    check_enum(errors, rule.get("scope"), ("*", "Cluster", "Namespaced"), f"{path}.scope", required=False)


def _check_client(errors: Errors, client: Json, path: str) -> None:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        errors.append(FieldError.required(path, "exactly one of url or service is required"))
    elif url is not None:
        if not url.startswith("https://"):
            text = "'https' is the only allowed URL scheme; desired format: https://host[/path]"
            errors.append(FieldError.invalid(f"{path}.url", url, text))
    else:
        assert service is not None
        for key, word in (("name", "service name is required"), ("namespace", "service namespace is required")):
            if not service.get(key):
                errors.append(FieldError.required(f"{path}.service.{key}", word))
        port = service.get("port")
        if port is not None and not 1 <= port <= 65535:
            text = f"port is not valid: {names.in_range(1, 65535)}"
            errors.append(FieldError.invalid(f"{path}.service.port", port, text))


def _webhooks(mutating: bool) -> Validator:
    def create(obj: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta(errors, obj, False, names.dns1123_subdomain)
        _check_webhooks(errors, obj, mutating)
        return errors

    def update(new: Json, old: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta_update(errors, new, old)
        _check_webhooks(errors, new, mutating)
        return errors

    return Validator(create, update)


def validate_crd(obj: Json) -> list[FieldError]:
    """See extensions/definition/validation.py."""
    from minik8s.apiserver.extensions.definition import validation

    return validation.validate(obj)


def validate_crd_update(new: Json, old: Json) -> list[FieldError]:
    from minik8s.apiserver.extensions.definition import validation

    return validation.validate_update(new, old)


def validate_crd_status(new: Json, old: Json) -> list[FieldError]:
    from minik8s.apiserver.extensions.definition import validation

    return validation.validate_status_update(new, old)


def validate_api_service(obj: Json) -> list[FieldError]:
    spec = obj.get("spec") or {}
    expected = f"{spec.get('version') or ''}.{spec.get('group') or ''}"

    def name_check(name: str) -> tuple[str, ...]:
        return () if name == expected else ('must be `spec.version+"."+spec.group`',)

    errors: Errors = []
    check_object_meta(errors, obj, False, name_check)
    for key in ("groupPriorityMinimum", "versionPriority"):
        high = 20000 if key == "groupPriorityMinimum" else 1000
        value = spec.get(key) or 0
        if not 0 < value <= high:
            text = f"must be positive and less than {high}"
            errors.append(FieldError.invalid(f"spec.{key}", value, text))
    service = spec.get("service")
    if service is not None:
        for key in ("namespace", "name"):
            if not service.get(key):
                errors.append(FieldError.required(f"spec.service.{key}", ""))
        if spec.get("insecureSkipTLSVerify") and spec.get("caBundle"):
            text = "may not be true if caBundle is present"
            errors.append(FieldError.invalid("spec.insecureSkipTLSVerify", True, text))
    return errors


MUTATING_WEBHOOKS, VALIDATING_WEBHOOKS = _webhooks(True), _webhooks(False)
CRD = Validator(validate_crd, validate_crd_update, validate_crd_status)
API_SERVICE = Validator(validate_api_service)
