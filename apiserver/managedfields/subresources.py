"""Which fields a subresource's endpoint can set, and therefore own.

Mirrors the strategies' GetResetFields and GetResetFieldsFilter (pkg/registry/<group>/<kind>/strategy.go,
apiextensions-apiserver/pkg/registry/customresource/status_strategy.go).
"""

from __future__ import annotations

from collections.abc import Callable

from minik8s.apiserver.managedfields.elements import SELF
from minik8s.apiserver.managedfields.sets import FieldSet, Path, of_paths

_LABELS = of_paths(("f:metadata", "f:labels"))
_OWNERS = of_paths(("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:ownerReferences"))

#: Plural → metadata that a write of status does not change. "" stands for custom resources.
STATUS_RESETS: dict[str, FieldSet] = {
    "": of_paths(("f:metadata",)),
    "pods": _OWNERS,
    "deployments": _LABELS,
    "daemonsets": {},
}

#: Subresource → the only fields that it writes; an element ending in "*" stands for every item of a list.
_WRITES: dict[str, tuple[Path, ...]] = {
    "ephemeralcontainers": (("f:spec", "f:ephemeralContainers"),),
    "resize": (
        ("f:spec", "f:containers", "k:*", "f:resources"),
        ("f:spec", "f:containers", "k:*", "f:resizePolicy"),
        ("f:spec", "f:initContainers", "k:*", "f:resources"),
        ("f:spec", "f:initContainers", "k:*", "f:resizePolicy"),
    ),
    "approval": (("f:metadata",), ("f:status", "f:conditions")),
    "finalize": (("f:metadata",), ("f:spec", "f:finalizers"), ("f:status",)),
}


def only_below(subresource: str) -> Callable[[FieldSet], FieldSet]:
    """The part of a set that lies at or below what the subresource writes."""
    allowed = _WRITES.get(subresource)
    if allowed is None:
        return lambda fields: fields
    return lambda fields: _restrict(fields, allowed)


def _restrict(fields: FieldSet, allowed: tuple[Path, ...]) -> FieldSet:
    out: FieldSet = {}
    for element, node in fields.items():
        rests = [path[1:] for path in allowed if path[0] in (element, f"{element[:2]}*")]
        if () in rests:
            out[element] = node
        elif rests and element != SELF:
            inner = _restrict(node, tuple(rests))
            if inner:
                out[element] = inner
    return out
