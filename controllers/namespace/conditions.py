"""What a namespace that is being deleted says about how far it got. Pure.

Mirrors upstream's pkg/controller/namespace/deletion/status_condition_utils.go.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.controllers.conditions import find_condition, replaced_in_place

#: condition → (reason, message) when all is well, in the order in which they are shown
ALL_WELL = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions", "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}  # fmt: skip


@dataclass
class Progress:
    """What one pass over a namespace found."""

    discovery_error: str = ""
    errors: list[str] = field(default_factory=list)
    #: `pods.` → how many are left (group after the dot, as upstream prints it)
    remaining: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    #: the longest that what remains may take to end by itself
    estimate: float = 0.0

    @property
    def finished(self) -> bool:
        return not (self.discovery_error or self.errors or self.remaining)


def compute_conditions(
    current: Sequence[core.NamespaceCondition], progress: Progress, now: float
) -> list[core.NamespaceCondition]:
    """The five conditions after a pass; equal to `current` where nothing is new."""
    result = list(current)
    bad = _troubles(progress)
    for kind, well in ALL_WELL.items():
        status = "True" if kind in bad else "False"
        reason, message = bad.get(kind, well)
        old = find_condition(result, kind)
        if old is not None and (old.status, old.reason, old.message) == (status, reason, message):
            continue
        since = old.last_transition_time if old is not None and old.status == status else format_time(now)
        fresh = core.NamespaceCondition(
            type=kind, status=status, reason=reason, message=message, last_transition_time=since
        )
        result = replaced_in_place(result, fresh)
    return result


def _troubles(progress: Progress) -> Mapping[str, tuple[str, str]]:
    bad: dict[str, tuple[str, str]] = {}
    if progress.discovery_error:
        bad["NamespaceDeletionDiscoveryFailure"] = ("DiscoveryFailed", progress.discovery_error)
    if progress.errors:
        text = f"Failed to delete all resource types, {len(progress.errors)} remaining: "
        bad["NamespaceDeletionContentFailure"] = ("ContentDeletionFailed", text + ", ".join(sorted(progress.errors)))
    if progress.remaining:
        items = sorted(f"{resource} has {count} resource instances" for resource, count in progress.remaining.items())
        bad["NamespaceContentRemaining"] = ("SomeResourcesRemain", f"Some resources are remaining: {', '.join(items)}")
    if progress.finalizers:
        items = sorted(f"{name} in {count} resource instances" for name, count in progress.finalizers.items())
        text = f"Some content in the namespace has finalizers remaining: {', '.join(items)}"
        bad["NamespaceFinalizersRemaining"] = ("SomeFinalizersRemain", text)
    return bad
