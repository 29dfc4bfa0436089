"""Priority: a pod's priority class becomes a number, and who may be preempted a policy.

Mirrors `plugin/pkg/admission/priority/admission.go`.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import Forbidden
from minik8s.apiserver.admission.base import CREATE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.kinds import kind_of

Json = dict[str, Any]

#: Classes that every cluster has, whether or not their objects were created yet.
SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_PODS, _CLASSES = "pods", "priorityclasses.scheduling.k8s.io"


class Priority(AdmissionPlugin):
    resources = frozenset({_PODS, _CLASSES})
    operations = frozenset({CREATE, UPDATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.resource != _PODS or attrs.obj is None:
            return
        spec = attrs.spec
        if attrs.operation == UPDATE:
            self._keep(attrs, spec)
            return
        name, value, policy = await self._resolve(attrs, spec.get("priorityClassName") or "")
        if name:
            spec["priorityClassName"] = name
        given = spec.get("priority")
        if given is not None and given != value:
            text = (
                f"the integer value of priority ({given}) must not be provided in pod spec; priority admission "
                f"controller computed {value} from the given PriorityClass name"
            )
            raise Forbidden.of("pods", attrs.name, text)
        given_policy = spec.get("preemptionPolicy")
        if given_policy is not None and given_policy != policy:
            text = (
                f"the string value of PreemptionPolicy ({given_policy}) must not be provided in pod spec; priority "
                f"admission controller computed {policy} from the given PriorityClass name"
            )
            raise Forbidden.of("pods", attrs.name, text)
        spec["priority"] = value
        spec["preemptionPolicy"] = policy

    def _keep(self, attrs: Attributes, spec: Json) -> None:
        """An update that leaves priority out keeps it (old clients do not know the fields)."""
        before = (attrs.old or {}).get("spec") or {}
        if spec.get("priorityClassName") == before.get("priorityClassName") or not spec.get("priorityClassName"):
            for key in ("priority", "preemptionPolicy"):
                if spec.get(key) is None and before.get(key) is not None:
                    spec[key] = before[key]

    async def _resolve(self, attrs: Attributes, name: str) -> tuple[str, int, str]:
        """(class name, value, preemption policy)."""
        kind = kind_of("PriorityClass", "scheduling.k8s.io")
        if not name:
            default = _global_default(await self.registry.list(kind))
            if default is None:
                return "", 0, "PreemptLowerPriority"
            return default["metadata"]["name"], default.get("value") or 0, _policy(default)
        found = await self.registry.get(kind, "", name)
        if found is None:
            if name in SYSTEM_CLASSES:
                return name, SYSTEM_CLASSES[name], "PreemptLowerPriority"
            raise Forbidden.of("pods", attrs.name, f"no PriorityClass with name {name} was found")
        return name, found.get("value") or 0, _policy(found)

    async def validate(self, attrs: Attributes) -> None:
        """At most one class is the global default."""
        if attrs.resource != _CLASSES or attrs.obj is None or not attrs.obj.get("globalDefault"):
            return
        default = _global_default(await self.registry.list(kind_of("PriorityClass", "scheduling.k8s.io")))
        if default is not None and default["metadata"]["name"] != attrs.name:
            other = default["metadata"]["name"]
            text = f"PriorityClass {other} is already marked as default. Only one default can exist"
            raise Forbidden.of(_CLASSES, attrs.name, text)


def _policy(priority_class: Json) -> str:
    return priority_class.get("preemptionPolicy") or "PreemptLowerPriority"


def _global_default(classes: list[Json]) -> Json | None:
    """Of several (they raced), the lowest value wins."""
    defaults = [one for one in classes if one.get("globalDefault")]
    return min(defaults, key=lambda one: one.get("value") or 0) if defaults else None
