"""Controller references: who owns an object, and how ownership is taken and given back.

Mirrors upstream's pkg/controller/controller_ref_manager.go. An object has at most one owner with `controller: true`.
A controller adopts orphans that match its selector and releases its own that no longer do; what somebody else controls
it never touches. Both are patches of exactly the version that was read, so that what changed or was born since is left
alone (upstream: strategic merge patches with the uid), and an adoption is preceded by a live read: a controller that is
being deleted must not collect new dependents.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Protocol, TypeVar

from minik8s.api.meta import ObjectMeta, OwnerReference
from minik8s.api.status import ApiError, Conflict, NotFound
from minik8s.client.rest import Client


class Owned(Protocol):
    """Any object of the API."""

    metadata: ObjectMeta


T = TypeVar("T", bound=Owned)


class Claim(Enum):
    """What to do about one candidate."""

    OURS = "ours"
    NOT_OURS = "not ours"
    ADOPT = "adopt"
    RELEASE = "release"


def controller_of(meta: ObjectMeta) -> OwnerReference | None:
    """The reference to the managing controller, if there is one."""
    return next((ref for ref in meta.owner_references if ref.controller), None)


def is_controlled_by(meta: ObjectMeta, owner: ObjectMeta) -> bool:
    ref = controller_of(meta)
    return ref is not None and ref.uid == owner.uid


def new_controller_ref(owner: Any) -> OwnerReference:
    """A reference that makes `owner` (any root object) the managing controller."""
    return OwnerReference(
        api_version=owner.api_version,
        kind=owner.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def controller_index(obj: Owned) -> list[str]:
    """Index function: by the controller's uid; orphans by namespace under `orphans/`."""
    ref = controller_of(obj.metadata)
    return [ref.uid] if ref is not None else [f"orphans/{obj.metadata.namespace}"]


def compute_claim(owner: ObjectMeta, meta: ObjectMeta, matches: bool) -> Claim:
    """Whether `owner`, whose selector does or does not match it, should own the object of `meta`."""
    ref = controller_of(meta)
    dying = owner.deletion_timestamp is not None
    if ref is not None:
        if ref.uid != owner.uid:
            return Claim.NOT_OURS
        if matches:
            return Claim.OURS
        return Claim.NOT_OURS if dying else Claim.RELEASE
    if dying or not matches or meta.deletion_timestamp is not None:
        return Claim.NOT_OURS
    return Claim.ADOPT


def references_patch(meta: ObjectMeta, references: list[OwnerReference]) -> dict[str, Any]:
    """A merge patch that sets the owner references of exactly the object (and version) that was read."""
    refs = [ref.to_dict() for ref in references]
    return {"metadata": {"uid": meta.uid, "resourceVersion": meta.resource_version, "ownerReferences": refs}}


class RefManager:
    """Claims objects for one owner, during one reconcile."""

    def __init__(self, client: Client, owner: Any, matches: Callable[[dict[str, str]], bool]) -> None:
        self._client = client
        self._owner = owner
        self._matches = matches
        self._may_adopt: bool | None = None

    async def claim(self, candidates: Iterable[T], extra: Callable[[T], bool] = lambda _: True) -> list[T]:
        """Those that the owner now controls. Every candidate is tried; then the first failure is raised."""
        claimed: list[T] = []
        failure: ApiError | None = None
        for obj in candidates:
            matches = self._matches(obj.metadata.labels) and extra(obj)
            try:
                if await self._apply(compute_claim(self._owner.metadata, obj.metadata, matches), obj):
                    claimed.append(obj)
            except NotFound:
                continue  # it went away meanwhile
            except ApiError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return claimed

    async def _apply(self, claim: Claim, obj: T) -> bool:
        references = obj.metadata.owner_references
        if claim is Claim.ADOPT:
            await self._check_may_adopt()
            ours = new_controller_ref(self._owner)
            await self._patch(obj, [*(ref for ref in references if ref.uid != ours.uid), ours])
        elif claim is Claim.RELEASE:
            await self._patch(obj, [ref for ref in references if ref.uid != self._owner.metadata.uid])
        return claim in (Claim.OURS, Claim.ADOPT)

    async def _patch(self, obj: T, references: list[OwnerReference]) -> None:
        kind: Any = type(obj)
        body = references_patch(obj.metadata, references)
        await self._client.patch(kind, obj.metadata.name, obj.metadata.namespace, body)

    async def _check_may_adopt(self) -> None:
        """Once per claim: ask the server itself, since the cache may not know yet that the owner is going."""
        if self._may_adopt is None:
            meta = self._owner.metadata
            live = await self._client.get(type(self._owner), meta.name, meta.namespace)
            self._may_adopt = live.metadata.uid == meta.uid and live.metadata.deletion_timestamp is None
        if not self._may_adopt:
            raise Conflict.of(self._owner.kind, self._owner.metadata.name, "it is being deleted and adopts no more")
