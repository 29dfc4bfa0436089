"""Workload controllers: first status, generation, garbage collection policy, pod template warnings.

Mirrors `pkg/registry/apps/*/strategy.go` and `core/replicationcontroller`. A first status shows the counts that
upstream's types print without omitempty, so that `{.status.replicas}` reads 0 and not nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar

from minik8s.apiserver.registry.strategies.pod_warnings import pod_warnings
from minik8s.apiserver.registry.strategy import JsonObject, Strategy

#: Upstream's spec.templateGeneration, which lives on as an annotation of daemon sets.
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


class WorkloadStrategy(Strategy):
    """A kind with spec.template."""

    first_status: ClassVar[JsonObject] = {}

    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = dict(self.first_status)

    def warnings(self, obj: JsonObject, old: JsonObject | None = None) -> list[str]:
        template = (obj.get("spec") or {}).get("template") or {}
        if old is not None and template == ((old.get("spec") or {}).get("template") or {}):
            return []
        return pod_warnings(template.get("metadata") or {}, template.get("spec") or {}, "spec.template.spec")


class ReplicaSetStrategy(WorkloadStrategy):
    first_status: ClassVar[JsonObject] = {"replicas": 0}
    field_labels = frozenset({"status.replicas"})

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        fields = super().selectable_fields(obj)
        fields["status.replicas"] = str((obj.get("status") or {}).get("replicas") or 0)
        return fields


class ReplicationControllerStrategy(ReplicaSetStrategy):
    def default_orphan(self) -> bool:
        """The one controller of core/v1 leaves its pods when deleted without a policy."""
        return True


class DeploymentStrategy(WorkloadStrategy):
    status_keeps_metadata = ("labels",)

    def desired_state(self, obj: JsonObject) -> Any:
        """Annotations count: they are copied to replica sets."""
        return [super().desired_state(obj), (obj.get("metadata") or {}).get("annotations") or {}]


class StatefulSetStrategy(WorkloadStrategy):
    first_status: ClassVar[JsonObject] = {"replicas": 0, "availableReplicas": 0}


class DaemonSetStrategy(WorkloadStrategy):
    first_status: ClassVar[JsonObject] = {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    }

    def prepare_create(self, obj: JsonObject) -> None:
        super().prepare_create(obj)
        _annotate(obj, "1")

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        """The template's own count goes up with each change of the template, and never otherwise."""
        before = ((old.get("metadata") or {}).get("annotations") or {}).get(TEMPLATE_GENERATION)
        if before is not None and before.isdigit():
            same = (new.get("spec") or {}).get("template") == (old.get("spec") or {}).get("template")
            _annotate(new, before if same else str(int(before) + 1))
        super().prepare_update(new, old)


def _annotate(obj: JsonObject, count: str) -> None:
    meta = obj.setdefault("metadata", {})
    meta["annotations"] = {**(meta.get("annotations") or {}), TEMPLATE_GENERATION: count}


class PodDisruptionBudgetStrategy(Strategy):
    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}
