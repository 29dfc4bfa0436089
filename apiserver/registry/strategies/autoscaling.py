"""HorizontalPodAutoscalers: stored as autoscaling/v2, seen as v1 with what v1 cannot say in annotations.

Mirrors `pkg/apis/autoscaling/v1/conversion.go`: v1 knows one CPU target; other metrics, conditions, behaviour and
current metrics ride in `autoscaling.alpha.kubernetes.io/*` annotations as JSON.
"""

from __future__ import annotations

from typing import Any

import orjson

from minik8s.apiserver.registry.strategy import JsonObject, Strategy

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR = (
    f"{_PREFIX}{name}" for name in ("metrics", "current-metrics", "conditions", "behavior")
)


class HpaStrategy(Strategy):
    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"currentMetrics": None, "desiredReplicas": 0}
        del obj["status"]["currentMetrics"]


class HpaV1Strategy(HpaStrategy):
    converts = True

    def to_storage(self, obj: JsonObject) -> JsonObject:
        return v1_to_v2(obj)

    def from_storage(self, obj: JsonObject) -> JsonObject:
        return v2_to_v1(obj)


def _is_cpu_target(metric: JsonObject) -> bool:
    resource = metric.get("resource") or {}
    target = resource.get("target") or resource.get("current") or {}
    return (
        metric.get("type") == "Resource"
        and resource.get("name") == "cpu"
        and target.get("averageUtilization") is not None
    )


def v1_to_v2(obj: JsonObject) -> JsonObject:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    meta = dict(obj.get("metadata") or {})
    annotations = dict(meta.get("annotations") or {})
    metrics = _pop(annotations, _METRICS) or []
    target = spec.pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        wanted = {"type": "Utilization", "averageUtilization": target}
        metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": wanted}}, *metrics]
    if not metrics:
        default = {"type": "Utilization", "averageUtilization": 80}
        metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": default}}]
    spec["metrics"] = metrics
    for key, name in ((_BEHAVIOR, "behavior"),):
        value = _pop(annotations, key)
        if value is not None:
            spec[name] = value
    current = _pop(annotations, _CURRENT) or []
    percent = status.pop("currentCPUUtilizationPercentage", None)
    if percent is not None:
        current = [
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": percent}}},
            *current,
        ]
    if current:
        status["currentMetrics"] = current
    conditions = _pop(annotations, _CONDITIONS)
    if conditions is not None:
        status["conditions"] = conditions
    return _rebuilt(obj, "autoscaling/v2", meta, annotations, spec, status)


def v2_to_v1(obj: JsonObject) -> JsonObject:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    meta = dict(obj.get("metadata") or {})
    annotations = dict(meta.get("annotations") or {})
    metrics = list(spec.pop("metrics", None) or ())
    cpu = next((metric for metric in metrics if _is_cpu_target(metric)), None)
    if cpu is not None:
        spec["targetCPUUtilizationPercentage"] = cpu["resource"]["target"]["averageUtilization"]
        metrics.remove(cpu)
    _put(annotations, _METRICS, metrics)
    _put(annotations, _BEHAVIOR, spec.pop("behavior", None))
    current = list(status.pop("currentMetrics", None) or ())
    used = next((metric for metric in current if _is_cpu_target(metric)), None)
    if used is not None:
        status["currentCPUUtilizationPercentage"] = used["resource"]["current"]["averageUtilization"]
        current.remove(used)
    _put(annotations, _CURRENT, current)
    _put(annotations, _CONDITIONS, status.pop("conditions", None))
    status.setdefault("currentReplicas", 0)
    status.setdefault("desiredReplicas", 0)
    return _rebuilt(obj, "autoscaling/v1", meta, annotations, spec, status)


def _pop(annotations: JsonObject, key: str) -> Any:
    text = annotations.pop(key, None)
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _put(annotations: JsonObject, key: str, value: object) -> None:
    if value:
        annotations[key] = orjson.dumps(value).decode()


def _rebuilt(
    obj: JsonObject, version: str, meta: JsonObject, annotations: JsonObject, spec: JsonObject, status: JsonObject
) -> JsonObject:
    if annotations:
        meta["annotations"] = annotations
    else:
        meta.pop("annotations", None)
    result = {**obj, "apiVersion": version, "metadata": meta, "spec": spec}
    if status or "status" in obj:
        result["status"] = status
    return result
