"""What a policy and a binding must look like to be stored; match conditions of webhooks too.

Mirrors pkg/apis/admissionregistration/validation (v1.33). Expressions must compile; their types are not checked.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.policies.expressions import ALL, OBJECTS, check
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    check_enum,
    check_label_selector,
    check_object_meta,
    check_object_meta_update,
)

Json = dict[str, Any]
MAX_CONDITIONS = 64
OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")
ACTIONS = ("Audit", "Deny", "Warn")
#: What the match conditions of a policy may refer to: everything but its variables.
CONDITION_NAMES = tuple(name for name in ALL if name != "variables")


def check_expression(errors: Errors, expression: str, path: str, allowed: tuple[str, ...] = ALL) -> None:
    if not expression.strip():
        errors.append(FieldError.required(path, "expression is not specified"))
        return
    problem = check(expression, allowed)
    if problem:
        errors.append(FieldError.invalid(path, expression, problem))


def check_conditions(
    errors: Errors, conditions: list[Json] | None, path: str, allowed: tuple[str, ...] = OBJECTS
) -> None:
    """matchConditions."""
    conditions = conditions or []
    if len(conditions) > MAX_CONDITIONS:
        errors.append(FieldError.too_many(path, len(conditions), MAX_CONDITIONS))
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        where, name = f"{path}[{index}]", condition.get("name") or ""
        if not name:
            errors.append(FieldError.required(f"{where}.name", ""))
        else:
            errors += [FieldError.invalid(f"{where}.name", name, text) for text in names.qualified_name(name)]
            if name in seen:
                errors.append(FieldError.duplicate(f"{where}.name", name))
            seen.add(name)
        if not (condition.get("expression") or "").strip():
            errors.append(FieldError.required(f"{where}.expression", ""))
        else:
            check_expression(errors, condition["expression"], f"{where}.expression", allowed)


def _check_policy(errors: Errors, obj: Json) -> None:
    spec = obj.get("spec") or {}
    check_enum(errors, spec.get("failurePolicy"), ("Fail", "Ignore"), "spec.failurePolicy")
    kind = spec.get("paramKind")
    if kind is not None:
        for key in ("apiVersion", "kind"):
            if not kind.get(key):
                errors.append(FieldError.required(f"spec.paramKind.{key}", ""))
    constraints = spec.get("matchConstraints")
    if constraints is None:
        errors.append(FieldError.required("spec.matchConstraints", ""))
    else:
        _check_match(errors, constraints, "spec.matchConstraints")
        if not constraints.get("resourceRules"):
            errors.append(FieldError.required("spec.matchConstraints.resourceRules", ""))
    check_conditions(errors, spec.get("matchConditions"), "spec.matchConditions", CONDITION_NAMES)
    _check_variables(errors, spec.get("variables") or [])
    _check_validations(errors, spec)


def _check_variables(errors: Errors, variables: list[Json]) -> None:
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        path, name = f"spec.variables[{index}]", variable.get("name") or ""
        if not name:
            errors.append(FieldError.required(f"{path}.name", "name is not specified"))
        elif not name.isidentifier():
            errors.append(FieldError.invalid(f"{path}.name", name, "name is not a valid CEL identifier"))
        elif name in seen:
            errors.append(FieldError.duplicate(f"{path}.name", name))
        seen.add(name)
        check_expression(errors, variable.get("expression") or "", f"{path}.expression")


def _check_validations(errors: Errors, spec: Json) -> None:
    validations, annotations = spec.get("validations") or [], spec.get("auditAnnotations") or []
    if not validations and not annotations:
        text = "validations or auditAnnotations must contain at least one item"
        errors.append(FieldError.required("spec.validations", text))
    for index, validation in enumerate(validations):
        path = f"spec.validations[{index}]"
        check_expression(errors, validation.get("expression") or "", f"{path}.expression")
        if validation.get("messageExpression"):
            check_expression(errors, validation["messageExpression"], f"{path}.messageExpression")
        message = validation.get("message")
        if message is not None and not message.strip():
            errors.append(FieldError.invalid(f"{path}.message", message, "message must be non-empty if specified"))
        elif message is not None and "\n" in message.strip():
            errors.append(FieldError.invalid(f"{path}.message", message, "message must not contain line breaks"))
        check_enum(errors, validation.get("reason"), REASONS, f"{path}.reason", required=False)
    for index, annotation in enumerate(annotations):
        path = f"spec.auditAnnotations[{index}]"
        if not annotation.get("key"):
            errors.append(FieldError.required(f"{path}.key", ""))
        check_expression(errors, annotation.get("valueExpression") or "", f"{path}.valueExpression")


def _check_match(errors: Errors, match: Json, path: str) -> None:
    for key in ("namespaceSelector", "objectSelector"):
        check_label_selector(errors, match.get(key), f"{path}.{key}")
    check_enum(errors, match.get("matchPolicy"), ("Equivalent", "Exact"), f"{path}.matchPolicy", required=False)
    for key in ("resourceRules", "excludeResourceRules"):
        for index, rule in enumerate(match.get(key) or ()):
            where = f"{path}.{key}[{index}]"
            for part in ("operations", "apiGroups", "apiVersions", "resources"):
                if not rule.get(part):
                    errors.append(FieldError.required(f"{where}.{part}", ""))
            for number, operation in enumerate(rule.get("operations") or ()):
                check_enum(errors, operation, OPERATIONS, f"{where}.operations[{number}]")


def _check_binding(errors: Errors, obj: Json) -> None:
    spec = obj.get("spec") or {}
    if not spec.get("policyName"):
        errors.append(FieldError.required("spec.policyName", ""))
    else:
        found = names.dns1123_subdomain(spec["policyName"])
        errors += [FieldError.invalid("spec.policyName", spec["policyName"], text) for text in found]
    if spec.get("paramRef") is not None:
        _check_param_ref(errors, spec["paramRef"], "spec.paramRef")
    if spec.get("matchResources") is not None:
        _check_match(errors, spec["matchResources"], "spec.matchResources")
    _check_actions(errors, spec.get("validationActions") or [], "spec.validationActions")


def _check_param_ref(errors: Errors, ref: Json, path: str) -> None:
    if ref.get("name") and ref.get("selector") is not None:
        errors.append(FieldError.forbidden(f"{path}.name", "name and selector are mutually exclusive"))
    elif not ref.get("name") and ref.get("selector") is None:
        errors.append(FieldError.required(path, "one of name or selector must be specified"))
    check_label_selector(errors, ref.get("selector"), f"{path}.selector")
    action = ref.get("parameterNotFoundAction")
    check_enum(errors, action, ("Allow", "Deny"), f"{path}.parameterNotFoundAction")


def _check_actions(errors: Errors, actions: list[str], path: str) -> None:
    if not actions:
        errors.append(FieldError.required(path, "at least one validation action is required"))
    for index, action in enumerate(actions):
        check_enum(errors, action, ACTIONS, f"{path}[{index}]")
        if action in actions[:index]:
            errors.append(FieldError.duplicate(f"{path}[{index}]", action))
    if "Deny" in actions and "Warn" in actions:
        text = (
            "must not contain both Deny and Warn (repeating the same validation failure information in the API "
            "response and headers serves no purpose)"
        )
        errors.append(FieldError.invalid(path, actions, text))


def _validator(check_spec: Any) -> Validator:
    def create(obj: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta(errors, obj, False, names.dns1123_subdomain)
        check_spec(errors, obj)
        return errors

    def update(new: Json, old: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta_update(errors, new, old)
        if new.get("spec") != old.get("spec"):  # what was stored under other rules may stay
            check_spec(errors, new)
        return errors

    return Validator(create, update)


POLICY, BINDING = _validator(_check_policy), _validator(_check_binding)
