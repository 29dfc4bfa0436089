"""Where a pod may run: affinity, node selectors, tolerations, taints, topology spread constraints."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.meta import Errors, add_invalid, check_label_name, check_label_selector

Json = dict[str, Any]

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def check_affinity(errors: Errors, affinity: Json, path: str) -> None:
    """validateAffinity: node affinity, pod affinity, pod anti-affinity."""
    node = affinity.get("nodeAffinity")
    if node:
        if node.get(REQUIRED) is not None:
            check_node_selector(errors, node[REQUIRED], f"{path}.nodeAffinity.{REQUIRED}")
        for index, term in enumerate(node.get(PREFERRED) or ()):
            here = f"{path}.nodeAffinity.{PREFERRED}[{index}]"
            _check_weight(errors, term, here)
            _check_node_term(errors, term.get("preference") or {}, f"{here}.preference")
    for key in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(key) or {}
        for index, term in enumerate(pods.get(REQUIRED) or ()):
            _check_pod_term(errors, term, f"{path}.{key}.{REQUIRED}[{index}]")
        for index, term in enumerate(pods.get(PREFERRED) or ()):
            here = f"{path}.{key}.{PREFERRED}[{index}]"
            _check_weight(errors, term, here)
            _check_pod_term(errors, term.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")


def _check_weight(errors: Errors, term: Json, path: str) -> None:
    weight = term.get("weight") or 0
    if not 1 <= weight <= 100:
        errors.append(FieldError.invalid(f"{path}.weight", weight, "must be in the range 1-100"))


def check_node_selector(errors: Errors, selector: Json, path: str) -> None:
    """ValidateNodeSelector."""
    terms = selector.get("nodeSelectorTerms")
    if not terms:
        errors.append(FieldError.required(f"{path}.nodeSelectorTerms", "must have at least one node selector term"))
    for index, term in enumerate(terms or ()):
        _check_node_term(errors, term, f"{path}.nodeSelectorTerms[{index}]")


def _check_node_term(errors: Errors, term: Json, path: str) -> None:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        _check_node_requirement(errors, requirement, f"{path}.matchExpressions[{index}]")
    for index, requirement in enumerate(term.get("matchFields") or ()):
        _check_field_requirement(errors, requirement, f"{path}.matchFields[{index}]")


def _check_node_requirement(errors: Errors, requirement: Json, path: str) -> None:
    operator, values = requirement.get("operator") or "", requirement.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be specified when `operator` is 'In' or 'NotIn'"
            errors.append(FieldError.required(f"{path}.values", text))
        for index, value in enumerate(values):
            add_invalid(errors, f"{path}.values[{index}]", value, names.label_value(value))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(FieldError.forbidden(f"{path}.values", text))
    elif operator in ("Gt", "Lt"):
        if len(values) != 1:
            text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            errors.append(FieldError.required(f"{path}.values", text))
    else:
        errors.append(FieldError.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    check_label_name(errors, requirement.get("key") or "", f"{path}.key")


def _check_field_requirement(errors: Errors, requirement: Json, path: str) -> None:
    operator, values, key = requirement.get("operator") or "", requirement.get("values") or [], requirement.get("key")
    if operator not in ("In", "NotIn"):
        errors.append(FieldError.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    elif len(values) != 1:
        text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        errors.append(FieldError.required(f"{path}.values", text))
    if key != "metadata.name":
        errors.append(FieldError.invalid(f"{path}.key", key or "", "not a valid field selector key"))
    else:
        for index, value in enumerate(values):
            add_invalid(errors, f"{path}.values[{index}]", value, names.dns1123_subdomain(value))


def _check_pod_term(errors: Errors, term: Json, path: str) -> None:
    check_label_selector(errors, term.get("labelSelector"), f"{path}.labelSelector")
    check_label_selector(errors, term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for name in term.get("namespaces") or ():
        add_invalid(errors, f"{path}.namespace", name, names.dns1123_label(name))
    _check_match_keys(errors, term, path)
    key = term.get("topologyKey") or ""
    if not key:
        errors.append(FieldError.required(f"{path}.topologyKey", "can not be empty"))
    check_label_name(errors, key, f"{path}.topologyKey")


def _check_match_keys(errors: Errors, term: Json, path: str) -> None:
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(field) or ()
        if keys and not term.get("labelSelector"):
            errors.append(
                FieldError.forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set")
            )
        for index, key in enumerate(keys):
            check_label_name(errors, key, f"{path}.{field}[{index}]")


def check_tolerations(errors: Errors, tolerations: list[Json], path: str) -> None:
    """ValidateTolerations."""
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        value, effect = toleration.get("value") or "", toleration.get("effect") or ""
        if key:
            check_label_name(errors, key, f"{here}.key")
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(FieldError.invalid(f"{here}.operator", operator, text))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(FieldError.invalid(f"{here}.effect", effect, text))
        if operator in ("Equal", ""):
            messages = names.label_value(value)
            if messages:
                errors.append(FieldError.invalid(f"{here}.operator", value, ";".join(messages)))
        elif operator == "Exists":
            if value:
                text = "value must be empty when `operator` is 'Exists'"
                errors.append(FieldError.invalid(f"{here}.operator", toleration, text))
        else:
            errors.append(FieldError.not_supported(f"{here}.operator", operator, ["Equal", "Exists"]))
        if effect and effect not in TAINT_EFFECTS:
            errors.append(FieldError.not_supported(f"{here}.effect", effect, list(TAINT_EFFECTS)))


def check_taints(errors: Errors, taints: list[Json], path: str) -> None:
    """validateNodeTaints."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        here = f"{path}[{index}]"
        key, effect, value = taint.get("key") or "", taint.get("effect") or "", taint.get("value") or ""
        check_label_name(errors, key, f"{here}.key")
        messages = names.label_value(value)
        if messages:
            errors.append(FieldError.invalid(f"{here}.value", value, ";".join(messages)))
        if not effect:
            errors.append(FieldError.required(f"{here}.effect", ""))
        elif effect not in TAINT_EFFECTS:
            errors.append(FieldError.not_supported(f"{here}.effect", effect, list(TAINT_EFFECTS)))
        if (key, effect) in seen:
            duplicate = FieldError.duplicate(here, taint)
            text = "taints must be unique by key and effect pair"
            errors.append(FieldError(duplicate.type, duplicate.field, duplicate.bad_value, text))
        seen.add((key, effect))


def check_topology_spread(errors: Errors, constraints: list[Json], path: str) -> None:
    """validateTopologySpreadConstraints."""
    seen: set[tuple[str, str]] = set()
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        key, action = constraint.get("topologyKey") or "", constraint.get("whenUnsatisfiable") or ""
        skew = constraint.get("maxSkew") or 0
        if skew <= 0:
            errors.append(FieldError.invalid(f"{here}.maxSkew", skew, "must be greater than zero"))
        if not key:
            errors.append(FieldError.required(f"{here}.topologyKey", "can not be empty"))
        else:
            check_label_name(errors, key, f"{here}.topologyKey")
        if action not in ("DoNotSchedule", "ScheduleAnyway"):
            where = f"{here}.whenUnsatisfiable"
            errors.append(FieldError.not_supported(where, action, ["DoNotSchedule", "ScheduleAnyway"]))
        if (key, action) in seen:
            errors.append(FieldError.duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}"))
        seen.add((key, action))
        _check_spread_options(errors, constraint, action, here)


def _check_spread_options(errors: Errors, constraint: Json, action: str, path: str) -> None:
    minimum = constraint.get("minDomains")
    if minimum is not None:
        if minimum <= 0:
            errors.append(FieldError.invalid(f"{path}.minDomains", minimum, "must be greater than zero"))
        if action != "DoNotSchedule":
            text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            errors.append(FieldError.invalid(f"{path}.minDomains", minimum, text))
    for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = constraint.get(key)
        if policy is not None and policy not in ("Honor", "Ignore"):
            errors.append(FieldError.not_supported(f"{path}.{key}", policy, ["Honor", "Ignore"]))
    check_label_selector(errors, constraint.get("labelSelector"), f"{path}.labelSelector")
    _check_match_keys(errors, constraint, path)
