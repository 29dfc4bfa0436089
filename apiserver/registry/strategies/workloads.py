"""Workload controllers: first status, generation, garbage collection policy, pod template warnings.

Mirrors `pkg/registry/apps/*/strategy.go` and `core/replicationcontroller`. A first status shows the counts that
upstream's types print without omitempty, so that `{.status.replicas}` reads 0 and not nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar

from minik8s.apiserver.registry.strategies.pod_warnings import pod_warnings
from minik8s.apiserver.registry.strategy import JsonObject, Strategy


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


class PodDisruptionBudgetStrategy(Strategy):
    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}
