"""The `scale` subresource: an autoscaling/v1 Scale as a view of replicas, selector and observed replicas.

Mirrors scaleFromDeployment and its siblings (`pkg/registry/apps/*/storage`). Custom resources bring their own paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.selectors import LabelSelector

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

Json = dict[str, Any]


def scale_of(kind: Kind, obj: Json) -> Json:
    """Deployment, ReplicaSet, StatefulSet, ReplicationController → Scale."""
    meta, spec, status = obj.get("metadata") or {}, obj.get("spec") or {}, obj.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    scale_status: Json = {"replicas": status.get("replicas") or 0}
    selector = selector_text(kind, spec.get("selector"))
    if selector:
        scale_status["selector"] = selector
    scale_spec: Json = {"replicas": spec["replicas"]} if spec.get("replicas") else {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": scale_spec,
        "status": scale_status,
    }


def apply_scale(kind: Kind, obj: Json, scale: Json) -> None:
    """Replicas are all that a Scale can change."""
    obj.setdefault("spec", {})["replicas"] = (scale.get("spec") or {}).get("replicas") or 0


def selector_text(kind: Kind, selector: Json | None) -> str:
    """A selector in its text form; ReplicationControllers still have plain maps."""
    if not selector:
        return ""
    if kind.kind == "ReplicationController":
        return str(LabelSelector.from_labels(selector))
    return str(LabelSelector.from_model(selector))
