"""The webhooks of all configurations, in the order in which they are asked.

Mirrors apiserver/pkg/admission/configuration/{mutating,validating}_webhook_manager.go and webhook/accessors.go. Read
from the watch cache, so that a new configuration counts from the next request on; parsed again only where an object's
revision changed. Configurations go by name, the webhooks of one in its own order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from minik8s.api.selectors import LabelSelector
from minik8s.apiserver.cache.interface import Entry
from minik8s.apiserver.webhooks.client import Target, parse_target
from minik8s.apiserver.webhooks.matching import Rule, parse_rules

JsonObject = dict[str, Any]
DEFAULT_TIMEOUT = 10


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """One webhook of one configuration."""

    uid: str  #: configuration, name and how many of that name came before: the same across changes of others
    configuration: str
    name: str
    target: Target
    rules: tuple[Rule, ...]
    namespace_selector: LabelSelector
    object_selector: LabelSelector
    match_conditions: tuple[tuple[str, str], ...] = ()  #: (name, expression in CEL)
    ignore_failures: bool = False
    equivalent: bool = True
    timeout: float = DEFAULT_TIMEOUT
    side_effects: str = "None"
    review_versions: tuple[str, ...] = ("v1",)
    reinvoke: bool = False

    @property
    def may_run_dry(self) -> bool:
        return self.side_effects in ("None", "NoneOnDryRun")


@dataclass(frozen=True, slots=True, eq=False)
class HookSet:
    """All hooks of one kind at one moment; ``routes`` is the plugin's memory of who wants what."""

    hooks: tuple[Hook, ...] = ()
    routes: dict[Any, Any] = field(default_factory=dict)


NO_HOOKS = HookSet()


class Entries(Protocol):
    """The configurations as the watch cache has them now, in the order of their names."""

    async def __call__(self) -> Sequence[Entry]: ...


class Configurations:
    """The parsed webhooks of one resource (mutating or validating configurations)."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._signature: tuple[tuple[str, int], ...] = ()
        self._parsed: dict[tuple[str, int], tuple[Hook, ...]] = {}
        self._current = NO_HOOKS

    async def current(self) -> HookSet:
        """The hooks as of now."""
        entries = await self._entries()
        if not entries and not self._signature:
            return NO_HOOKS
        signature = tuple((entry.key, entry.revision) for entry in entries)
        if signature != self._signature:
            self._parsed = {
                (entry.key, entry.revision): self._parsed.get((entry.key, entry.revision)) or parse(entry.decode())
                for entry in entries
            }
            self._signature = signature
            self._current = HookSet(tuple(hook for hooks in self._parsed.values() for hook in hooks))
        return self._current


def parse(configuration: JsonObject) -> tuple[Hook, ...]:
    """The hooks of a stored (defaulted, validated) configuration."""
    seen: dict[str, int] = {}
    hooks = []
    for webhook in configuration.get("webhooks") or []:
        number = seen[webhook["name"]] = seen.get(webhook["name"], -1) + 1
        hooks.append(_parse_hook(configuration["metadata"]["name"], number, webhook))
    return tuple(hooks)


def _parse_hook(configuration: str, number: int, webhook: JsonObject) -> Hook:
    return Hook(
        uid=f"{configuration}/{webhook['name']}/{number}",
        configuration=configuration,
        name=webhook["name"],
        target=parse_target(webhook["clientConfig"]),
        rules=parse_rules(webhook.get("rules") or []),
        namespace_selector=LabelSelector.from_model(webhook.get("namespaceSelector") or {}),
        object_selector=LabelSelector.from_model(webhook.get("objectSelector") or {}),
        match_conditions=tuple((c["name"], c["expression"]) for c in webhook.get("matchConditions") or []),
        ignore_failures=webhook.get("failurePolicy") == "Ignore",
        equivalent=webhook.get("matchPolicy", "Equivalent") == "Equivalent",
        timeout=webhook.get("timeoutSeconds") or DEFAULT_TIMEOUT,
        side_effects=webhook.get("sideEffects") or "Unknown",
        review_versions=tuple(webhook.get("admissionReviewVersions") or ("v1",)),
        reinvoke=webhook.get("reinvocationPolicy") == "IfNeeded",
    )
