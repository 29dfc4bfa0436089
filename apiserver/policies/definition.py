"""Policies and bindings, parsed from what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minik8s.api.selectors import LabelSelector
from minik8s.apiserver.webhooks.matching import Rule, parse_rules, rule_matches

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.apiserver.cache.interface import Entry

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """MatchResources."""

    rules: tuple[Rule, ...]
    excluded: tuple[Rule, ...]
    namespace_selector: LabelSelector
    object_selector: LabelSelector
    equivalent: bool

    def seen_as(
        self, candidates: Sequence[Kind], subresource: str, operation: str, namespaced: bool, name: str
    ) -> Kind | None:
        """The kind (the request's own comes first) by which a rule covers the write; None where none does."""
        kinds = candidates if self.equivalent else candidates[:1]

        def covered(rules: Iterable[Rule]) -> Kind | None:
            for kind in kinds:
                for rule in rules:
                    if rule_matches(rule, kind, subresource, operation, namespaced) and (
                        not rule.names or name in rule.names
                    ):
                        return kind
            return None

        if covered(self.excluded) is not None:
            return None
        return covered(self.rules) if self.rules else candidates[0]


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A ValidatingAdmissionPolicy."""

    name: str
    match: Match
    conditions: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]
    validations: tuple[JsonObject, ...]
    audit_annotations: tuple[JsonObject, ...]
    param_kind: JsonObject | None
    ignore_failures: bool


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """A ValidatingAdmissionPolicyBinding."""

    name: str
    policy: str
    match: Match
    param_ref: JsonObject | None
    actions: frozenset[str]


def parse_match(match: JsonObject | None) -> Match:
    match = match or {}
    return Match(
        rules=parse_rules(match.get("resourceRules") or ()),
        excluded=parse_rules(match.get("excludeResourceRules") or ()),
        namespace_selector=LabelSelector.from_model(match.get("namespaceSelector") or {}),
        object_selector=LabelSelector.from_model(match.get("objectSelector") or {}),
        equivalent=match.get("matchPolicy", "Equivalent") == "Equivalent",
    )


def parse_policy(obj: JsonObject) -> Policy:
    spec = obj.get("spec") or {}
    return Policy(
        name=obj["metadata"]["name"],
        match=parse_match(spec.get("matchConstraints")),
        conditions=tuple((item["name"], item["expression"]) for item in spec.get("matchConditions") or ()),
        variables=tuple((item["name"], item["expression"]) for item in spec.get("variables") or ()),
        validations=tuple(spec.get("validations") or ()),
        audit_annotations=tuple(spec.get("auditAnnotations") or ()),
        param_kind=spec.get("paramKind"),
        ignore_failures=spec.get("failurePolicy") == "Ignore",
    )


def parse_binding(obj: JsonObject) -> Binding:
    spec = obj.get("spec") or {}
    return Binding(
        name=obj["metadata"]["name"],
        policy=spec.get("policyName") or "",
        match=parse_match(spec.get("matchResources")),
        param_ref=spec.get("paramRef"),
        actions=frozenset(spec.get("validationActions") or ()),
    )


class Definitions:
    """All policies that are bound, with their bindings; parsed again only where something changed."""

    def __init__(self) -> None:
        self._signature: tuple[tuple[str, int], ...] = ()
        self._current: tuple[tuple[Policy, tuple[Binding, ...]], ...] = ()

    def current(
        self, policies: Sequence[Entry], bindings: Sequence[Entry]
    ) -> tuple[tuple[Policy, tuple[Binding, ...]], ...]:
        signature = tuple((entry.key, entry.revision) for entry in (*policies, *bindings))
        if signature != self._signature:
            self._signature, self._current = signature, self._pair(policies, bindings)
        return self._current

    @staticmethod
    def _pair(policies: Sequence[Entry], bindings: Sequence[Entry]) -> tuple[tuple[Policy, tuple[Binding, ...]], ...]:
        bound: dict[str, list[Binding]] = {}
        for entry in bindings:
            binding = parse_binding(entry.decode())
            bound.setdefault(binding.policy, []).append(binding)
        parsed = (parse_policy(entry.decode()) for entry in policies if entry.name in bound)
        return tuple((policy, tuple(bound[policy.name])) for policy in parsed)
