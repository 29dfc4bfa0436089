"""Workload controllers, jobs, autoscalers and budgets."""

from __future__ import annotations

from typing import Any

from minik8s.api.times import parse_time
from minik8s.apiserver.printers import text

Json = dict[str, Any]


def _parts(obj: Json) -> tuple[Json, Json]:
    return obj.get("spec") or {}, obj.get("status") or {}


def print_replica_set(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    counts = [spec.get("replicas") or 0, status.get("replicas") or 0, status.get("readyReplicas") or 0]
    return [
        text.name(obj),
        *counts,
        text.age(obj, now),
        *text.containers(spec.get("template")),
        text.selector(spec.get("selector")),
    ]


def print_replication_controller(obj: Json, now: float) -> list[Any]:
    spec, _ = _parts(obj)
    return [
        *print_replica_set({**obj, "spec": {**spec, "selector": None}}, now)[:-1],
        text.labels(spec.get("selector")),
    ]


def print_deployment(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    return [
        text.name(obj),
        f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}",
        status.get("updatedReplicas") or 0,
        status.get("availableReplicas") or 0,
        text.age(obj, now),
        *text.containers(spec.get("template")),
        text.selector(spec.get("selector")),
    ]


def print_stateful_set(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    ready = f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"
    return [text.name(obj), ready, text.age(obj, now), *text.containers(spec.get("template"))]


def print_daemon_set(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    keys = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    template = spec.get("template") or {}
    return [
        text.name(obj),
        *(status.get(key) or 0 for key in keys),
        text.labels((template.get("spec") or {}).get("nodeSelector")),
        text.age(obj, now),
        *text.containers(template),
        text.selector(spec.get("selector")),
    ]


def print_controller_revision(obj: Json, now: float) -> list[Any]:
    owner = next((one for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    controller = text.NONE
    if owner:
        group = owner.get("apiVersion", "").rpartition("/")[0]
        kind = owner.get("kind", "").lower() + (f".{group}" if group else "")
        controller = f"{kind}/{owner.get('name')}"
    return [text.name(obj), controller, obj.get("revision") or 0, text.age(obj, now)]


def job_status(obj: Json) -> str:
    """The one word that 1.31 began to print."""
    true = {one.get("type") for one in (obj.get("status") or {}).get("conditions") or () if one.get("status") == "True"}
    for kind in ("Complete", "Failed"):
        if kind in true:
            return kind
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if kind in true:
            return kind
    return "Running"


def print_job(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    done, wanted = status.get("succeeded") or 0, spec.get("completions")
    if wanted is not None:
        completions = f"{done}/{wanted}"
    else:
        parallelism = spec.get("parallelism") or 0
        completions = f"{done}/1 of {parallelism}" if parallelism > 1 else f"{done}/1"
    duration = ""
    if status.get("startTime"):
        end = parse_time(status["completionTime"]) if status.get("completionTime") else now
        duration = text.human_duration(end - parse_time(status["startTime"]))
    cells = [text.name(obj), job_status(obj), completions, duration, text.age(obj, now)]
    return [*cells, *text.containers(spec.get("template")), text.selector(spec.get("selector"))]


def print_cron_job(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    last = text.since(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else text.NONE
    suspend = spec.get("suspend")
    return [
        text.name(obj),
        spec.get("schedule") or "",
        spec.get("timeZone") or text.NONE,
        text.UNSET if suspend is None else str(bool(suspend)),
        len(status.get("active") or ()),
        last,
        text.age(obj, now),
        *text.containers(job.get("template")),
        text.selector(job.get("selector")),
    ]


def print_hpa(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    target = spec.get("scaleTargetRef") or {}
    minimum = spec.get("minReplicas")
    return [
        text.name(obj),
        f"{target.get('kind')}/{target.get('name')}",
        hpa_targets(spec, status),
        text.UNSET if minimum is None else str(minimum),
        spec.get("maxReplicas") or 0,
        status.get("currentReplicas") or 0,
        text.age(obj, now),
    ]


def hpa_targets(spec: Json, status: Json) -> str:
    """`cpu: 40%/80%`, two metrics at most, then how many more."""
    if "targetCPUUtilizationPercentage" in spec:
        used = status.get("currentCPUUtilizationPercentage")
        current = text.UNKNOWN if used is None else f"{used}%"
        return f"cpu: {current}/{spec['targetCPUUtilizationPercentage']}%"
    metrics = spec.get("metrics") or ()
    if not metrics:
        return text.NONE
    current_metrics = status.get("currentMetrics") or []
    shown = [
        _metric(metric, current_metrics[index] if index < len(current_metrics) else {})
        for index, metric in enumerate(metrics[:2])
    ]
    rest = len(metrics) - 2
    return ", ".join(shown) + (f" + {rest} more..." if rest > 0 else "")


def _metric(metric: Json, observed: Json) -> str:
    kind = metric.get("type") or ""
    key = kind[:1].lower() + kind[1:]
    source, seen = metric.get(key) or {}, (observed.get(key) or {}).get("current") or {}
    target = source.get("target") or {}
    prefix = f"{source.get('name')}: " if key in ("resource", "containerResource") else ""
    if target.get("averageUtilization") is not None:
        used = seen.get("averageUtilization")
        return f"{prefix}{text.UNKNOWN if used is None else f'{used}%'}/{target['averageUtilization']}%"
    if target.get("averageValue") is not None:
        suffix = " (avg)" if key in ("object", "external") else ""
        return f"{prefix}{seen.get('averageValue') or text.UNKNOWN}/{target['averageValue']}{suffix}"
    return f"{prefix}{seen.get('value') or text.UNKNOWN}/{target.get('value')}"


def print_budget(obj: Json, now: float) -> list[Any]:
    spec, status = _parts(obj)
    bounds = ["N/A" if spec.get(key) is None else str(spec[key]) for key in ("minAvailable", "maxUnavailable")]
    return [text.name(obj), *bounds, status.get("disruptionsAllowed") or 0, text.age(obj, now)]


PRINTERS = {
    ("", "ReplicationController"): print_replication_controller,
    ("apps", "ReplicaSet"): print_replica_set,
    ("apps", "Deployment"): print_deployment,
    ("apps", "StatefulSet"): print_stateful_set,
    ("apps", "DaemonSet"): print_daemon_set,
    ("apps", "ControllerRevision"): print_controller_revision,
    ("batch", "Job"): print_job,
    ("batch", "CronJob"): print_cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): print_hpa,
    ("policy", "PodDisruptionBudget"): print_budget,
}
