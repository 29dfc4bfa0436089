"""Defaults of volumes, claims, persistent volumes and storage classes."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.defaulting.quantities import canonicalise, canonicalise_field

Json = dict[str, Any]

_DEFAULT_MODE = 0o644


def default_volume(volume: Json) -> None:
    """SetDefaults_Volume and those of its sources; a volume without any source is an emptyDir."""
    if len(volume) < 2 or not any(value is not None for key, value in volume.items() if key != "name"):
        volume["emptyDir"] = {}
        return
    for key, source in volume.items():
        default = _SOURCES.get(key)
        if default is not None and source is not None:
            default(source)


def _with_mode(source: Json) -> None:
    if source.get("defaultMode") is None:
        source["defaultMode"] = _DEFAULT_MODE


def _downward_api(source: Json) -> None:
    _with_mode(source)
    _downward_items(source)


def _downward_items(source: Json) -> None:
    for item in source.get("items") or ():
        field = item.get("fieldRef")
        if field is not None and not field.get("apiVersion"):
            field["apiVersion"] = "v1"
        resource = item.get("resourceFieldRef")
        if resource is not None:
            resource.setdefault("divisor", "0")
            canonicalise_field(resource, "divisor")


def _projected(source: Json) -> None:
    _with_mode(source)
    for part in source.get("sources") or ():
        if part.get("downwardAPI"):
            _downward_items(part["downwardAPI"])
        token = part.get("serviceAccountToken")
        if token is not None and token.get("expirationSeconds") is None:
            token["expirationSeconds"] = 3600


def _empty_dir(source: Json) -> None:
    canonicalise_field(source, "sizeLimit")


def _host_path(source: Json) -> None:
    if source.get("type") is None:
        source["type"] = ""


def _ephemeral(source: Json) -> None:
    template = source.get("volumeClaimTemplate")
    if template:
        template.setdefault("metadata", {})
        default_claim_spec(template.setdefault("spec", {}))


def _iscsi(source: Json) -> None:
    if not source.get("iscsiInterface"):
        source["iscsiInterface"] = "default"


_SOURCES = {
    "secret": _with_mode,
    "configMap": _with_mode,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "ephemeral": _ephemeral,
    "iscsi": _iscsi,
}


def default_claim_spec(spec: Json) -> None:
    """SetDefaults_PersistentVolumeClaimSpec."""
    if not spec.get("volumeMode"):
        spec["volumeMode"] = "Filesystem"
    resources = spec.setdefault("resources", {})
    canonicalise(resources.get("requests"))
    canonicalise(resources.get("limits"))


def default_persistent_volume_claim(claim: Json) -> None:
    default_claim_spec(claim.setdefault("spec", {}))
    status = claim.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"
    canonicalise(status.get("capacity"))
    canonicalise(status.get("allocatedResources"))


def default_persistent_volume(volume: Json) -> None:
    spec = volume.setdefault("spec", {})
    if not spec.get("persistentVolumeReclaimPolicy"):
        spec["persistentVolumeReclaimPolicy"] = "Retain"
    if not spec.get("volumeMode"):
        spec["volumeMode"] = "Filesystem"
    canonicalise(spec.get("capacity"))
    for key in ("hostPath", "iscsi"):
        if spec.get(key) is not None:
            _SOURCES[key](spec[key])
    status = volume.setdefault("status", {})
    if not status.get("phase"):
        status["phase"] = "Pending"


def default_storage_class(storage_class: Json) -> None:
    if not storage_class.get("reclaimPolicy"):
        storage_class["reclaimPolicy"] = "Delete"
    if not storage_class.get("volumeBindingMode"):
        storage_class["volumeBindingMode"] = "Immediate"


def default_csi_driver(driver: Json) -> None:
    spec = driver.setdefault("spec", {})
    defaults: Json = {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
        "requiresRepublish": False,
        "seLinuxMount": False,
    }
    for key, value in defaults.items():
        if spec.get(key) is None:
            spec[key] = value
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
