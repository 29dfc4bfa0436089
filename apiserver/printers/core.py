"""Nodes, namespaces, configuration, events, storage and quota."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.printers import text

Json = dict[str, Any]

_ROLE_PREFIX, _ROLE_LABEL = "node-role.kubernetes.io/", "kubernetes.io/role"
_MODES = (("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"))


def print_node(obj: Json, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    info = status.get("nodeInfo") or {}
    addresses = {one.get("type"): one.get("address") for one in reversed(status.get("addresses") or [])}
    return [
        text.name(obj),
        node_status(spec, status),
        ",".join(node_roles(obj)) or text.NONE,
        text.age(obj, now),
        info.get("kubeletVersion") or "",
        addresses.get("InternalIP") or text.NONE,
        addresses.get("ExternalIP") or text.NONE,
        info.get("osImage") or text.UNKNOWN,
        info.get("kernelVersion") or text.UNKNOWN,
        info.get("containerRuntimeVersion") or text.UNKNOWN,
    ]


def node_status(spec: Json, status: Json) -> str:
    ready = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
    word = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if spec.get("unschedulable") else word


def node_roles(obj: Json) -> list[str]:
    found = set()
    for key, value in ((obj.get("metadata") or {}).get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX):
            found.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL:
            found.add(value)
    return sorted(found - {""})


def print_namespace(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), (obj.get("status") or {}).get("phase") or "", text.age(obj, now)]


def print_config_map(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), text.age(obj, now)]


def print_secret(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), obj.get("type") or "", len(obj.get("data") or ()), text.age(obj, now)]


def print_service_account(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), len(obj.get("secrets") or ()), text.age(obj, now)]


def print_event(obj: Json, now: float) -> list[Any]:
    """Both views of an event: core/v1's names, or events.k8s.io's."""
    involved = obj.get("involvedObject") or obj.get("regarding") or {}
    series, count = obj.get("series"), obj.get("count") or obj.get("deprecatedCount") or 1
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first
    if series:
        last, count = series.get("lastObservedTime"), series.get("count") or 0
    kind = (involved.get("kind") or "").lower()
    return [
        text.since(last, now),
        obj.get("type") or "",
        obj.get("reason") or "",
        f"{kind}/{involved['name']}" if involved.get("name") else kind,
        involved.get("fieldPath") or "",
        _event_source(obj),
        (obj.get("message") or obj.get("note") or "").strip(),
        text.since(first, now),
        count,
        text.name(obj),
    ]


def _event_source(obj: Json) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    instance = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component


def access_modes(modes: list[str] | None) -> str:
    return ",".join(short for mode, short in _MODES if mode in (modes or ()))


def print_claim(obj: Json, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase") or ""
    bound = bool(spec.get("volumeName"))
    return [
        text.name(obj),
        phase,
        spec.get("volumeName") or "",
        ((status.get("capacity") or {}).get("storage") or "0") if bound else "",
        access_modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or text.UNSET,
        text.age(obj, now),
        spec.get("volumeMode") or text.UNSET,
    ]


def print_volume(obj: Json, now: float) -> list[Any]:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    claim = spec.get("claimRef")
    return [
        text.name(obj),
        (spec.get("capacity") or {}).get("storage") or "0",
        access_modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy") or "",
        "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase") or "",
        f"{claim.get('namespace')}/{claim.get('name')}" if claim else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or text.UNSET,
        status.get("reason") or "",
        text.age(obj, now),
        spec.get("volumeMode") or text.UNSET,
    ]


def print_quota(obj: Json, now: float) -> list[Any]:
    status = obj.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    texts = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    requests = ", ".join(value for name, value in texts.items() if not name.startswith("limits"))
    limits = ", ".join(value for name, value in texts.items() if name.startswith("limits"))
    return [text.name(obj), requests, limits, text.age(obj, now)]


def print_component_status(obj: Json, now: float) -> list[Any]:
    condition: Json = next((one for one in obj.get("conditions") or () if one.get("type") == "Healthy"), {})
    word = {"True": "Healthy", "False": "Unhealthy"}.get(condition.get("status") or "", "Unknown")
    return [text.name(obj), word, condition.get("message") or "", condition.get("error") or ""]


PRINTERS = {
    ("", "Node"): print_node,
    ("", "Namespace"): print_namespace,
    ("", "ConfigMap"): print_config_map,
    ("", "Secret"): print_secret,
    ("", "ServiceAccount"): print_service_account,
    ("", "Event"): print_event,
    ("events.k8s.io", "Event"): print_event,
    ("", "PersistentVolumeClaim"): print_claim,
    ("", "PersistentVolume"): print_volume,
    ("", "ResourceQuota"): print_quota,
    ("", "ComponentStatus"): print_component_status,
}
