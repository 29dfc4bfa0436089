"""DefaultTolerationSeconds: pods stay five minutes on a node that is not ready or unreachable.

Mirrors `plugin/pkg/admission/defaulttolerationseconds/admission.go`.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.admission.base import CREATE, UPDATE, AdmissionPlugin, Attributes

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
SECONDS = 300


class DefaultTolerationSeconds(AdmissionPlugin):
    resources = frozenset({"pods"})
    operations = frozenset({CREATE, UPDATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None:
            return
        spec = attrs.spec
        tolerations = spec.get("tolerations") or []
        for taint in (NOT_READY, UNREACHABLE):
            if not any(_covers(toleration, taint) for toleration in tolerations):
                added = {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
                spec["tolerations"] = tolerations = [*tolerations, added]


def _covers(toleration: dict[str, Any], taint: str) -> bool:
    return toleration.get("key") in (taint, None, "") and toleration.get("effect") in ("NoExecute", None, "")
