"""TaintNodesByCondition: a new node is not ready until its controller says so.

Mirrors `plugin/pkg/admission/nodetaint/admission.go`.
"""

from __future__ import annotations

from minik8s.apiserver.admission.base import CREATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.tolerations import NOT_READY


class TaintNodesByCondition(AdmissionPlugin):
    resources = frozenset({"nodes"})
    operations = frozenset({CREATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None:
            return
        taints = attrs.spec.get("taints") or []
        if not any(taint.get("key") == NOT_READY and taint.get("effect") == "NoSchedule" for taint in taints):
            attrs.spec["taints"] = [*taints, {"key": NOT_READY, "effect": "NoSchedule"}]
