"""Claims, volumes and classes for tests."""

from typing import Any

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.storage import StorageClass
from minik8s.controllers.volumes.names import LOCAL_PATH


def claim(name: str = "data", size: str = "1Gi", **spec: Any) -> core.PersistentVolumeClaim:
    resources = core.VolumeResourceRequirements(requests={"storage": size})
    wanted = {"access_modes": ["ReadWriteOnce"], "storage_class_name": "", "resources": resources, **spec}
    meta = ObjectMeta(name=name, namespace="default", uid=f"uid-{name}")
    return core.PersistentVolumeClaim(metadata=meta, spec=core.PersistentVolumeClaimSpec(**wanted))


def volume(name: str = "v", size: str = "1Gi", phase: str = "Available", **spec: Any) -> core.PersistentVolume:
    given = {
        "access_modes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "host_path": core.HostPathVolumeSource(path="/x"),
        "persistent_volume_reclaim_policy": "Retain",
        **spec,
    }
    return core.PersistentVolume(
        metadata=ObjectMeta(name=name, uid=f"uid-{name}"),
        spec=core.PersistentVolumeSpec(**given),
        status=core.PersistentVolumeStatus(phase=phase),
    )


def storage_class(
    name: str = "standard", waits: bool = True, provisioner: str = LOCAL_PATH, **more: Any
) -> StorageClass:
    mode = "WaitForFirstConsumer" if waits else "Immediate"
    return StorageClass(
        metadata=ObjectMeta(name=name),
        provisioner=provisioner,
        volume_binding_mode=mode,
        **{"reclaim_policy": "Delete", **more},
    )
