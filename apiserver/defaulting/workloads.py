"""Defaults of apps/v1, batch/v1, ReplicationController and PodTemplate."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.defaulting.pod import default_template
from minik8s.apiserver.defaulting.volumes import default_persistent_volume_claim

Json = dict[str, Any]

_MAX_INT32 = 2**31 - 1


def _fill(holder: Json, **defaults: Any) -> None:
    """Set what is absent or null."""
    for key, value in defaults.items():
        if holder.get(key) is None:
            holder[key] = value


def default_pod_template_object(obj: Json) -> None:
    default_template(obj.setdefault("template", {}))


def default_replication_controller(obj: Json) -> None:
    """Selector and labels come from the template, as only this oldest controller does."""
    spec = obj.setdefault("spec", {})
    template = spec.get("template")
    if template:
        default_template(template)
        labels = template["metadata"].get("labels")
        if labels:
            meta = obj.setdefault("metadata", {})
            spec["selector"] = spec.get("selector") or dict(labels)
            meta["labels"] = meta.get("labels") or dict(labels)
    _fill(spec, replicas=1)


def default_replica_set(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, replicas=1)
    default_template(spec.setdefault("template", {}))


def default_deployment(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec["strategy"] = spec.get("strategy") or {}
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        _fill(rolling, maxUnavailable="25%", maxSurge="25%")
    default_template(spec.setdefault("template", {}))


def default_daemon_set(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, revisionHistoryLimit=10)
    strategy = spec["updateStrategy"] = spec.get("updateStrategy") or {}
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        _fill(rolling, maxUnavailable=1, maxSurge=0)
    default_template(spec.setdefault("template", {}))


def default_stateful_set(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, replicas=1, revisionHistoryLimit=10)
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    strategy = spec["updateStrategy"] = spec.get("updateStrategy") or {}
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        _fill(rolling, partition=0)
    retention = spec["persistentVolumeClaimRetentionPolicy"] = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for key in ("whenDeleted", "whenScaled"):
        retention[key] = retention.get(key) or "Retain"
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        default_persistent_volume_claim(claim)
    default_template(spec.setdefault("template", {}))


def default_job(obj: Json) -> None:
    """SetDefaults_Job; the generated selector is the strategy's, for it needs the uid."""
    spec = obj.setdefault("spec", {})
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = spec["parallelism"] = 1
    per_index = spec.get("backoffLimitPerIndex") is not None
    _fill(spec, parallelism=1, backoffLimit=_MAX_INT32 if per_index else 6, suspend=False, manualSelector=False)
    if not spec.get("completionMode"):
        spec["completionMode"] = "NonIndexed"
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for condition in rule.get("onPodConditions") or ():
            condition["status"] = condition.get("status") or "True"
    if not spec.get("podReplacementPolicy"):
        spec["podReplacementPolicy"] = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    template = spec.setdefault("template", {})
    default_template(template)
    labels = template["metadata"].get("labels")
    meta = obj.setdefault("metadata", {})
    if labels and not meta.get("labels"):
        meta["labels"] = dict(labels)


def default_cron_job(obj: Json) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    if not spec.get("concurrencyPolicy"):
        spec["concurrencyPolicy"] = "Allow"
    job = spec.setdefault("jobTemplate", {})
    job.setdefault("metadata", {})
    default_template(job.setdefault("spec", {}).setdefault("template", {}))
