"""Defaults of autoscaling, RBAC, scheduling and node kinds."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.defaulting.quantities import canonicalise, canonicalise_field

Json = dict[str, Any]

_METRICS_ANNOTATION = "autoscaling.alpha.kubernetes.io/metrics"
RBAC_GROUP = "rbac.authorization.k8s.io"


def default_hpa_v1(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    if spec.get("targetCPUUtilizationPercentage") is None and _METRICS_ANNOTATION not in annotations:
        spec["targetCPUUtilizationPercentage"] = 80


def default_hpa(obj: Json) -> None:
    """v2: a target of 80 % CPU when no metric is named; behaviour is filled in only when given."""
    spec = obj.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    for metric in spec["metrics"]:
        for source in metric.values():
            if isinstance(source, dict) and source.get("target"):
                canonicalise_field(source["target"], "value")
                canonicalise_field(source["target"], "averageValue")
    behavior = spec.get("behavior")
    if behavior is not None:
        behavior["scaleUp"] = _scaling_rules(behavior.get("scaleUp"), up=True)
        behavior["scaleDown"] = _scaling_rules(behavior.get("scaleDown"), up=False)


def _scaling_rules(given: Json | None, up: bool) -> Json:
    percent = {"type": "Percent", "value": 100, "periodSeconds": 15}
    rules: Json = {"selectPolicy": "Max", "policies": [percent]}
    if up:
        rules = {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, percent],
        }
    rules.update({key: value for key, value in (given or {}).items() if value is not None})
    return rules


def default_role_binding(obj: Json) -> None:
    """The API groups of the role and of users and groups; service accounts have none."""
    role = obj.setdefault("roleRef", {})
    if not role.get("apiGroup"):
        role["apiGroup"] = RBAC_GROUP
    for subject in obj.get("subjects") or ():
        if not subject.get("apiGroup") and subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = RBAC_GROUP


def default_priority_class(obj: Json) -> None:
    if not obj.get("preemptionPolicy"):
        obj["preemptionPolicy"] = "PreemptLowerPriority"
    obj.setdefault("value", 0)


def default_runtime_class(obj: Json) -> None:
    canonicalise((obj.get("overhead") or {}).get("podFixed"))
