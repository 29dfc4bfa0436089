"""ControllerRevisions: the templates that a DaemonSet or StatefulSet had, so that it can roll forward and back.

Mirrors upstream's pkg/controller/history/controller_history.go. A revision's data is a strategic merge patch that puts
the template back (`kubectl rollout undo` applies it); its number grows, its name follows from its content.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from minik8s.api import apps, core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists, NotFound
from minik8s.client.rest import Client
from minik8s.controllers.hashing import compute_hash
from minik8s.controllers.owners import is_controlled_by, new_controller_ref

HASH_LABEL = "controller-revision-hash"


def template_patch(template: core.PodTemplateSpec) -> dict[str, Any]:
    """The patch, laid out as Go's encoder does it (keys sorted, creationTimestamp null): kubectl and upstream's tests
    compare a revision with the current template byte by byte."""
    data = template.to_dict()
    data["metadata"] = {"creationTimestamp": None, **(data.get("metadata") or {})}
    patch: dict[str, Any] = _sorted({"spec": {"template": {**data, "$patch": "replace"}}})
    return patch


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def template_of(revision: apps.ControllerRevision) -> core.PodTemplateSpec:
    """The template that a revision holds."""
    data = dict(((revision.data or {}).get("spec") or {}).get("template") or {})
    data.pop("$patch", None)
    return core.PodTemplateSpec.from_dict(data)


def sort_revisions(revisions: Sequence[apps.ControllerRevision]) -> list[apps.ControllerRevision]:
    return sorted(revisions, key=lambda one: (one.revision, one.metadata.creation_timestamp or "", one.metadata.name))


def compute_revision(owner: Any, number: int, collision_count: int | None) -> apps.ControllerRevision:
    """The revision of the owner's template as it is now."""
    label = compute_hash(owner.spec.template, collision_count)
    selector = owner.spec.selector.match_labels if owner.spec.selector is not None else {}
    labels = {**(owner.spec.template.metadata.labels if owner.spec.template.metadata else {}), **selector}
    meta = ObjectMeta(
        name=f"{owner.metadata.name}-{label}",
        namespace=owner.metadata.namespace,
        labels={**labels, HASH_LABEL: label},
        annotations=dict(owner.metadata.annotations),
        owner_references=[new_controller_ref(owner)],
    )
    return apps.ControllerRevision(metadata=meta, revision=number, data=template_patch(owner.spec.template))


class History:
    """Keeps the revisions of one kind of owner."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def sync(
        self, owner: Any, revisions: Sequence[apps.ControllerRevision]
    ) -> tuple[apps.ControllerRevision, list[apps.ControllerRevision]]:
        """(the revision of the current template, all revisions): found, renumbered (rolled back to), or made."""
        ordered = sort_revisions(revisions)
        number = ordered[-1].revision + 1 if ordered else 1
        desired = compute_revision(owner, number, owner.status.collision_count)
        equal = [one for one in ordered if one.data == desired.data]
        if equal and equal[-1] is ordered[-1]:
            return equal[-1], ordered
        if equal:
            updated = await self._client.update(equal[-1].model_copy(update={"revision": number}))
            return updated, [*(one for one in ordered if one is not equal[-1]), updated]
        created = await self._create(owner, desired)
        return created, [*ordered, created]

    async def _create(self, owner: Any, desired: apps.ControllerRevision) -> apps.ControllerRevision:
        """Names are hashes: on a collision the next try, counted in the status, has another."""
        try:
            return await self._client.create(desired)
        except AlreadyExists:
            meta = desired.metadata
            live = await self._client.get(apps.ControllerRevision, meta.name, meta.namespace)
            if live.data == desired.data and is_controlled_by(live.metadata, owner.metadata):
                return live
            status = owner.status.model_copy(update={"collision_count": (owner.status.collision_count or 0) + 1})
            await self._client.update_status(owner.model_copy(update={"status": status}))
            raise

    async def truncate(self, revisions: Sequence[apps.ControllerRevision], live: set[str], limit: int) -> None:
        """Delete the oldest that nothing uses, beyond the limit."""
        unused = [one for one in sort_revisions(revisions) if one.metadata.name not in live]
        for one in unused[: max(0, len(unused) - limit)]:
            meta = one.metadata
            with suppress(NotFound):
                await self._client.delete(apps.ControllerRevision, meta.name, meta.namespace, uid=meta.uid)
