"""ResourceQuota: what a namespace may hold, counted before anything is stored.

Mirrors `apiserver/pkg/admission/plugin/resourcequota` and the evaluators of `pkg/quota/v1/evaluator/core`. Usage is
taken by compare-and-swap on the quota's status, so that concurrent creates cannot pass together what one of them may
not: the loser of a race computes again from what the winner left. A create that fails later leaves its usage taken
until the quota controller counts anew, as upstream's does; the controller also is what publishes status.hard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minik8s.api.quantity import Quantity
from minik8s.api.status import Conflict, Forbidden
from minik8s.apiserver.admission.base import CREATE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.kinds import kind_of
from minik8s.apiserver.admission.usage import (
    Usage,
    evaluator_for,
    missing_requests,
    quota_matches,
)
from minik8s.apiserver.validation.resources import parse

Json = dict[str, Any]

_TRIES = 10
_UNCOUNTED = frozenset({"resourcequotas", "events", "events.events.k8s.io", "bindings"})


class ResourceQuota(AdmissionPlugin):
    operations = frozenset({CREATE, UPDATE})

    async def validate(self, attrs: Attributes) -> None:
        if attrs.obj is None or not attrs.namespace or attrs.resource in _UNCOUNTED or attrs.resource == "namespaces":
            return
        evaluate = evaluator_for(attrs.resource, attrs.operation)
        if evaluate is None:
            return
        kind = kind_of("ResourceQuota")
        for quota in await self.registry.list(kind, attrs.namespace):
            await self._charge(attrs, quota, evaluate)

    async def _charge(self, attrs: Attributes, quota: Json, evaluate: Callable[[Json], Usage]) -> None:
        """Add the object's usage to one quota, trying again when another write was first."""
        kind = kind_of("ResourceQuota")
        name = quota["metadata"]["name"]
        for _ in range(_TRIES):
            used = charged(attrs, quota, evaluate)
            if used is None or attrs.dry_run:
                return
            status = quota.get("status") or {}
            try:
                await self.registry.update(kind, {**quota, "status": {**status, "used": used}}, "status")
                return
            except Conflict:
                fresh = await self.registry.get(kind, attrs.namespace, name)
                if fresh is None:
                    return
                quota = fresh
        raise Conflict.of("resourcequotas", name)


def charged(attrs: Attributes, quota: Json, evaluate: Callable[[Json], Usage]) -> dict[str, str] | None:
    """The quota's new status.used, None when it is not touched; raises Forbidden when it is exceeded."""
    assert attrs.obj is not None
    hard, used = (quota.get("status") or {}).get("hard") or {}, (quota.get("status") or {}).get("used") or {}
    name = quota["metadata"]["name"]
    if not hard or not quota_matches(quota, attrs.resource, attrs.obj):
        return None
    delta = evaluate(attrs.obj)
    if attrs.operation == UPDATE and attrs.old is not None:
        delta = subtract(delta, evaluate(attrs.old))
    if attrs.resource == "pods" and attrs.operation == CREATE:
        missing = missing_requests(attrs.obj, hard)
        if missing:
            raise _refused(attrs, f"failed quota: {name}: must specify {missing}")
    wanted = {key: amount for key, amount in delta.items() if key in hard and not amount.is_zero()}
    if not wanted:
        return None
    unknown = sorted(key for key in wanted if key not in used)
    if unknown:
        raise _refused(attrs, f"status unknown for quota: {name}, resources: {','.join(unknown)}")
    total = {key: parse(used[key]) + amount for key, amount in wanted.items()}
    over = [key for key in wanted if total[key] > parse(hard[key])]
    if over:
        requested = {key: str(wanted[key]) for key in over}
        text = (
            f"exceeded quota: {name}, requested: {shown(requested, over)}, used: {shown(used, over)}, "
            f"limited: {shown(hard, over)}"
        )
        raise _refused(attrs, text)
    return {**used, **{key: str(amount) for key, amount in total.items()}}


def _refused(attrs: Attributes, text: str) -> Forbidden:
    return Forbidden.of(attrs.resource, attrs.name, text)


def subtract(new: Usage, old: Usage) -> Usage:
    """What an update adds; what it gives back is counted by the controller."""
    zero = Quantity.of(0)
    result = {}
    for key, amount in new.items():
        rest = amount - old[key] if key in old else amount
        result[key] = rest if rest > zero else zero
    return result


def shown(resources: dict[str, str], keys: list[str]) -> str:
    """`limits.cpu=2,pods=3`: in order, as the message lists them."""
    return ",".join(f"{key}={resources[key]}" for key in sorted(keys) if key in resources)
