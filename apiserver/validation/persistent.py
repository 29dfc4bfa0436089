"""PersistentVolumes, claims, storage classes, CSI drivers, attachments."""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.difference import difference
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_enum,
    check_immutable,
    check_label_selector,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.resources import parse
from minik8s.apiserver.validation.scheduling import check_node_selector

Json = dict[str, Any]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_PLAIN_KEYS = frozenset(
    {
        "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy", "storageClassName", "mountOptions",
        "volumeMode", "nodeAffinity", "volumeAttributesClassName",
    }
)  # fmt: skip


def _check_modes(errors: Errors, modes: list[str], path: str) -> None:
    if not modes:
        errors.append(FieldError.required(path, "at least 1 access mode is required"))
    for mode in modes:
        if mode not in ACCESS_MODES:
            errors.append(FieldError.not_supported(path, mode, list(ACCESS_MODES)))
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        text = "may not use ReadWriteOncePod with other access modes"
        errors.append(FieldError.forbidden(path, text))


def _check_storage(errors: Errors, text: str, path: str) -> None:
    if parse(text).milli_value() <= 0:
        errors.append(FieldError.invalid(path, text, "must be greater than zero"))


def _check_volume(errors: Errors, spec: Json) -> None:
    _check_modes(errors, spec.get("accessModes") or [], "spec.accessModes")
    capacity = spec.get("capacity") or {}
    if not capacity:
        errors.append(FieldError.required("spec.capacity", ""))
    if list(capacity) != ["storage"]:
        errors.append(FieldError.not_supported("spec.capacity", capacity, ["storage"]))
    for name, text in capacity.items():
        _check_storage(errors, text, f"spec.capacity[{name}]")
    policy = spec.get("persistentVolumeReclaimPolicy")
    check_enum(errors, policy, RECLAIM_POLICIES, "spec.persistentVolumeReclaimPolicy", required=False)
    check_enum(errors, spec.get("volumeMode"), ("Block", "Filesystem"), "spec.volumeMode", required=False)
    required = (spec.get("nodeAffinity") or {}).get("required")
    if required is not None:
        check_node_selector(errors, required, "spec.nodeAffinity.required")
    sources = [key for key, value in spec.items() if key not in _PLAIN_KEYS and value is not None]
    if not sources:
        errors.append(FieldError.required("spec", "must specify a volume type"))
    for extra in sources[1:]:
        errors.append(FieldError.forbidden(f"spec.{extra}", "may not specify more than 1 volume type"))
    if "local" in sources and not spec.get("nodeAffinity"):
        errors.append(FieldError.required("spec.nodeAffinity", "Local volume requires node affinity"))
    if spec.get("storageClassName"):
        add_invalid(
            errors, "spec.storageClassName", spec["storageClassName"], names.dns1123_subdomain(spec["storageClassName"])
        )


def validate_volume(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    _check_volume(errors, obj.get("spec") or {})
    return errors


def validate_volume_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    _check_volume(errors, spec)
    for key in sorted((spec.keys() | before.keys()) - _PLAIN_KEYS):
        if spec.get(key) != before.get(key):
            text = f"spec.persistentvolumesource is immutable after creation\n{difference(spec, before)}"
            errors.append(FieldError.forbidden("spec.persistentvolumesource", text))
            break
    check_immutable(errors, spec.get("volumeMode"), before.get("volumeMode"), "spec.volumeMode")
    if before.get("nodeAffinity"):
        check_immutable(errors, spec.get("nodeAffinity"), before["nodeAffinity"], "spec.nodeAffinity")
    return errors


def _check_claim(errors: Errors, spec: Json) -> None:
    modes = spec.get("accessModes") or []
    if not modes:
        errors.append(FieldError.required("spec.accessModes", "at least 1 access mode is required"))
    else:
        _check_modes(errors, modes, "spec.accessModes")
    check_label_selector(errors, spec.get("selector"), "spec.selector")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        errors.append(FieldError.required("spec.resources[storage]", ""))
    else:
        _check_storage(errors, storage, "spec.resources[storage]")
    if spec.get("storageClassName"):
        add_invalid(
            errors, "spec.storageClassName", spec["storageClassName"], names.dns1123_subdomain(spec["storageClassName"])
        )
    check_enum(errors, spec.get("volumeMode"), ("Block", "Filesystem"), "spec.volumeMode", required=False)
    data = spec.get("dataSource")
    if data is not None:
        for key in ("name", "kind"):
            if not data.get(key):
                errors.append(FieldError.required(f"spec.dataSource.{key}", ""))


def validate_claim(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_claim(errors, obj.get("spec") or {})
    return errors


def validate_claim_update(new: Json, old: Json) -> list[FieldError]:
    """Immutable but for the storage request of a bound claim, which may grow, and a volume name not yet given."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = dict(new.get("spec") or {}), old.get("spec") or {}
    _check_claim(errors, spec)
    if not before.get("volumeName"):
        for key in ("volumeName", "storageClassName"):
            if before.get(key) is None and key in spec:
                spec.pop(key)
    size, old_size = _requested(spec), _requested(before)
    bound = (old.get("status") or {}).get("phase") == "Bound"
    if bound and old_size is not None:
        resources = spec.get("resources") or {}
        spec["resources"] = {**resources, "requests": {**(resources.get("requests") or {}), "storage": old_size}}
    changed = difference(spec, before)
    if changed:
        text = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        errors.append(FieldError.forbidden("spec", f"{text}\n{changed}"))
    if size is not None and old_size is not None and parse(size) < parse(old_size):
        allocated = ((old.get("status") or {}).get("capacity") or {}).get("storage")
        if not allocated or parse(size) <= parse(allocated):
            text = "field can not be less than status.capacity"
            errors.append(FieldError.forbidden("spec.resources.requests.storage", text))
    return errors


def _requested(spec: Json) -> str | None:
    return ((spec.get("resources") or {}).get("requests") or {}).get("storage")


def validate_storage_class(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    provisioner = obj.get("provisioner") or ""
    if not provisioner:
        errors.append(FieldError.required("provisioner", ""))
    else:
        add_invalid(errors, "provisioner", provisioner, names.qualified_name(provisioner.lower()))
    _check_parameters(errors, obj.get("parameters") or {})
    check_enum(errors, obj.get("reclaimPolicy"), ("Delete", "Retain"), "reclaimPolicy", required=False)
    modes = ("Immediate", "WaitForFirstConsumer")
    check_enum(errors, obj.get("volumeBindingMode"), modes, "volumeBindingMode")
    return errors


def _check_parameters(errors: Errors, parameters: dict[str, str]) -> None:
    if len(parameters) > 512:
        errors.append(FieldError.too_long("parameters", "Provisioner Parameters exceeded max allowed", 512))
    for key in parameters:
        if not key:
            errors.append(FieldError.invalid("parameters", key, "field can not be empty."))
    if sum(len(key) + len(value) for key, value in parameters.items()) > 256 * 1024:
        errors.append(FieldError.too_long("parameters", "", 256 * 1024))


def validate_storage_class_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    text = "updates to {} are forbidden."
    if (new.get("parameters") or {}) != (old.get("parameters") or {}):
        errors.append(FieldError.forbidden("parameters", text.format("parameters")))
    for key in ("provisioner", "reclaimPolicy"):
        if new.get(key) != old.get(key):
            errors.append(FieldError.forbidden(key, text.format(key)))
    check_immutable(errors, new.get("volumeBindingMode"), old.get("volumeBindingMode"), "volumeBindingMode")
    return errors


def validate_csi_driver(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    spec = obj.get("spec") or {}
    policies = ("File", "None", "ReadWriteOnceWithFSType")
    check_enum(errors, spec.get("fsGroupPolicy"), policies, "spec.fsGroupPolicy", required=False)
    for mode in spec.get("volumeLifecycleModes") or ():
        check_enum(errors, mode, ("Ephemeral", "Persistent"), "spec.volumeLifecycleModes")
    return errors


def validate_attachment(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    spec = obj.get("spec") or {}
    for key in ("attacher", "nodeName"):
        if not spec.get(key):
            errors.append(FieldError.required(f"spec.{key}", ""))
    source = spec.get("source") or {}
    if not source.get("persistentVolumeName") and not source.get("inlineVolumeSpec"):
        text = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
        errors.append(FieldError.required("spec.source", text))
    return errors


def validate_attachment_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    check_immutable(errors, new.get("spec"), old.get("spec"), "spec")
    return errors


PERSISTENT_VOLUME = Validator(validate_volume, validate_volume_update)
PERSISTENT_VOLUME_CLAIM = Validator(validate_claim, validate_claim_update)
STORAGE_CLASS = Validator(validate_storage_class, validate_storage_class_update)
CSI_DRIVER = Validator(validate_csi_driver)
VOLUME_ATTACHMENT = Validator(validate_attachment, validate_attachment_update)
