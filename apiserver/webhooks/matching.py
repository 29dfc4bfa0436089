"""Which rules and selectors cover a write. Pure; policies match by the same rules.

Mirrors webhook/predicates/{rules,namespace,object}. A resource in a rule may be ``pods``, ``pods/log``, ``pods/*``,
``*`` (every resource, no subresource), ``*/scale`` or ``*/*``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minik8s.api.selectors import LabelSelector
from minik8s.apiserver.admission.base import CREATE, UPDATE, Attributes

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]
EXEMPT_GROUP = "admissionregistration.k8s.io"
EXEMPT = frozenset({
    "validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies",
    "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """RuleWithOperations, with NamedRuleWithOperations' names."""

    operations: frozenset[str]
    groups: frozenset[str]
    versions: frozenset[str]
    resources: tuple[tuple[str, str], ...]  #: (resource, subresource)
    scope: str = "*"
    names: frozenset[str] = frozenset()


def parse_rules(rules: Iterable[JsonObject]) -> tuple[Rule, ...]:
    """Rules from their wire form."""
    return tuple(
        Rule(
            operations=frozenset(rule.get("operations") or ()),
            groups=frozenset(rule.get("apiGroups") or ()),
            versions=frozenset(rule.get("apiVersions") or ()),
            resources=tuple(_split(resource) for resource in rule.get("resources") or ()),
            scope=rule.get("scope") or "*",
            names=frozenset(rule.get("resourceNames") or ()),
        )
        for rule in rules
    )


def _split(resource: str) -> tuple[str, str]:
    plural, _, subresource = resource.partition("/")
    return plural, subresource


def rule_matches(rule: Rule, kind: Kind, subresource: str, operation: str, namespaced: bool) -> bool:
    """Does the rule cover this? ``namespaced``: the request has a namespace, and is not for a Namespace itself."""
    return (
        ("*" in rule.operations or operation in rule.operations)
        and ("*" in rule.groups or kind.group in rule.groups)
        and ("*" in rule.versions or kind.version in rule.versions)
        and any(res in ("*", kind.plural) and sub in ("*", subresource) for res, sub in rule.resources)
        and (rule.scope == "*" or (rule.scope == "Namespaced") == namespaced)
    )


def is_namespaced(attrs: Attributes) -> bool:
    """In the sense of a rule's scope."""
    return bool(attrs.namespace) and not is_namespace(attrs.kind)


def is_namespace(kind: Kind) -> bool:
    return kind.plural == "namespaces" and not kind.group


def is_exempt(kind: Kind) -> bool:
    """Nobody may lock the door of the room in which the key lies."""
    return kind.group == EXEMPT_GROUP and kind.plural in EXEMPT


def object_matches(selector: LabelSelector, attrs: Attributes) -> bool:
    """The object before or after the write has the labels. What has no metadata (a stream's options) has not."""
    if selector.empty:
        return True
    return any(_labels_match(selector, obj) for obj in (attrs.obj, attrs.old))


def _labels_match(selector: LabelSelector, obj: JsonObject | None) -> bool:
    if obj is None or "metadata" not in obj:
        return False
    return selector.matches(obj["metadata"].get("labels"))


def needs_namespace(selector: LabelSelector, attrs: Attributes) -> bool:
    """Whether the namespace's labels have to be looked at: cluster-scoped objects are never spared by them."""
    return not selector.empty and (bool(attrs.namespace) or is_namespace(attrs.kind))


def own_labels(attrs: Attributes) -> dict[str, str] | None:
    """A Namespace that is being written carries its labels itself; None: they are the stored namespace's."""
    if is_namespace(attrs.kind) and not attrs.subresource and attrs.operation in (CREATE, UPDATE) and attrs.obj:
        return attrs.obj["metadata"].get("labels") or {}
    return None
