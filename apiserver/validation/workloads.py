"""Deployments, ReplicaSets, ReplicationControllers, PodTemplates, and what all workload kinds share.

Mirrors `pkg/apis/apps/validation/validation.go` and core's ValidateReplicationController.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.selectors import LabelSelector
from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_immutable,
    check_label_selector,
    check_non_negative,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.pod import check_template

Json = dict[str, Any]


def check_workload_selector(errors: Errors, spec: Json, word: str, path: str = "spec") -> bool:
    """Selector present, not empty, well formed; True when it can be matched against the template."""
    selector = spec.get("selector")
    if selector is None:
        errors.append(FieldError.required(f"{path}.selector", ""))
        return False
    before = len(errors)
    check_label_selector(errors, selector, f"{path}.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        text = f"empty selector is invalid for {word}"
        errors.append(FieldError.invalid(f"{path}.selector", selector, text))
    return len(errors) == before


def check_selected_template(
    errors: Errors, spec: Json, selectable: bool, path: str = "spec", path_of_labels: str = "template.metadata.labels"
) -> None:
    """The template's labels match the selector; its pods restart always and have no deadline."""
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selectable and not LabelSelector.from_model(spec["selector"]).matches(labels):
        text = "`selector` does not match template `labels`"
        errors.append(FieldError.invalid(f"{path}.{path_of_labels}", labels, text))
    check_template(errors, template, f"{path}.template")


def check_restart_policy(errors: Errors, spec: Json, word: str, path: str = "spec.template.spec") -> None:
    pod = (spec.get("template") or {}).get("spec") or {}
    if pod.get("restartPolicy") != "Always":
        errors.append(FieldError.not_supported(f"{path}.restartPolicy", pod.get("restartPolicy"), ["Always"]))
    if pod.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {word} is not Supported"
        errors.append(FieldError.forbidden(f"{path}.activeDeadlineSeconds", text))


def check_count_or_percent(errors: Errors, value: int | str | None, path: str) -> None:
    """ValidatePositiveIntOrPercent."""
    if isinstance(value, str):
        add_invalid(errors, path, value, names.percent(value))
    else:
        check_non_negative(errors, value, path)


def check_at_most_all(errors: Errors, value: int | str | None, path: str) -> None:
    """IsNotMoreThan100Percent."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit() and int(value[:-1]) > 100:
        errors.append(FieldError.invalid(path, value, "must not be greater than 100%"))


def is_zero(value: int | str | None) -> bool:
    """Zero things or no percent of them (getIntOrPercentValue)."""
    return not (int(value[:-1] or 0) if isinstance(value, str) and value[:-1].isdigit() else value)


def _check_deployment_spec(errors: Errors, spec: Json) -> None:
    check_non_negative(errors, spec.get("replicas"), "spec.replicas")
    selectable = check_workload_selector(errors, spec, "deployment")
    check_selected_template(errors, spec, selectable)
    check_restart_policy(errors, spec, "Deployment")
    _check_strategy(errors, spec.get("strategy") or {})
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        check_non_negative(errors, spec.get(key), f"spec.{key}")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        errors.append(
            FieldError.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
        )


def _check_strategy(errors: Errors, strategy: Json) -> None:
    path, kind, rolling = "spec.strategy", strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            errors.append(FieldError.forbidden(f"{path}.rollingUpdate", text))
    elif kind == "RollingUpdate":
        rolling = rolling or {}
        where = f"{path}.rollingUpdate"
        unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        check_count_or_percent(errors, unavailable, f"{where}.maxUnavailable")
        check_count_or_percent(errors, surge, f"{where}.maxSurge")
        if is_zero(unavailable) and is_zero(surge):
            text = "may not be 0 when `maxSurge` is 0"
            errors.append(FieldError.invalid(f"{where}.maxUnavailable", unavailable, text))
        check_at_most_all(errors, unavailable, f"{where}.maxUnavailable")
    else:
        errors.append(FieldError.not_supported(path, strategy, ["Recreate", "RollingUpdate"]))


def validate_deployment(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_deployment_spec(errors, obj.get("spec") or {})
    return errors


def validate_deployment_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if spec != before:
        _check_deployment_spec(errors, spec)
        check_immutable(errors, spec.get("selector"), before.get("selector"), "spec.selector")
    return errors


def check_replica_status(errors: Errors, status: Json, keys: tuple[str, ...]) -> None:
    """Counts are not negative and none is greater than the replicas."""
    replicas = status.get("replicas") or 0
    check_non_negative(errors, replicas, "status.replicas")
    for key in keys:
        value = status.get(key) or 0
        check_non_negative(errors, value, f"status.{key}")
        if value > replicas:
            errors.append(FieldError.invalid(f"status.{key}", value, "cannot be greater than status.replicas"))
    check_non_negative(errors, status.get("observedGeneration"), "status.observedGeneration")


def _check_available(errors: Errors, status: Json) -> None:
    available = status.get("availableReplicas") or 0
    if available > (status.get("readyReplicas") or 0):
        errors.append(FieldError.invalid("status.availableReplicas", available, "cannot be greater than readyReplicas"))


def check_collisions(errors: Errors, new: Json, old: Json) -> None:
    """collisionCount only grows: hashes of revisions depend on it."""
    value, before = new.get("collisionCount"), old.get("collisionCount")
    if before is not None and (value or 0) < before:
        errors.append(FieldError.invalid("status.collisionCount", value or 0, "cannot be decremented"))


def validate_deployment_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    status = new.get("status") or {}
    check_replica_status(errors, status, ("updatedReplicas", "readyReplicas", "availableReplicas"))
    check_non_negative(errors, status.get("unavailableReplicas"), "status.unavailableReplicas")
    _check_available(errors, status)
    check_collisions(errors, status, old.get("status") or {})
    return errors


def _check_replica_set_spec(errors: Errors, spec: Json) -> None:
    check_non_negative(errors, spec.get("replicas"), "spec.replicas")
    check_non_negative(errors, spec.get("minReadySeconds"), "spec.minReadySeconds")
    # Upstream's text says "deployment" here as well.
    selectable = check_workload_selector(errors, spec, "deployment")
    check_selected_template(errors, spec, selectable)
    check_restart_policy(errors, spec, "ReplicaSet")


def validate_replica_set(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_replica_set_spec(errors, obj.get("spec") or {})
    return errors


def validate_replica_set_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if spec != before:
        _check_replica_set_spec(errors, spec)
        check_immutable(errors, spec.get("selector"), before.get("selector"), "spec.selector")
    return errors


def validate_replica_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    status = new.get("status") or {}
    check_replica_status(errors, status, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"))
    _check_available(errors, status)
    return errors


def _check_rc_spec(errors: Errors, spec: Json) -> None:
    check_non_negative(errors, spec.get("minReadySeconds"), "spec.minReadySeconds")
    selector = spec.get("selector") or {}
    if not selector:
        errors.append(FieldError.required("spec.selector", ""))
    check_non_negative(errors, spec.get("replicas"), "spec.replicas")
    template = spec.get("template")
    if template is None:
        errors.append(FieldError.required("spec.template", ""))
        return
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector and not selector.items() <= labels.items():
        text = "`selector` does not match template `labels`"
        errors.append(FieldError.invalid("spec.template.metadata.labels", labels, text))
    check_template(errors, template, "spec.template")
    check_restart_policy(errors, spec, "ReplicationController")


def validate_rc(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_rc_spec(errors, obj.get("spec") or {})
    return errors


def validate_rc_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if new.get("spec") != old.get("spec"):
        _check_rc_spec(errors, new.get("spec") or {})
    return errors


def validate_pod_template(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    check_template(errors, obj.get("template"), "template")
    return errors


def validate_pod_template_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    check_template(errors, new.get("template"), "template")
    return errors


DEPLOYMENT = Validator(validate_deployment, validate_deployment_update, validate_deployment_status)
REPLICA_SET = Validator(validate_replica_set, validate_replica_set_update, validate_replica_status)
REPLICATION_CONTROLLER = Validator(validate_rc, validate_rc_update, validate_replica_status)
POD_TEMPLATE = Validator(validate_pod_template, validate_pod_template_update)
