"""Roles and bindings (`pkg/apis/rbac/validation/validation.go`). Whether they may be granted is the authorizer's."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import Errors, add_invalid, check_object_meta, check_object_meta_update

Json = dict[str, Any]

GROUP = "rbac.authorization.k8s.io"


def _check_rules(errors: Errors, obj: Json, namespaced: bool) -> None:
    for index, rule in enumerate(obj.get("rules") or ()):
        path, urls = f"rules[{index}]", rule.get("nonResourceURLs") or []
        groups, resources = rule.get("apiGroups") or [], rule.get("resources") or []
        if not rule.get("verbs"):
            errors.append(FieldError.required(f"{path}.verbs", "verbs must contain at least one value"))
        if urls:
            where = f"{path}.nonResourceURLs"
            if namespaced:
                errors.append(FieldError.invalid(where, urls, "namespaced rules cannot apply to non-resource URLs"))
            if groups or resources or rule.get("resourceNames"):
                text = "rules cannot apply to both regular resources and non-resource URLs"
                errors.append(FieldError.invalid(where, urls, text))
            continue
        if not groups:
            errors.append(FieldError.required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
        if not resources:
            errors.append(FieldError.required(f"{path}.resources", "resource rules must supply at least one resource"))


def _check_aggregation(errors: Errors, obj: Json) -> None:
    rule = obj.get("aggregationRule")
    if rule is not None and not rule.get("clusterRoleSelectors"):
        text = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        errors.append(FieldError.required("aggregationRule.clusterRoleSelectors", text))


def _check_binding(errors: Errors, obj: Json, namespaced: bool) -> None:
    role = obj.get("roleRef") or {}
    if role.get("apiGroup") != GROUP:
        errors.append(FieldError.not_supported("roleRef.apiGroup", role.get("apiGroup") or "", [GROUP]))
    kinds = ["Role", "ClusterRole"] if namespaced else ["ClusterRole"]
    if role.get("kind") not in kinds:
        errors.append(FieldError.not_supported("roleRef.kind", role.get("kind") or "", kinds))
    if not role.get("name"):
        errors.append(FieldError.required("roleRef.name", ""))
    else:
        add_invalid(errors, "roleRef.name", role["name"], names.path_segment(role["name"]))
    for index, subject in enumerate(obj.get("subjects") or ()):
        _check_subject(errors, subject, namespaced, f"subjects[{index}]")


def _check_subject(errors: Errors, subject: Json, namespaced: bool, path: str) -> None:
    kind, name, group = subject.get("kind"), subject.get("name"), subject.get("apiGroup") or ""
    if not name:
        errors.append(FieldError.required(f"{path}.name", ""))
    if kind == "ServiceAccount":
        if name:
            add_invalid(errors, f"{path}.name", name, names.dns1123_subdomain(name))
        if group:
            errors.append(FieldError.not_supported(f"{path}.apiGroup", group, [""]))
        if not namespaced and not subject.get("namespace"):
            errors.append(FieldError.required(f"{path}.namespace", ""))
    elif kind in ("User", "Group"):
        if group != GROUP:
            errors.append(FieldError.not_supported(f"{path}.apiGroup", group, [GROUP]))
    else:
        errors.append(FieldError.not_supported(f"{path}.kind", kind or "", ["ServiceAccount", "User", "Group"]))


def _role(namespaced: bool) -> Validator:
    def create(obj: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta(errors, obj, namespaced, names.path_segment)
        _check_rules(errors, obj, namespaced)
        _check_aggregation(errors, obj)
        return errors

    def update(new: Json, old: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta_update(errors, new, old)
        _check_rules(errors, new, namespaced)
        _check_aggregation(errors, new)
        return errors

    return Validator(create, update)


def _binding(namespaced: bool) -> Validator:
    def create(obj: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta(errors, obj, namespaced, names.path_segment)
        _check_binding(errors, obj, namespaced)
        return errors

    def update(new: Json, old: Json) -> list[FieldError]:
        errors: Errors = []
        check_object_meta_update(errors, new, old)
        _check_binding(errors, new, namespaced)
        if new.get("roleRef") != old.get("roleRef"):
            errors.append(FieldError.invalid("roleRef", new.get("roleRef"), "cannot change roleRef"))
        return errors

    return Validator(create, update)


ROLE, CLUSTER_ROLE = _role(True), _role(False)
ROLE_BINDING, CLUSTER_ROLE_BINDING = _binding(True), _binding(False)
