"""Pod volumes and their mounts.

Mirrors ValidateVolumes, ValidateVolumeMounts and ValidateVolumeDevices. Cloud volume sources are let through with
their type check only: no node of ours mounts them.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.env import check_field_ref, check_resource_field_ref
from minik8s.apiserver.validation.meta import Errors, add_invalid
from minik8s.apiserver.validation.resources import parse

Json = dict[str, Any]

FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
#: The order in which upstream looks at the sources: the first is taken, later ones are too many.
_ORDER = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "flocker", "downwardAPI", "fc", "configMap",
    "azureFile", "vsphereVolume", "quobyte", "azureDisk", "portworxVolume", "scaleIO", "storageos", "projected", "csi",
    "ephemeral", "image",
)  # fmt: skip
VOLUME_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
)  # fmt: skip
_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip


def check_volumes(errors: Errors, volumes: list[Json], pod_name: str, path: str) -> dict[str, Json]:
    """Check all volumes; the good ones by name, for the mounts."""
    good: dict[str, Json] = {}
    created = {f"{pod_name}-{volume.get('name')}" for volume in volumes if pod_name and volume.get("ephemeral")}
    for index, volume in enumerate(volumes):
        here, before = f"{path}[{index}]", len(errors)
        _check_source(errors, volume, here)
        name = volume.get("name")
        if not name:
            errors.append(FieldError.required(f"{here}.name", ""))
        else:
            add_invalid(errors, f"{here}.name", name, names.dns1123_label(name))
        if name in good:
            errors.append(FieldError.duplicate(f"{here}.name", name))
        if name and len(errors) == before:
            good[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim and claim in created:
            text = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(FieldError.invalid(f"{here}.persistentVolumeClaim.claimName", claim, text))
    return good


def _check_source(errors: Errors, volume: Json, path: str) -> None:
    sources = [key for key, value in volume.items() if key != "name" and value is not None]
    if not sources:
        errors.append(FieldError.required(path, "must specify a volume type"))
        return
    if len(sources) > 1:
        sources.sort(key=lambda one: _ORDER.index(one) if one in _ORDER else len(_ORDER))
        for extra in sources[1:]:
            errors.append(FieldError.forbidden(f"{path}.{extra}", "may not specify more than 1 volume type"))
    check = _SOURCES.get(sources[0])
    if check:
        check(errors, volume[sources[0]], f"{path}.{sources[0]}")


def _empty_dir(errors: Errors, source: Json, path: str) -> None:
    if source.get("sizeLimit") and parse(source["sizeLimit"]).milli_value() < 0:
        errors.append(FieldError.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity"))


def _host_path(errors: Errors, source: Json, path: str) -> None:
    where = source.get("path")
    if not where:
        errors.append(FieldError.required(f"{path}.path", ""))
        return
    check_no_backsteps(errors, where, f"{path}.path")
    if (source.get("type") or "") not in _HOST_PATH_TYPES:
        errors.append(FieldError.not_supported(f"{path}.type", source["type"], list(_HOST_PATH_TYPES)))


def _secret(errors: Errors, source: Json, path: str) -> None:
    if not source.get("secretName"):
        errors.append(FieldError.required(f"{path}.secretName", ""))
    _check_mode(errors, source.get("defaultMode"), f"{path}.defaultMode")
    _check_items(errors, source.get("items") or (), path)


def _config_map(errors: Errors, source: Json, path: str) -> None:
    if not source.get("name"):
        errors.append(FieldError.required(f"{path}.name", ""))
    _check_mode(errors, source.get("defaultMode"), f"{path}.defaultMode")
    _check_items(errors, source.get("items") or (), path)


def _check_mode(errors: Errors, mode: int | None, path: str) -> None:
    if mode is not None and not 0 <= mode <= 0o777:
        errors.append(FieldError.invalid(path, mode, FILE_MODE))


def _check_items(errors: Errors, items: Any, path: str) -> None:
    for index, item in enumerate(items):
        here = f"{path}.items[{index}]"
        if not item.get("key"):
            errors.append(FieldError.required(f"{here}.key", ""))
        if not item.get("path"):
            errors.append(FieldError.required(f"{here}.path", ""))
        check_local_path(errors, item.get("path") or "", f"{here}.path")
        _check_mode(errors, item.get("mode"), f"{here}.mode")


def _downward_api(errors: Errors, source: Json, path: str) -> None:
    _check_mode(errors, source.get("defaultMode"), f"{path}.defaultMode")
    _downward_items(errors, source, path)


def _downward_items(errors: Errors, source: Json, path: str) -> None:
    for item in source.get("items") or ():
        _downward_item(errors, item, path)


def _downward_item(errors: Errors, item: Json, path: str) -> None:
    if not item.get("path"):
        errors.append(FieldError.required(f"{path}.path", ""))
    check_local_path(errors, item.get("path") or "", f"{path}.path")
    field, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if field is not None:
        check_field_ref(errors, field, VOLUME_FIELDS, f"{path}.fieldRef")
        if resource is not None:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            errors.append(FieldError.invalid(path, "resource", text))
    elif resource is not None:
        check_resource_field_ref(errors, resource, f"{path}.resourceFieldRef", volume=True)
    else:
        text = "one of fieldRef and resourceFieldRef is required"
        errors.append(FieldError.required(path, text))
    _check_mode(errors, item.get("mode"), f"{path}.mode")


def _projected(errors: Errors, source: Json, path: str) -> None:
    _check_mode(errors, source.get("defaultMode"), f"{path}.defaultMode")
    for index, part in enumerate(source.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        kinds = [key for key, value in part.items() if value is not None]
        if not kinds:
            kinds_text = "must specify at least one projection type"
            errors.append(FieldError.required(here, kinds_text))
        for extra in kinds[1:]:
            errors.append(FieldError.forbidden(f"{here}.{extra}", "may not specify more than 1 volume type"))
        if kinds:
            _check_projection(errors, kinds[0], part[kinds[0]], f"{here}.{kinds[0]}")


def _check_projection(errors: Errors, kind: str, part: Json, path: str) -> None:
    if kind in ("secret", "configMap"):
        if not part.get("name"):
            errors.append(FieldError.required(f"{path}.name", ""))
        _check_items(errors, part.get("items") or (), path)
    elif kind == "downwardAPI":
        _downward_items(errors, part, path)
    elif kind == "serviceAccountToken":
        seconds = part.get("expirationSeconds") or 0
        if seconds < 600:
            text = "may not specify a duration less than 10 minutes"
            errors.append(FieldError.invalid(f"{path}.expirationSeconds", seconds, text))
        elif seconds > 1 << 32:
            text = "may not specify a duration larger than 2^32 seconds"
            errors.append(FieldError.invalid(f"{path}.expirationSeconds", seconds, text))
        if not part.get("path"):
            errors.append(FieldError.required(f"{path}.path", ""))
        else:
            check_local_path(errors, part["path"], f"{path}.path")


def _claim(errors: Errors, source: Json, path: str) -> None:
    if not source.get("claimName"):
        errors.append(FieldError.required(f"{path}.claimName", ""))


def _nfs(errors: Errors, source: Json, path: str) -> None:
    if not source.get("server"):
        errors.append(FieldError.required(f"{path}.server", ""))
    if not source.get("path"):
        errors.append(FieldError.required(f"{path}.path", ""))
    elif not source["path"].startswith("/"):
        errors.append(FieldError.invalid(f"{path}.path", source["path"], "must be an absolute path"))


def _ephemeral(errors: Errors, source: Json, path: str) -> None:
    if not source.get("volumeClaimTemplate"):
        errors.append(FieldError.required(f"{path}.volumeClaimTemplate", ""))


def _csi(errors: Errors, source: Json, path: str) -> None:
    if not source.get("driver"):
        errors.append(FieldError.required(f"{path}.driver", ""))


_SOURCES = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "secret": _secret,
    "configMap": _config_map,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "persistentVolumeClaim": _claim,
    "nfs": _nfs,
    "ephemeral": _ephemeral,
    "csi": _csi,
}


def check_no_backsteps(errors: Errors, where: str, path: str) -> None:
    if ".." in where.split("/"):
        errors.append(FieldError.invalid(path, where, "must not contain '..'"))


def check_local_path(errors: Errors, where: str, path: str) -> None:
    """A path that stays below where it starts."""
    if where.startswith("/"):
        errors.append(FieldError.invalid(path, where, "must be a relative path"))
    check_no_backsteps(errors, where, path)


def check_mounts(errors: Errors, container: Json, volumes: dict[str, Json], path: str) -> None:
    """ValidateVolumeMounts."""
    devices = container.get("volumeDevices") or ()
    seen: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here = f"{path}[{index}]"
        name, where = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            errors.append(FieldError.required(f"{here}.name", ""))
        if name not in volumes:
            errors.append(FieldError.not_found(f"{here}.name", name))
        if not where:
            errors.append(FieldError.required(f"{here}.mountPath", ""))
        if where in seen:
            errors.append(FieldError.invalid(f"{here}.mountPath", where, "must be unique"))
        seen.add(where)
        for device in devices:
            if device.get("name") == name:
                text = "must not already exist in volumeDevices"
                errors.append(FieldError.invalid(f"{here}.name", name, text))
            if device.get("devicePath") == where:
                text = "must not already exist as a path in volumeDevices"
                errors.append(FieldError.invalid(f"{here}.mountPath", where, text))
        if len(mount) > 2:
            _check_mount_options(errors, mount, container, path, here)


def _check_mount_options(errors: Errors, mount: Json, container: Json, path: str, here: str) -> None:
    if mount.get("subPath"):
        check_local_path(errors, mount["subPath"], f"{path}.subPath")
    if mount.get("subPathExpr"):
        if mount.get("subPath"):
            text = "subPathExpr and subPath are mutually exclusive"
            errors.append(FieldError.invalid(f"{here}.subPathExpr", mount["subPathExpr"], text))
        check_local_path(errors, mount["subPathExpr"], f"{path}.subPathExpr")
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        allowed = ["Bidirectional", "HostToContainer", "None"]
        privileged = (container.get("securityContext") or {}).get("privileged")
        if propagation not in allowed:
            errors.append(FieldError.not_supported(f"{path}.mountPropagation", propagation, allowed))
        elif propagation == "Bidirectional" and not privileged:
            text = "Bidirectional mount propagation is available only to privileged containers"
            errors.append(FieldError.forbidden(f"{path}.mountPropagation", text))


def check_devices(errors: Errors, container: Json, volumes: dict[str, Json], path: str) -> None:
    """ValidateVolumeDevices."""
    names_seen: set[str] = set()
    paths_seen: set[str] = set()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here = f"{path}[{index}]"
        name, where = device.get("name") or "", device.get("devicePath") or ""
        if not name:
            errors.append(FieldError.required(f"{here}.name", ""))
        if name in names_seen:
            errors.append(FieldError.invalid(f"{here}.name", name, "must be unique"))
        volume = volumes.get(name)
        if volume is None:
            errors.append(FieldError.not_found(f"{here}.name", name))
        elif not volume.get("persistentVolumeClaim") and not volume.get("ephemeral"):
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            errors.append(FieldError.invalid(f"{here}.name", name, text))
        if not where:
            errors.append(FieldError.required(f"{here}.devicePath", ""))
        if where in paths_seen:
            errors.append(FieldError.invalid(f"{here}.devicePath", where, "must be unique"))
        if ".." in where.split("/"):
            errors.append(FieldError.invalid(f"{here}.devicePath", where, "can not contain backsteps ('..')"))
        names_seen.add(name)
        paths_seen.add(where)
