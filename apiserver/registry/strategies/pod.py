"""Pods: first status, graceful deletion, binding, and the ephemeralcontainers and resize subresources.

Mirrors `pkg/registry/core/pod/strategy.go` and the BindingREST of `pod/storage/storage.go`.
"""

from __future__ import annotations

import time
from typing import Any

from minik8s.api.status import Conflict, FieldError, Invalid
from minik8s.api.times import format_time
from minik8s.apiserver.registry.strategies.pod_warnings import pod_warnings
from minik8s.apiserver.registry.strategies.qos import qos_class
from minik8s.apiserver.registry.strategy import ALL_METADATA, JsonObject, Strategy, carry, keep_metadata
from minik8s.apiserver.validation.pod import validate_ephemeral_containers_update
from minik8s.apiserver.validation.resources import check_requirements

_FIELDS = ("nodeName", "restartPolicy", "schedulerName", "serviceAccountName")


class PodStrategy(Strategy):
    allow_unconditional_update = True
    field_labels = frozenset(
        {
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName",
        }
    )  # fmt: skip

    def prepare_create(self, obj: JsonObject) -> None:
        spec = obj.get("spec") or {}
        status: JsonObject = {"phase": "Pending", "qosClass": qos_class(spec)}
        if spec.get("schedulingGates"):
            status["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]
        obj["status"] = status

    def prepare_status_update(self, new: JsonObject, old: JsonObject) -> None:
        carry(new, old, "spec")
        keep_metadata(new, old, "ownerReferences")
        status = new.setdefault("status", {})
        quality = (old.get("status") or {}).get("qosClass")
        if quality:
            status["qosClass"] = quality
        for one, many in (("podIP", "podIPs"), ("hostIP", "hostIPs")):
            _mirror_address(status, one, many)

    def prepare_subresource_update(self, subresource: str, new: JsonObject, old: JsonObject) -> None:
        if subresource == "ephemeralcontainers":
            given = (new.get("spec") or {}).get("ephemeralContainers")
            _keep_all_but(new, old, {"ephemeralContainers": given})
            self.default(new)
            self.bump_generation(new, old)
        elif subresource == "resize":
            _keep_all_but(new, old, _resized(new, old))
            self.default(new)
            self.bump_generation(new, old)
        else:
            super().prepare_subresource_update(subresource, new, old)

    def validate_subresource_update(self, subresource: str, new: JsonObject, old: JsonObject) -> list[FieldError]:
        if subresource == "ephemeralcontainers":
            return validate_ephemeral_containers_update(new, old)
        if subresource == "resize":
            return _validate_resize(new, old)
        return super().validate_subresource_update(subresource, new, old)

    def warnings(self, obj: JsonObject, old: JsonObject | None = None) -> list[str]:
        return pod_warnings(obj.get("metadata") or {}, obj.get("spec") or {}, "spec") if old is None else []

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        meta, spec, status = obj.get("metadata") or {}, obj.get("spec") or {}, obj.get("status") or {}
        fields = {f"spec.{key}": spec.get(key) or "" for key in _FIELDS}
        fields["metadata.name"] = meta.get("name") or ""
        fields["metadata.namespace"] = meta.get("namespace") or ""
        fields["spec.hostNetwork"] = "true" if spec.get("hostNetwork") else "false"
        fields["status.phase"] = status.get("phase") or ""
        fields["status.podIP"] = fields["status.podIPs"] = status.get("podIP") or ""
        fields["status.nominatedNodeName"] = status.get("nominatedNodeName") or ""
        return fields

    def graceful_delete(self, obj: JsonObject, options: JsonObject) -> int | None:
        """Nobody holds up what has no node or has ended; a negative period counts as one second."""
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
            return 0
        period = options.get("gracePeriodSeconds")
        if period is None:
            period = spec.get("terminationGracePeriodSeconds") or 0
        return 1 if period < 0 else int(period)


def _mirror_address(status: JsonObject, one: str, many: str) -> None:
    """podIP is the first of podIPs: old clients write one of them, new ones the other."""
    first = (status.get(many) or [{}])[0].get("ip")
    if status.get(one) and first != status[one]:
        status[many] = [{"ip": status[one]}]
    elif first and not status.get(one):
        status[one] = first


def _keep_all_but(new: JsonObject, old: JsonObject, spec: JsonObject) -> None:
    new["spec"] = {**(old.get("spec") or {}), **{key: value for key, value in spec.items() if value is not None}}
    carry(new, old, "status")
    keep_metadata(new, old, *ALL_METADATA)


def _resized(new: JsonObject, old: JsonObject) -> JsonObject:
    """The old containers with the new ones' resources."""
    result: JsonObject = {}
    for group in ("containers", "initContainers"):
        given = {container.get("name"): container for container in (new.get("spec") or {}).get(group) or ()}
        before = (old.get("spec") or {}).get(group)
        if before:
            result[group] = [_with_resources(container, given.get(container.get("name"))) for container in before]
    return result


def _with_resources(container: JsonObject, given: JsonObject | None) -> JsonObject:
    if given is None:
        return container
    kept: JsonObject = {key: given[key] for key in ("resources", "resizePolicy") if key in given}
    return {**container, **kept}


def _validate_resize(new: JsonObject, old: JsonObject) -> list[FieldError]:
    errors: list[FieldError] = []
    spec = new.get("spec") or {}
    for group in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(group) or ()):
            check_requirements(errors, container.get("resources"), f"spec.{group}[{index}].resources")
    quality = (old.get("status") or {}).get("qosClass")
    if quality and qos_class(spec) != quality:
        text = "Pod QOS Class may not change as a result of resizing"
        errors.append(FieldError.invalid("spec", "", text))
    return errors


def apply_binding(pod: JsonObject, binding: JsonObject, now: float | None = None) -> None:
    """Give a pod its node, as a Binding asks; raises Invalid or Conflict with upstream's texts."""
    name = pod["metadata"]["name"]
    target = binding.get("target") or {}
    errors: list[FieldError] = []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(FieldError.not_supported("target.kind", target["kind"], ["Node", "<empty>"]))
    if not target.get("name"):
        errors.append(FieldError.required("target.name", ""))
    if errors:
        raise Invalid.of("Binding", name, errors)
    _refuse_binding(pod, name, (binding.get("metadata") or {}).get("uid"))
    spec, meta = pod["spec"], pod["metadata"]
    spec["nodeName"] = target["name"]
    annotations: dict[str, Any] = (binding.get("metadata") or {}).get("annotations") or {}
    if annotations:
        meta["annotations"] = {**(meta.get("annotations") or {}), **annotations}
    _set_scheduled(pod.setdefault("status", {}), format_time(time.time() if now is None else now))


def _refuse_binding(pod: JsonObject, name: str, uid: str | None) -> None:
    meta, spec = pod["metadata"], pod["spec"]
    if uid and uid != meta.get("uid"):
        text = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {meta.get('uid')}"
        raise Conflict.of("pods/binding", name, text)
    if meta.get("deletionTimestamp"):
        raise Conflict.of("pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise Conflict.of("pods/binding", name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise Conflict.of("pods/binding", name, f"pod {name} has non-empty .spec.schedulingGates")


def _set_scheduled(status: JsonObject, now: str) -> None:
    conditions: list[JsonObject] = status.setdefault("conditions", [])
    condition = next((one for one in conditions if one.get("type") == "PodScheduled"), None)
    if condition is None:
        condition = {"type": "PodScheduled"}
        conditions.append(condition)
    if condition.get("status") != "True":
        condition["lastTransitionTime"] = now
    condition.update(status="True", lastProbeTime=None)
    for key in ("reason", "message"):
        condition.pop(key, None)
