"""Custom resource definitions: stored versions, and the cleanup finalizer.

Mirrors `apiextensions-apiserver/pkg/registry/customresourcedefinition/strategy.go`.
"""

from __future__ import annotations

from minik8s.apiserver.extensions.definition.facts import CLEANUP_FINALIZER, TERMINATING, set_condition
from minik8s.apiserver.registry.strategy import ALL_METADATA, JsonObject, Strategy


class CrdStrategy(Strategy):
    status_keeps_metadata = ALL_METADATA

    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {
            "conditions": [],
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": _storage_versions(obj),
        }

    def graceful_delete(self, obj: JsonObject, options: JsonObject) -> int | None:
        """The first delete only marks: instances go first (extensions/controller.py takes the finalizer away)."""
        meta = obj["metadata"]
        finalizers = meta.get("finalizers") or []
        if not meta.get("deletionTimestamp") and CLEANUP_FINALIZER not in finalizers:
            meta["finalizers"] = [*finalizers, CLEANUP_FINALIZER]
        return None

    def begin_delete(self, obj: JsonObject) -> None:
        message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
        now = obj["metadata"].get("deletionTimestamp") or ""
        set_condition(obj, now, TERMINATING, "True", "InstanceDeletionPending", message)

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        """A version once stored stays listed until somebody has migrated its objects and says so."""
        super().prepare_update(new, old)
        status = new["status"] = dict(new.get("status") or {})
        stored = list(status.get("storedVersions") or ())
        status["storedVersions"] = stored + [name for name in _storage_versions(new) if name not in stored]


def _storage_versions(obj: JsonObject) -> list[str]:
    versions = (obj.get("spec") or {}).get("versions") or ()
    return [version["name"] for version in versions if version.get("storage")]
