"""Jobs and CronJobs (`pkg/apis/batch/validation/validation.go`)."""

from __future__ import annotations

from typing import Any

from minik8s.api.selectors import LabelSelector
from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, cron, names
from minik8s.apiserver.validation.meta import (
    Errors,
    check_enum,
    check_immutable,
    check_label_selector,
    check_non_negative,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.pod import check_template

Json = dict[str, Any]

_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip
#: What may change in the template of a suspended job that has not started.
_SCHEDULING = ("nodeSelector", "affinity", "tolerations", "schedulingGates")
UID_LABEL = "batch.kubernetes.io/controller-uid"


def _check_job_spec(errors: Errors, spec: Json, path: str) -> None:
    for key in _COUNTS:
        check_non_negative(errors, spec.get(key), f"{path}.{key}")
    mode = spec.get("completionMode")
    check_enum(errors, mode, ("NonIndexed", "Indexed"), f"{path}.completionMode", required=False)
    if mode == "Indexed":
        if spec.get("completions") is None:
            text = f"when completion mode is {mode}"
            errors.append(FieldError.required(f"{path}.completions", text))
        if (spec.get("parallelism") or 0) > 100000:
            text = "must be less than or equal to 100000 when completion mode is Indexed"
            errors.append(FieldError.invalid(f"{path}.parallelism", spec["parallelism"], text))
    elif spec.get("backoffLimitPerIndex") is not None:
        text = "requires indexed completion mode"
        errors.append(FieldError.invalid(f"{path}.backoffLimitPerIndex", spec["backoffLimitPerIndex"], text))
    policy = spec.get("podReplacementPolicy")
    check_enum(errors, policy, ("Failed", "TerminatingOrFailed"), f"{path}.podReplacementPolicy", required=False)
    _check_job_template(errors, spec, f"{path}.template")


def _check_job_template(errors: Errors, spec: Json, path: str) -> None:
    check_template(errors, spec.get("template") or {}, path)
    pod = (spec.get("template") or {}).get("spec") or {}
    policy = pod.get("restartPolicy")
    if not policy or policy == "Always":
        text = 'valid values: "OnFailure", "Never"'
        errors.append(FieldError.required(f"{path}.spec.restartPolicy", text))
    elif policy not in ("OnFailure", "Never"):
        errors.append(FieldError.not_supported(f"{path}.spec.restartPolicy", policy, ["OnFailure", "Never"]))
    elif spec.get("podFailurePolicy") and policy != "Never":
        text = 'only "Never" is supported when podFailurePolicy is specified'
        errors.append(FieldError.invalid(f"{path}.spec.restartPolicy", policy, text))


def _check_selector(errors: Errors, spec: Json) -> None:
    if spec.get("selector") is None:
        errors.append(FieldError.required("spec.selector", ""))
        return
    before = len(errors)
    check_label_selector(errors, spec["selector"], "spec.selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if len(errors) == before and not LabelSelector.from_model(spec["selector"]).matches(labels):
        text = "`selector` does not match template `labels`"
        errors.append(FieldError.invalid("spec.template.metadata.labels", labels, text))


def validate_job(job: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, job, True, names.dns1123_subdomain)
    spec, meta = job.get("spec") or {}, job.get("metadata") or {}
    if not spec.get("manualSelector") and spec.get("selector"):
        match = spec["selector"].get("matchLabels") or {}
        if match.get(UID_LABEL) != meta.get("uid") and match.get("controller-uid") != meta.get("uid"):
            text = "`selector` not auto-generated"
            errors.append(FieldError.invalid("spec.selector", spec["selector"], text))
    _check_selector(errors, spec)
    _check_job_spec(errors, spec, "spec")
    return errors


def validate_job_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    _check_selector(errors, spec)
    _check_job_spec(errors, spec, "spec")
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    if not elastic:
        check_immutable(errors, spec.get("completions"), before.get("completions"), "spec.completions")
    check_immutable(errors, spec.get("selector"), before.get("selector"), "spec.selector")
    check_immutable(errors, spec.get("completionMode"), before.get("completionMode"), "spec.completionMode")
    check_immutable(errors, spec.get("podFailurePolicy"), before.get("podFailurePolicy"), "spec.podFailurePolicy")
    per_index = "backoffLimitPerIndex"
    check_immutable(errors, spec.get(per_index), before.get(per_index), f"spec.{per_index}")
    _check_template_change(errors, spec, before, (old.get("status") or {}).get("startTime"))
    return errors


def _check_template_change(errors: Errors, spec: Json, before: Json, started: str | None) -> None:
    template, old_template = spec.get("template") or {}, before.get("template") or {}
    if before.get("suspend") and not started:
        pod = dict(template.get("spec") or {})
        old_pod = old_template.get("spec") or {}
        for key in _SCHEDULING:
            pod.pop(key, None)
            if key in old_pod:
                pod[key] = old_pod[key]
        template = {**template, "spec": pod, "metadata": old_template.get("metadata") or {}}
    check_immutable(errors, template, old_template, "spec.template")


def validate_job_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    for key in ("active", "succeeded", "failed", "ready", "terminating"):
        check_non_negative(errors, (new.get("status") or {}).get(key), f"status.{key}")
    return errors


def _check_cron_spec(errors: Errors, spec: Json, before: Json | None) -> None:
    schedule = spec.get("schedule") or ""
    if not schedule:
        errors.append(FieldError.required("spec.schedule", ""))
    elif before is None or schedule != before.get("schedule"):
        _check_schedule(errors, schedule, spec)
    zone = spec.get("timeZone")
    if zone is not None:
        _check_zone(errors, zone)
    for key in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        check_non_negative(errors, spec.get(key), f"spec.{key}")
    check_enum(errors, spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"), "spec.concurrencyPolicy")
    template = spec.get("jobTemplate") or {}
    job = template.get("spec") or {}
    if job.get("selector") is not None:
        text = "`selector` will be auto-generated"
        errors.append(FieldError.invalid("spec.jobTemplate.spec.selector", job["selector"], text))
    if job.get("manualSelector"):
        errors.append(FieldError.not_supported("spec.jobTemplate.spec.manualSelector", True, ["nil", "false"]))
    _check_job_spec(errors, job, "spec.jobTemplate.spec")


def _check_schedule(errors: Errors, schedule: str, spec: Json) -> None:
    found = cron.problem(schedule)
    if found:
        errors.append(FieldError.invalid("spec.schedule", schedule, found))
    if "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(FieldError.invalid("spec.schedule", schedule, text))


def _check_zone(errors: Errors, zone: str) -> None:
    import zoneinfo

    if not zone:
        errors.append(FieldError.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string"))
    elif zone.lower() == "local":
        errors.append(
            FieldError.invalid(
                "spec.timeZone",
                zone,
                "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
            )
        )
    else:
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            errors.append(FieldError.invalid("spec.timeZone", zone, f"unknown time zone {zone}"))


def validate_cron_job(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    name = (obj.get("metadata") or {}).get("name") or ""
    if len(name) > 52:
        # Its jobs are called name-<eleven digits>, and theirs are labels.
        errors.append(FieldError.invalid("metadata.name", name, "must be no more than 52 characters"))
    _check_cron_spec(errors, obj.get("spec") or {}, None)
    return errors


def validate_cron_job_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_cron_spec(errors, new.get("spec") or {}, old.get("spec") or {})
    return errors


JOB = Validator(validate_job, validate_job_update, validate_job_status)
CRON_JOB = Validator(validate_cron_job, validate_cron_job_update)
