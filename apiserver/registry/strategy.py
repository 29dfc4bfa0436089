"""What differs between kinds: one Strategy per kind, called by the generic verbs.

Mirrors upstream's `registry/rest/{create,update,delete}.go` strategies and `pkg/registry/<group>/<kind>/strategy.go`.
Objects are plain dicts in wire (JSON) form: the server never builds a model tree on its hot path.

Order of calls, which the generic registry (API-CORE) keeps:

  create   default → admission.mutate → default → fill ObjectMeta → prepare_create → validate → admission.validate
           → reservation = await before_create(ctx, obj) → store → reservation.commit() | .rollback()
  update   default(new) → prepare_update(new, old) → admission.mutate → default → validate_update → admission.validate
           → reservation = await before_update(ctx, new, old) → compare-and-swap → commit() | rollback()
  status   like update, with prepare_status_update / validate_status_update and no reservation
  other    `prepare_subresource_update("ephemeralcontainers", new, old)` and `validate_subresource_update(...)`
  delete   validate_delete → graceful_delete → either mark (deletionTimestamp, begin_delete) or remove
           → await after_delete(ctx, obj) once the key is gone from the store

Invariants: every method is safe on objects that the model's type check has accepted, and only on those (so a
`spec.containers` that is present is a list of dicts); `default` is idempotent; `prepare_*` and `default` change their
first argument in place and never `old`; `validate*` change nothing. `validate` includes metadata (names, labels,
annotations, ownerReferences): ObjectMeta itself (uid, creationTimestamp, generateName, managedFields, the refusal of
changed uids, generation's start at 1) is filled by `registry/object_meta.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from minik8s.apiserver.defaulting import defaulter_for
from minik8s.apiserver.validation import Validator, names, validator_for
from minik8s.apiserver.validation.meta import check_object_meta, check_object_meta_update

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.api.status import FieldError
    from minik8s.apiserver.registry.interface import Context

JsonObject = dict[str, Any]


class Claims(Protocol):
    """Raw keys that are taken once: how IPs and node ports stay unique across API servers (`registry.claims`).

    Keys are upstream's where upstream has one per address ("/registry/ipaddresses/10.96.0.10").
    """

    async def claim(self, key: str, value: bytes) -> bool:
        """Put a key if it does not exist (txn: mod_revision == 0); False when it does."""

    async def claimed(self, key: str) -> bytes | None:
        """The value of a claim, as the store has it now."""

    async def release(self, key: str, value: bytes | None = None) -> None:
        """Delete a claim (only while it still holds `value`, when given); no error when it is gone."""

    async def list(self, prefix: str) -> list[str]:
        """All claimed keys below a prefix."""


@dataclass(frozen=True, slots=True)
class ServiceRanges:
    """`--service-cluster-ip-range` and `--service-node-port-range` (`registry.service_ranges`)."""

    cidrs: tuple[str, ...] = ("10.96.0.0/16",)
    first_port: int = 30000
    last_port: int = 32767


class Reservation(Protocol):
    """Something held for a write under way: exactly one of the two is awaited after the store has answered."""

    async def commit(self) -> None: ...

    async def rollback(self) -> None: ...


class Strategy:
    """Generic behaviour; per-kind subclasses override what their kind does differently."""

    #: A PUT of an absent object creates it (leases, endpoints, events, …).
    allow_create_on_update = False
    #: A PUT without resourceVersion overwrites the newest state; False: "must be specified for an update".
    allow_unconditional_update = True
    #: Metadata that a status write does not change.
    status_keeps_metadata: tuple[str, ...] = ()
    #: Field labels usable in fieldSelector besides metadata.name/metadata.namespace.
    field_labels: frozenset[str] = frozenset()

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._default = defaulter_for(kind)
        self._validator = validator_for(kind) or Validator()

    # -- defaulting and preparation -------------------------------------------------------------------------------

    def default(self, obj: JsonObject) -> None:
        """Fill in what upstream's SetDefaults_* fill in (`apiserver/defaulting`)."""
        if self._default is not None:
            self._default(obj)

    def prepare_create(self, obj: JsonObject) -> None:
        """Drop what a creator may not set; the generic rule wipes status where there is a status subresource."""
        if "status" in self.kind.subresources:
            obj.pop("status", None)
            if self.kind.model_path:  # typed kinds always show one
                obj["status"] = {}

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        """Keep the stored status, and bump generation when the desired state changes."""
        if "status" in self.kind.subresources:
            carry(new, old, "status")
        self.bump_generation(new, old)

    def prepare_status_update(self, new: JsonObject, old: JsonObject) -> None:
        """Only status may change, and the metadata that upstream lets through with it (custom resources: none)."""
        for key in old.keys() | new.keys():
            if key not in ("status", "metadata", "apiVersion", "kind"):
                carry(new, old, key)
        keep_metadata(new, old, *(self.status_keeps_metadata if self.kind.model_path else ALL_METADATA))

    def prepare_subresource_update(self, subresource: str, new: JsonObject, old: JsonObject) -> None:
        """`status` and the kind's own subresources (ephemeralcontainers, resize, finalize, approval, …)."""
        if subresource == "status":
            self.prepare_status_update(new, old)
        else:
            self.prepare_update(new, old)

    def bump_generation(self, new: JsonObject, old: JsonObject) -> None:
        """Generation counts changes of anything but metadata and status, for kinds that keep one."""
        meta, old_generation = new.setdefault("metadata", {}), old.get("metadata", {}).get("generation")
        if not old_generation:
            meta.pop("generation", None)
            return
        meta["generation"] = old_generation + (1 if self.desired_state(new) != self.desired_state(old) else 0)

    def desired_state(self, obj: JsonObject) -> Any:
        """The part whose change is a new generation: everything but metadata and status."""
        return {key: value for key, value in obj.items() if key not in _NOT_DESIRED}

    @property
    def keeps_generation(self) -> bool:
        """Whether metadata.generation starts at 1 (object_meta asks on create)."""
        return (self.kind.group, self.kind.kind) not in _WITHOUT_GENERATION

    # -- validation -----------------------------------------------------------------------------------------------

    def name_messages(self, name: str) -> tuple[str, ...]:
        """Why a name is refused, for kinds without a validator of their own."""
        return names.dns1123_subdomain(name)

    def validate(self, obj: JsonObject) -> list[FieldError]:
        if self._validator.create is not None:
            return self._validator.create(obj)
        errors: list[FieldError] = []
        check_object_meta(errors, obj, self.kind.namespaced, self.name_messages)
        return errors

    def validate_update(self, new: JsonObject, old: JsonObject) -> list[FieldError]:
        if self._validator.update is not None:
            return self._validator.update(new, old)
        return _validate_meta_update(new, old)

    def validate_status_update(self, new: JsonObject, old: JsonObject) -> list[FieldError]:
        if self._validator.status_update is not None:
            return self._validator.status_update(new, old)
        return _validate_meta_update(new, old)

    def validate_subresource_update(self, subresource: str, new: JsonObject, old: JsonObject) -> list[FieldError]:
        if subresource == "status":
            return self.validate_status_update(new, old)
        return self.validate_update(new, old)

    def validate_delete(self, obj: JsonObject) -> None:
        """Raise an ApiError where the kind refuses deletion."""

    def warnings(self, obj: JsonObject, old: JsonObject | None = None) -> list[str]:
        """Texts for `Warning: 299` headers."""
        return []

    # -- selection ------------------------------------------------------------------------------------------------

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        """Values of every field label, metadata.name and metadata.namespace included."""
        meta = obj.get("metadata") or {}
        fields = {"metadata.name": meta.get("name", "")}
        if self.kind.namespaced:
            fields["metadata.namespace"] = meta.get("namespace", "")
        return fields

    def supports_field(self, label: str) -> bool:
        """Whether a fieldSelector may name this label."""
        if label == "metadata.name" or (label == "metadata.namespace" and self.kind.namespaced):
            return True
        return label in self.field_labels

    # -- deletion -------------------------------------------------------------------------------------------------

    def graceful_delete(self, obj: JsonObject, options: JsonObject) -> int | None:
        """Seconds of grace when the object is only marked and someone else removes it; None or 0: remove at once.

        Called for the first delete and again for each later one: an answer smaller than the stored
        metadata.deletionGracePeriodSeconds shortens it, a larger one must be ignored by the caller.
        """
        return None

    def begin_delete(self, obj: JsonObject) -> None:
        """Changes that go with the first setting of deletionTimestamp (namespaces turn Terminating)."""

    def pending_finalizers(self, obj: JsonObject) -> list[str]:
        """What still holds back the removal of a marked object."""
        return (obj.get("metadata") or {}).get("finalizers") or []

    def default_orphan(self) -> bool:
        """The propagation policy when the client names none and no finalizer says otherwise."""
        return False

    # -- views ----------------------------------------------------------------------------------------------------

    def to_storage(self, obj: JsonObject) -> JsonObject:
        """This version's form → the one form that is stored (differs for Events and HorizontalPodAutoscalers)."""
        return obj

    def from_storage(self, obj: JsonObject) -> JsonObject:
        """The stored form → this version's form."""
        return obj

    def delete_warnings(self, obj: JsonObject, options: JsonObject) -> list[str]:
        """Texts for `Warning: 299` headers of a DELETE."""
        return []

    #: Whether to_storage/from_storage do anything; the cache serves ready bytes where not.
    converts = False

    def scale_of(self, obj: JsonObject) -> JsonObject:
        """The autoscaling/v1 Scale of an object with a `scale` subresource."""
        from minik8s.apiserver.registry.strategies.scale import scale_of

        return scale_of(self.kind, obj)

    def apply_scale(self, obj: JsonObject, scale: JsonObject) -> None:
        """Write a Scale's spec.replicas into the object."""
        from minik8s.apiserver.registry.strategies.scale import apply_scale

        apply_scale(self.kind, obj, scale)

    # -- books ----------------------------------------------------------------------------------------------------

    async def before_create(self, ctx: Context, obj: JsonObject) -> Reservation | None:
        """Reserve what the object needs (may fill obj in; takes nothing when ctx.dry_run); raises ApiError."""
        return None

    async def before_update(self, ctx: Context, new: JsonObject, old: JsonObject) -> Reservation | None:
        """Reserve what the changed object needs beyond the old one."""
        return None

    async def after_delete(self, ctx: Context, obj: JsonObject) -> None:
        """Give back what the removed object held."""


_NOT_DESIRED = frozenset({"metadata", "status", "apiVersion", "kind"})

#: Kinds of which upstream keeps no generation.
_WITHOUT_GENERATION = frozenset(
    [("", kind) for kind in (
        "Binding", "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume",
        "PersistentVolumeClaim", "PodTemplate", "ResourceQuota", "Secret", "Service", "ServiceAccount",
    )]
    + [
        ("apiregistration.k8s.io", "APIService"),
        ("apps", "ControllerRevision"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("coordination.k8s.io", "Lease"),
        ("events.k8s.io", "Event"),
        ("networking.k8s.io", "IPAddress"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "CSIStorageCapacity"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
    ]
)  # fmt: skip


def _validate_meta_update(new: JsonObject, old: JsonObject) -> list[FieldError]:
    errors: list[FieldError] = []
    check_object_meta_update(errors, new, old)
    return errors


def carry(new: JsonObject, old: JsonObject, key: str) -> None:
    """Set new[key] to what old has, absence included."""
    if key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)


def keep_metadata(new: JsonObject, old: JsonObject, *keys: str) -> None:
    """Undo changes of the generation, and of those metadata fields that this write may not touch."""
    new_meta, old_meta = new.setdefault("metadata", {}), old.get("metadata") or {}
    for key in ("generation", *keys):
        carry(new_meta, old_meta, key)


#: What metav1.ResetObjectMetaForStatus resets.
ALL_METADATA = ("labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp",
                "deletionGracePeriodSeconds")  # fmt: skip


@cache
def _strategy(group: str, name: str, kind: Kind) -> Strategy:
    from minik8s.apiserver.registry.strategies import STRATEGIES

    target = STRATEGIES.get((f"{group}/{kind.version}", name)) or STRATEGIES.get((group, name))
    if target is None:
        return Strategy(kind)
    module, _, cls = target.partition(":")
    factory: Callable[[Kind], Strategy] = getattr(import_module(f"{STRATEGIES_PACKAGE}.{module}"), cls)
    return factory(kind)


STRATEGIES_PACKAGE = "minik8s.apiserver.registry.strategies"


def strategy_for(kind: Kind) -> Strategy:
    """The strategy of a kind of the scheme (or of a custom resource: the generic one)."""
    return _strategy(kind.group, kind.kind, kind)
