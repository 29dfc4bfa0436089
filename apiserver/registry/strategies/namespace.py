"""Namespaces: held by spec.finalizers until their content is gone.

Mirrors `pkg/registry/core/namespace/strategy.go` and storage: a DELETE marks the namespace Terminating; the namespace
controller empties it and takes its finalizer off through the `finalize` subresource; only then is it removed.
"""

from __future__ import annotations

from minik8s.apiserver.registry.strategy import JsonObject, Strategy, carry, keep_metadata

FINALIZER = "kubernetes"


class NamespaceStrategy(Strategy):
    field_labels = frozenset({"status.phase", "name"})

    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"phase": "Active"}
        spec = obj.get("spec") or {}
        finalizers = list(spec.get("finalizers") or ())
        if FINALIZER not in finalizers:
            finalizers.append(FINALIZER)
        obj["spec"] = {**spec, "finalizers": finalizers}

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        """An ordinary update leaves finalizers and status alone."""
        new["spec"] = {**(new.get("spec") or {}), "finalizers": (old.get("spec") or {}).get("finalizers") or []}
        if not new["spec"]["finalizers"]:
            del new["spec"]["finalizers"]
        carry(new, old, "status")

    def prepare_subresource_update(self, subresource: str, new: JsonObject, old: JsonObject) -> None:
        if subresource == "finalize":
            carry(new, old, "status")
            keep_metadata(new, old)
        else:
            super().prepare_subresource_update(subresource, new, old)

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        name = obj["metadata"].get("name", "")
        return {"metadata.name": name, "name": name, "status.phase": (obj.get("status") or {}).get("phase", "")}

    def graceful_delete(self, obj: JsonObject, options: JsonObject) -> int | None:
        return None

    def begin_delete(self, obj: JsonObject) -> None:
        obj.setdefault("status", {})["phase"] = "Terminating"

    def pending_finalizers(self, obj: JsonObject) -> list[str]:
        return [*super().pending_finalizers(obj), *((obj.get("spec") or {}).get("finalizers") or ())]
