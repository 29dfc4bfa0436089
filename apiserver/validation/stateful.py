"""StatefulSets, DaemonSets and ControllerRevisions (`pkg/apis/apps/validation/validation.go`)."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    check_enum,
    check_immutable,
    check_non_negative,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.workloads import (
    check_at_most_all,
    check_collisions,
    check_count_or_percent,
    check_replica_status,
    check_restart_policy,
    check_selected_template,
    check_workload_selector,
    is_zero,
)

Json = dict[str, Any]

_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    "revisionHistoryLimit",
)  # fmt: skip


def with_claims_as_volumes(spec: Json) -> Json:
    """The spec as its pods will be: each claim template is a volume, which takes the place of one of that name."""
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    claims = [(claim.get("metadata") or {}).get("name") for claim in spec.get("volumeClaimTemplates") or ()]
    claimed = [{"name": name, "emptyDir": {}} for name in claims if name]
    if not claimed:
        return spec
    others = [volume for volume in pod.get("volumes") or () if volume.get("name") not in claims]
    return {**spec, "template": {**template, "spec": {**pod, "volumes": [*others, *claimed]}}}


def _check_stateful_spec(errors: Errors, spec: Json) -> None:
    policy = spec.get("podManagementPolicy")
    if policy not in ("OrderedReady", "Parallel"):
        errors.append(FieldError.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    strategy = spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    if not strategy.get("type"):
        errors.append(FieldError.required("spec.updateStrategy", ""))
    elif strategy["type"] == "OnDelete":
        if rolling is not None:
            text = "only allowed for updateStrategy 'RollingUpdate'"
            errors.append(FieldError.invalid("spec.updateStrategy.rollingUpdate", rolling, text))
    elif strategy["type"] == "RollingUpdate":
        check_non_negative(errors, (rolling or {}).get("partition"), "spec.updateStrategy.rollingUpdate.partition")
    else:
        errors.append(FieldError.invalid("spec.updateStrategy", strategy, "must be 'RollingUpdate' or 'OnDelete'"))
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for key in ("whenDeleted", "whenScaled"):
        where = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
        check_enum(errors, retention.get(key), ("Delete", "Retain"), where)
    for key in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        check_non_negative(errors, spec.get(key), f"spec.{key}")
    check_non_negative(errors, (spec.get("ordinals") or {}).get("start"), "spec.ordinals.start")
    selectable = check_workload_selector(errors, spec, "statefulset")
    check_selected_template(errors, with_claims_as_volumes(spec), selectable)
    check_restart_policy(errors, spec, "StatefulSet")


def validate_stateful_set(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_label)
    _check_stateful_spec(errors, obj.get("spec") or {})
    return errors


def validate_stateful_set_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    _check_stateful_spec(errors, spec)
    fixed = {key: value for key, value in spec.items() if key not in _MUTABLE}
    if fixed != {key: value for key, value in before.items() if key not in _MUTABLE}:
        text = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        errors.append(FieldError.forbidden("spec", text))
    return errors


def validate_stateful_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    status = new.get("status") or {}
    check_replica_status(errors, status, ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"))
    check_collisions(errors, status, old.get("status") or {})
    return errors


def _check_daemon_spec(errors: Errors, spec: Json) -> None:
    selectable = check_workload_selector(errors, spec, "daemonset")
    check_selected_template(errors, with_claims_as_volumes(spec), selectable)
    check_restart_policy(errors, spec, "DaemonSet")
    for key in ("minReadySeconds", "revisionHistoryLimit"):
        check_non_negative(errors, spec.get(key), f"spec.{key}")
    strategy, path = spec.get("updateStrategy") or {}, "spec.updateStrategy"
    if strategy.get("type") == "RollingUpdate":
        rolling = strategy.get("rollingUpdate")
        if rolling is None:
            errors.append(FieldError.required(f"{path}.rollingUpdate", ""))
        else:
            _check_daemon_rolling(errors, rolling, f"{path}.rollingUpdate")
    elif strategy.get("type") != "OnDelete":
        errors.append(FieldError.not_supported(path, strategy, ["RollingUpdate", "OnDelete"]))


def _check_daemon_rolling(errors: Errors, rolling: Json, path: str) -> None:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    for key, value in (("maxUnavailable", unavailable), ("maxSurge", surge)):
        check_count_or_percent(errors, value, f"{path}.{key}")
        check_at_most_all(errors, value, f"{path}.{key}")
    if not is_zero(unavailable) and not is_zero(surge):
        text = "may not be set when maxUnavailable is non-zero"
        errors.append(FieldError.invalid(f"{path}.maxSurge", surge, text))
    elif is_zero(unavailable) and is_zero(surge):
        errors.append(FieldError.required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))


def validate_daemon_set(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_daemon_spec(errors, obj.get("spec") or {})
    return errors


def validate_daemon_set_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if spec != before:
        _check_daemon_spec(errors, spec)
        check_immutable(errors, spec.get("selector"), before.get("selector"), "spec.selector")
    return errors


def validate_daemon_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    status = new.get("status") or {}
    for key, value in status.items():
        if key.startswith(("number", "currentNumber", "desiredNumber", "updatedNumber", "observed")):
            check_non_negative(errors, value, f"status.{key}")
    check_collisions(errors, status, old.get("status") or {})
    return errors


def validate_revision(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    if obj.get("data") is None:
        errors.append(FieldError.required("data", "data is mandatory"))
    check_non_negative(errors, obj.get("revision"), "revision")
    return errors


def validate_revision_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    check_non_negative(errors, new.get("revision"), "revision")
    check_immutable(errors, new.get("data"), old.get("data"), "data")
    return errors


STATEFUL_SET = Validator(validate_stateful_set, validate_stateful_set_update, validate_stateful_status)
DAEMON_SET = Validator(validate_daemon_set, validate_daemon_set_update, validate_daemon_status)
CONTROLLER_REVISION = Validator(validate_revision, validate_revision_update)
