"""What mutating and validating webhooks share: from a write to the hooks to be called, and one hook's call.

Mirrors webhook/generic/webhook.go (ShouldCallHook) and the callHook functions of both dispatchers. Which hooks' rules
cover a (resource, subresource, operation) is remembered per set of configurations; selectors and conditions are
evaluated for each write.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import ApiError, BadRequest, Forbidden, NotFound
from minik8s.apiserver.admission.base import CONNECT, CREATE, DELETE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.webhooks import matching, metrics, review
from minik8s.apiserver.webhooks.client import CallError, WebhookClient
from minik8s.apiserver.webhooks.configuration import Configurations, Hook, HookSet
from minik8s.apiserver.webhooks.failures import CallFailed, dry_run_unsupported, rejection
from minik8s.apiserver.webhooks.versions import Versions
from minik8s.component import get_logger

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Registry

log = get_logger(__name__)
JsonObject = dict[str, Any]
NAMESPACES = SCHEME.by_resource("", "v1", "namespaces")
#: A hook, and the kind in whose version it wants to see the object.
Route = tuple[Hook, Kind]


class Conditions(Protocol):
    """Match conditions in CEL. Raises ApiError where they cannot be evaluated."""

    async def match(self, hook: Hook, request: JsonObject, attrs: Attributes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the plugins work with."""

    client: WebhookClient
    versions: Versions
    conditions: Conditions
    metrics: metrics.WebhookMetrics


class WebhookPlugin(AdmissionPlugin):
    """Base of both plugins."""

    operations = frozenset({CREATE, UPDATE, DELETE, CONNECT})
    subresources = frozenset({"*"})
    mutating = False
    step = ""

    def __init__(self, registry: Registry, configurations: Configurations, services: Services) -> None:
        super().__init__(registry)
        self._configurations = configurations
        self._services = services

    # -- which hooks ------------------------------------------------------------------------------------------------

    async def routes(self, attrs: Attributes) -> Sequence[Route]:
        """The hooks whose rules cover this write, in order."""
        if matching.is_exempt(attrs.kind):
            return ()
        hooks = await self._configurations.current()
        if not hooks.hooks:
            return ()
        key = (attrs.kind, attrs.subresource, attrs.operation, matching.is_namespaced(attrs))
        version = self._services.versions.version
        found = hooks.routes.get(key)
        if found is None or found[0] != version:
            found = hooks.routes[key] = (version, self._find(hooks, *key))
        routes: Sequence[Route] = found[1]
        return routes

    def _find(
        self, hooks: HookSet, kind: Kind, subresource: str, operation: str, namespaced: bool
    ) -> tuple[Route, ...]:
        others = [other for other in self._services.versions.equivalents(kind) if other is not kind]
        found = []
        for hook in hooks.hooks:
            candidates = [kind, *others] if hook.equivalent else [kind]
            seen_as = next(
                (
                    candidate
                    for candidate in candidates
                    if any(
                        matching.rule_matches(rule, candidate, subresource, operation, namespaced)
                        for rule in hook.rules
                    )
                ),
                None,
            )
            if seen_as is not None:
                found.append((hook, seen_as))
        return tuple(found)

    async def selected(self, hook: Hook, attrs: Attributes) -> bool:
        """The selectors agree."""
        if not matching.object_matches(hook.object_selector, attrs):
            return False
        if not matching.needs_namespace(hook.namespace_selector, attrs):
            return True
        labels = matching.own_labels(attrs)
        if labels is None:
            labels = await self._namespace_labels(attrs.namespace)
        return hook.namespace_selector.matches(labels)

    async def _namespace_labels(self, name: str) -> dict[str, str]:
        assert NAMESPACES is not None
        namespace = await self.registry.get(NAMESPACES, "", name)
        if namespace is None:
            raise NotFound.of("namespaces", name)
        labels: dict[str, str] = namespace["metadata"].get("labels") or {}
        return labels

    async def question(self, hook: Hook, seen_as: Kind, attrs: Attributes) -> JsonObject | None:
        """The AdmissionRequest; None where the match conditions say that the hook is not to be asked."""
        convert = self._services.versions.convert
        obj, old = attrs.obj, attrs.old
        if seen_as is not attrs.kind and is_whole(attrs):
            obj = await convert(obj, attrs.kind, seen_as) if obj is not None else None
            old = await convert(old, attrs.kind, seen_as) if old is not None else None
        request = review.build_request(attrs, seen_as, obj, old)
        if hook.match_conditions:
            try:
                if not await self._services.conditions.match(hook, request, attrs):
                    return None
            except ApiError as error:
                log.warning("match conditions failed", webhook=hook.name, error=error.message)
                raise Forbidden.of(attrs.kind.plural, attrs.name, error.message, attrs.kind.group) from None
        return request

    # -- one call ---------------------------------------------------------------------------------------------------

    async def ask(self, hook: Hook, request: JsonObject, attrs: Attributes) -> review.Verdict:
        """The verdict of one hook. Raises CallFailed, or the ApiError of its refusal."""
        if attrs.dry_run and not hook.may_run_dry:
            raise dry_run_unsupported(hook.name)
        uid, version = str(uuid.uuid4()), review.review_version(hook.review_versions)
        body = review.render(request, uid, version)
        try:
            answer = await self._services.client.post(hook.target, body, hook.timeout)
        except CallError as error:
            raise CallFailed(hook.name, f"failed to call webhook: {error}") from None
        try:
            verdict = review.read_answer(answer, uid, version, self.mutating)
        except review.BadAnswer as error:
            raise CallFailed(hook.name, f"received invalid webhook response: {error}") from None
        attrs.warnings.extend(verdict.warnings)
        if not verdict.allowed:
            raise rejection(hook.name, verdict.result)
        return verdict

    async def observed(self, hook: Hook, request: JsonObject, attrs: Attributes) -> review.Verdict | None:
        """`ask`, with failure policy and metrics; None where the call failed and that is to be ignored."""
        started, counts, operation = time.perf_counter(), self._services.metrics, attrs.operation
        try:
            verdict = await self.ask(hook, request, attrs)
        except CallFailed as failure:
            rejected = not hook.ignore_failures
            counts.observe(hook.name, self.step, operation, failure.code, rejected, time.perf_counter() - started)
            action = "failing closed" if rejected else "failing open"
            log.warning("webhook call failed", webhook=hook.name, action=action, error=str(failure))
            if rejected:
                counts.rejected(hook.name, self.step, operation, metrics.CALLING_ERROR, failure.code)
                raise failure.to_error() from None
            counts.failed_open(hook.name, self.step)
            return None
        except ApiError as refusal:
            kind = metrics.SERVER_ERROR if isinstance(refusal, BadRequest) and attrs.dry_run else metrics.NO_ERROR
            counts.observe(hook.name, self.step, operation, refusal.code, True, time.perf_counter() - started)
            counts.rejected(hook.name, self.step, operation, kind, refusal.code)
            raise
        counts.observe(hook.name, self.step, operation, 200, False, time.perf_counter() - started)
        return verdict


def is_whole(attrs: Attributes) -> bool:
    """The request's body is the resource's own object, not a Scale, an Eviction, a stream's options."""
    if not attrs.subresource:
        return True
    return attrs.obj is not None and attrs.obj.get("kind") == attrs.kind.kind
