"""Certificate signing requests: who asked is the server's to say; approval and certificate have their own doors.

Mirrors `pkg/registry/certificates/certificates/strategy.go`. The generic registry calls `set_requestor` on create with
the authenticated user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minik8s.apiserver.registry.strategy import JsonObject, Reservation, Strategy, carry, keep_metadata

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Context

_DECISIONS = ("Approved", "Denied")


class CsrStrategy(Strategy):
    field_labels = frozenset({"spec.signerName"})

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        carry(new, old, "spec")
        carry(new, old, "status")

    def prepare_subresource_update(self, subresource: str, new: JsonObject, old: JsonObject) -> None:
        carry(new, old, "spec")
        keep_metadata(new, old)
        status, before = new.setdefault("status", {}), old.get("status") or {}
        if subresource == "approval":
            # Only decisions may change here; other conditions and the certificate stay.
            kept = [one for one in before.get("conditions") or () if one.get("type") not in _DECISIONS]
            given = [one for one in status.get("conditions") or () if one.get("type") in _DECISIONS]
            new["status"] = {**before, "conditions": kept + given} if kept or given else dict(before)
        elif subresource == "status":
            kept = [one for one in before.get("conditions") or () if one.get("type") in _DECISIONS]
            given = [one for one in status.get("conditions") or () if one.get("type") not in _DECISIONS]
            if kept or given:
                status["conditions"] = kept + given

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        fields = super().selectable_fields(obj)
        fields["spec.signerName"] = (obj.get("spec") or {}).get("signerName") or ""
        return fields

    async def before_create(self, ctx: Context, obj: JsonObject) -> Reservation | None:
        set_requestor(obj, ctx.user.to_user_info())
        return None


def set_requestor(obj: JsonObject, user: JsonObject) -> None:
    """The identity in a request is that of whoever sent it, whatever the body says."""
    spec = obj.setdefault("spec", {})
    for key in ("username", "uid", "groups", "extra"):
        spec.pop(key, None)
        if user.get(key):
            spec[key] = user[key]
