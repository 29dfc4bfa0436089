"""Jobs: the generated selector and labels; cron jobs.

Mirrors `pkg/registry/batch/job/strategy.go` (generateSelector) and `cronjob/strategy.go`.
"""

from __future__ import annotations

from minik8s.apiserver.registry.strategies.pod_warnings import pod_warnings
from minik8s.apiserver.registry.strategies.workloads import WorkloadStrategy
from minik8s.apiserver.registry.strategy import JsonObject

UID_LABEL = "batch.kubernetes.io/controller-uid"
NAME_LABEL = "batch.kubernetes.io/job-name"

_ORPHAN_WARNING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them "
    "or set propagationPolicy=Orphan to suppress this warning"
)


class JobStrategy(WorkloadStrategy):
    field_labels = frozenset({"status.successful"})

    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {}
        spec, meta = obj.get("spec") or {}, obj["metadata"]
        given = dict(_template_labels(spec))
        if not spec.get("manualSelector"):
            generate_selector(obj)
        # Labels that only mirror the template's go on doing so (upstream defaults them anew on each read).
        if (meta.get("labels") or {}) == given:
            meta["labels"] = dict(_template_labels(spec))

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        fields = super().selectable_fields(obj)
        fields["status.successful"] = str((obj.get("status") or {}).get("succeeded") or 0)
        return fields

    def default_orphan(self) -> bool:
        return True

    def delete_warnings(self, obj: JsonObject, options: JsonObject) -> list[str]:
        named = options.get("propagationPolicy") or options.get("orphanDependents") is not None
        return [] if named else [_ORPHAN_WARNING]


def _template_labels(spec: JsonObject) -> JsonObject:
    return ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}


def generate_selector(job: JsonObject) -> None:
    """Pods of a job are found by its uid: names come back, uids do not."""
    meta, spec = job["metadata"], job["spec"]
    template = spec.setdefault("template", {}).setdefault("metadata", {})
    labels = template["labels"] = template.get("labels") or {}
    # The unprefixed labels are what users of old clusters select by.
    labels.update({"job-name": meta["name"], NAME_LABEL: meta["name"]})
    labels.update({"controller-uid": meta["uid"], UID_LABEL: meta["uid"]})
    selector = spec["selector"] = spec.get("selector") or {}
    match = selector["matchLabels"] = selector.get("matchLabels") or {}
    match.setdefault(UID_LABEL, meta["uid"])


class CronJobStrategy(WorkloadStrategy):
    def warnings(self, obj: JsonObject, old: JsonObject | None = None) -> list[str]:
        if old is not None:
            return []
        spec = obj.get("spec") or {}
        found: list[str] = []
        if len((obj.get("metadata") or {}).get("name") or "") > 52:
            found.append("metadata.name: must be no more than 52 characters")
        if "TZ=" in (spec.get("schedule") or ""):
            found.append(
                "cannot use TZ or CRON_TZ in schedule, use timeZone field instead, see https://kubernetes.io/docs/concepts/"
                "workloads/controllers/cron-jobs/#time-zones for more details"
            )
        template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
        path = "spec.jobTemplate.spec.template.spec"
        return found + pod_warnings(template.get("metadata") or {}, template.get("spec") or {}, path)
