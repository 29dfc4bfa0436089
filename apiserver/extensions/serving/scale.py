"""The scale subresource of custom resources: a Scale by the paths that the definition names.

Mirrors ScaleREST of apiextensions-apiserver/pkg/registry/customresource/etcd.go and validator.go.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.api.status import InternalError
from minik8s.apiserver.extensions.serving import paths
from minik8s.apiserver.extensions.serving.kind import CustomKind

Json = dict[str, Any]
MAX_INT32 = 2**31 - 1
_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def settings(kind: CustomKind) -> Json | None:
    found: Json | None = (kind.version_spec.get("subresources") or {}).get("scale")
    return found


def scale_of(kind: CustomKind, obj: Json) -> Json:
    """The object's Scale."""
    scale, meta = settings(kind) or {}, obj["metadata"]
    wanted = paths.get(obj, scale["specReplicasPath"])
    if wanted is None:
        raise InternalError(f'the spec replicas field "{scale["specReplicasPath"]}" does not exist')
    status: Json = {"replicas": paths.get(obj, scale["statusReplicasPath"]) or 0}
    selector = paths.get(obj, scale.get("labelSelectorPath") or ".")
    if isinstance(selector, str) and selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in _KEPT if key in meta},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def apply_scale(kind: CustomKind, obj: Json, wanted: Json) -> None:
    """Write the replicas that a Scale asks for."""
    scale = settings(kind) or {}
    paths.put(obj, scale["specReplicasPath"], (wanted.get("spec") or {}).get("replicas") or 0)


def check(kind: CustomKind, obj: Json) -> list[FieldError]:
    """Replicas are whole numbers that an int32 holds; the selector is text."""
    scale = settings(kind)
    if scale is None:
        return []
    errors: list[FieldError] = []
    for key, part in (("specReplicasPath", "spec"), ("statusReplicasPath", "status")):
        path = scale[key]
        value, where = paths.get(obj, path), path.lstrip(".")
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            text = f"{path} accessor error: {value} is of the type {_go_type(value)}, expected int64"
            errors.append(FieldError.invalid(where, obj.get(part), text))
        elif value < 0:
            errors.append(FieldError.invalid(where, value, "should be a non-negative integer"))
        elif value > MAX_INT32:
            errors.append(FieldError.invalid(where, value, f"should be less than or equal to {MAX_INT32}"))
    path = scale.get("labelSelectorPath")
    selector = paths.get(obj, path) if path else None
    if selector is not None and not isinstance(selector, str):
        text = f"{path} accessor error: {selector} is of the type {_go_type(selector)}, expected string"
        errors.append(FieldError.invalid((path or "").lstrip("."), obj.get("status"), text))
    return errors


def _go_type(value: Any) -> str:
    """The Go type that the JSON value has upstream, as its accessors name it."""
    if isinstance(value, bool):
        return "bool"
    names = ((str, "string"), (int, "int64"), (float, "float64"), (list, "[]interface {}"))
    return next((name for kind, name in names if isinstance(value, kind)), "map[string]interface {}")
