"""The ValidatingAdmissionPolicy plugin: which policies look at a write, and what their verdicts become.

Mirrors policy/validating/{plugin,dispatcher}.go. A binding's actions decide: Deny refuses (the first denial is
answered), Warn adds a Warning header, Audit has no log to go to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import ApiError, Forbidden, NotFound
from minik8s.apiserver.admission.base import CONNECT, CREATE, DELETE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.policies.conditions import admission_values
from minik8s.apiserver.policies.definition import Binding, Definitions, Match, Policy
from minik8s.apiserver.policies.evaluation import Denial, decide
from minik8s.apiserver.policies.parameters import BindingError, collect
from minik8s.apiserver.webhooks import matching, review
from minik8s.apiserver.webhooks.plugin import is_whole

if TYPE_CHECKING:
    from minik8s.apiserver.registry.registry import ServerRegistry
    from minik8s.apiserver.webhooks.configuration import Entries
    from minik8s.apiserver.webhooks.versions import Versions

JsonObject = dict[str, Any]
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
NAMESPACES = SCHEME.by_resource("", "v1", "namespaces")


class ValidatingPolicies(AdmissionPlugin):
    """One per server."""

    operations = frozenset({CREATE, UPDATE, DELETE, CONNECT})
    subresources = frozenset({"*"})

    def __init__(self, registry: ServerRegistry, policies: Entries, bindings: Entries, versions: Versions) -> None:
        super().__init__(registry)
        self._server_registry = registry
        self._policies, self._bindings, self._versions = policies, bindings, versions
        self._definitions = Definitions()

    async def validate(self, attrs: Attributes) -> None:
        bindings = await self._bindings()
        if not bindings or matching.is_exempt(attrs.kind):
            return
        request = _Request(self, attrs)
        for policy, bound in self._definitions.current(await self._policies(), bindings):
            await self._apply(policy, bound, request)
        if request.refusal is not None:
            raise request.refusal

    async def _apply(self, policy: Policy, bound: tuple[Binding, ...], request: _Request) -> None:
        seen_as = await request.seen_as(policy.match)
        if seen_as is None:
            return
        for binding in bound:
            if await request.seen_as(binding.match) is None:
                continue
            try:
                params = await collect(self._server_registry, policy, binding, request.attrs.namespace)
            except BindingError as error:
                if not policy.ignore_failures:
                    request.refuse(policy, binding, Denial(f"failed to configure binding: {error}"))
                continue
            for param in params:
                values = await request.values(seen_as) | {"params": param}
                for denial in decide(policy, values):
                    request.act(policy, binding, denial)

    async def versioned(self, attrs: Attributes, seen_as: Kind) -> JsonObject:
        """The AdmissionRequest in the version that a policy asked for."""
        obj, old = attrs.obj, attrs.old
        if seen_as is not attrs.kind and is_whole(attrs):
            obj = await self._versions.convert(obj, attrs.kind, seen_as) if obj is not None else None
            old = await self._versions.convert(old, attrs.kind, seen_as) if old is not None else None
        return review.build_request(attrs, seen_as, obj, old)

    def candidates(self, kind: Kind) -> list[Kind]:
        """The kind itself, then its other versions."""
        return [kind, *(other for other in self._versions.equivalents(kind) if other is not kind)]


class _Request:
    """One write on its way past all policies: what they share, and the first refusal."""

    def __init__(self, plugin: ValidatingPolicies, attrs: Attributes) -> None:
        self.plugin, self.attrs = plugin, attrs
        self.refusal: ApiError | None = None
        self._values: dict[Kind, JsonObject] = {}
        self._namespace: JsonObject | None = None
        self._candidates = plugin.candidates(attrs.kind)

    async def seen_as(self, match: Match) -> Kind | None:
        attrs = self.attrs
        kind = match.seen_as(
            self._candidates, attrs.subresource, attrs.operation, matching.is_namespaced(attrs), attrs.name
        )
        if kind is None or not matching.object_matches(match.object_selector, attrs):
            return None
        if matching.needs_namespace(match.namespace_selector, attrs):
            labels = matching.own_labels(attrs)
            if labels is None:
                namespace = await self.namespace()
                labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
            if not match.namespace_selector.matches(labels):
                return None
        return kind

    async def namespace(self) -> JsonObject | None:
        """The namespace of the write; None for what is in none, and for Namespaces themselves being made."""
        if self._namespace is None and self.attrs.namespace:
            assert NAMESPACES is not None
            self._namespace = await self.plugin.registry.get(NAMESPACES, "", self.attrs.namespace)
            if self._namespace is None and not matching.is_namespace(self.attrs.kind):
                raise NotFound.of("namespaces", self.attrs.namespace)
        return self._namespace

    async def values(self, seen_as: Kind) -> JsonObject:
        if seen_as not in self._values:
            namespace = None if matching.is_namespace(self.attrs.kind) else await self.namespace()
            request = await self.plugin.versioned(self.attrs, seen_as)
            self._values[seen_as] = admission_values(request) | {"namespaceObject": namespace}
        return self._values[seen_as]

    def act(self, policy: Policy, binding: Binding, denial: Denial) -> None:
        if denial.always or "Deny" in binding.actions:
            self.refuse(policy, binding, denial)
        if "Warn" in binding.actions and not denial.always:
            who = f"ValidatingAdmissionPolicy '{policy.name}' with binding '{binding.name}'"
            self.attrs.warnings.append(f"Validation failed for {who}: {denial.message}")

    def refuse(self, policy: Policy, binding: Binding, denial: Denial) -> None:
        if self.refusal is None:
            self.refusal = refusal(self.attrs, policy, binding, denial)


def refusal(attrs: Attributes, policy: Policy, binding: Binding, denial: Denial) -> ApiError:
    """The answer to a write that is denied."""
    who = f"ValidatingAdmissionPolicy '{policy.name}' with binding '{binding.name}'"
    message = f"{who} denied request: {denial.message}"
    error = Forbidden.of(attrs.kind.plural, attrs.name, message, attrs.kind.group)
    error.reason = denial.reason
    error.code = CODES.get(denial.reason, 422)
    error.details["causes"] = [{"message": message}]
    return error
