"""StorageObjectInUseProtection: claims and volumes in use are not removed under their users.

Mirrors `plugin/pkg/admission/storage/storageobjectinuseprotection`; the finalizers are taken off by the protection
controllers.
"""

from __future__ import annotations

from minik8s.apiserver.admission.base import CREATE, AdmissionPlugin, Attributes

FINALIZERS = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}


class StorageObjectInUseProtection(AdmissionPlugin):
    resources = frozenset(FINALIZERS)
    operations = frozenset({CREATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None:
            return
        meta, finalizer = attrs.obj.setdefault("metadata", {}), FINALIZERS[attrs.resource]
        finalizers = meta.get("finalizers") or []
        if finalizer not in finalizers:
            meta["finalizers"] = [*finalizers, finalizer]
