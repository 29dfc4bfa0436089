"""The small strategies: kinds that differ from the generic rule in one or two points."""

from __future__ import annotations

from minik8s.apiserver.registry.strategy import JsonObject, Strategy, carry
from minik8s.apiserver.validation import names


class UpsertStrategy(Strategy):
    """Kinds that a PUT may create: leases, endpoints."""

    allow_create_on_update = True


class EndpointsStrategy(UpsertStrategy):
    pass


class EndpointSliceStrategy(Strategy):
    def desired_state(self, obj: JsonObject) -> object:
        """A slice's labels belong to what it says (its service, its manager)."""
        return [super().desired_state(obj), (obj.get("metadata") or {}).get("labels")]


class NodeStrategy(Strategy):
    """A kubelet registers its node with a status, which is kept."""

    field_labels = frozenset({"spec.unschedulable"})

    def prepare_create(self, obj: JsonObject) -> None:
        pass

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        fields = super().selectable_fields(obj)
        fields["spec.unschedulable"] = "true" if (obj.get("spec") or {}).get("unschedulable") else "false"
        return fields


class SecretStrategy(Strategy):
    field_labels = frozenset({"type"})

    def prepare_create(self, obj: JsonObject) -> None:
        """stringData is for writing only: it becomes data (upstream does this in conversion)."""
        self.default(obj)

    def default(self, obj: JsonObject) -> None:
        super().default(obj)
        given = obj.pop("stringData", None)
        if given:
            import base64

            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}
            obj["data"] = {**(obj.get("data") or {}), **encoded}

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        super().prepare_update(new, old)
        if not new.get("type"):
            new["type"] = old.get("type", "Opaque")

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        fields = super().selectable_fields(obj)
        fields["type"] = obj.get("type") or ""
        return fields


class ConfigMapStrategy(Strategy):
    pass


class PersistentVolumeStrategy(Strategy):
    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"phase": "Pending"}


class PersistentVolumeClaimStrategy(Strategy):
    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"phase": "Pending"}

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        carry(new, old, "status")


class IngressStrategy(Strategy):
    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"loadBalancer": {}}


class RbacStrategy(Strategy):
    """Names of RBAC objects may be anything that fits into a path (system:node)."""

    def name_messages(self, name: str) -> tuple[str, ...]:
        return names.path_segment(name)


class PriorityClassStrategy(Strategy):
    """Upstream gives it generation 1 and never counts on."""

    def desired_state(self, obj: JsonObject) -> object:
        return None
