"""Node selectors and node affinity. Mirrors plugins/nodeaffinity and component-helpers/scheduling/corev1/nodeaffinity.

Terms are alternatives, the expressions in a term must all hold; a term without expressions matches nothing. For each
label key one column of value ids is looked at; an expression becomes a set of ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minik8s.scheduler.framework import Reason, Verdict, normalize
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.snapshot import Bools, Ints, Labels, Snapshot

REASON = "node(s) didn't match Pod's node affinity/selector"
_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


class NodeAffinity:
    """`nodeSelector`, required and preferred node affinity."""

    name = "NodeAffinity"
    weight = 2

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        if not pod.node_selector and not required_terms(pod):
            return None
        others = ~required_nodes(pod, snapshot)
        wanted = _named_nodes(pod)
        if wanted is not None and not any(name in snapshot.position for name in wanted):
            others[:] = True
        if wanted is not None:
            # upstream never looks at the other nodes, and says so in these words
            unlooked = snapshot.alive.copy()
            unlooked[[snapshot.position[name] for name in wanted if name in snapshot.position]] = False
            text = f"node(s) didn't satisfy plugin(s) [{self.name}]"
            return Verdict([Reason(text, unlooked, False), Reason(REASON, others & ~unlooked, False)])
        return Verdict([Reason(REASON, others, resolvable=False)])

    def score(self, pod: SchedPod, snapshot: Snapshot, nodes: Ints) -> Ints | None:
        preferred = (pod.affinity.get("nodeAffinity") or {}).get(_PREFERRED)
        if not preferred:
            return None
        raw = np.zeros(len(nodes), np.int64)
        for term in preferred:
            if term.get("weight"):
                raw += term["weight"] * match_term(term["preference"], snapshot)[nodes]
        return normalize(raw)


def required_terms(pod: SchedPod) -> list[Mapping[str, Any]] | None:
    """The alternatives of required node affinity; None where the pod has none."""
    required = (pod.affinity.get("nodeAffinity") or {}).get(_REQUIRED)
    return None if required is None else required.get("nodeSelectorTerms") or []


def required_nodes(pod: SchedPod, snapshot: Snapshot) -> Bools:
    """The nodes that the pod's selector and required affinity allow."""
    allowed = snapshot.alive.copy()
    for key, value in pod.node_selector.items():
        column = snapshot.labels(key)
        allowed &= column.ids == column.values.get(value, -1)
    terms = required_terms(pod)
    if terms is not None:
        allowed &= match_any(terms, snapshot)
    return allowed


def match_any(terms: Sequence[Mapping[str, Any]], snapshot: Snapshot) -> Bools:
    """The nodes that one of the terms matches."""
    found = np.zeros(snapshot.size, np.bool_)
    for term in terms:
        found |= match_term(term, snapshot)
    return found


def match_term(term: Mapping[str, Any], snapshot: Snapshot) -> Bools:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return np.zeros(snapshot.size, np.bool_)
    found = snapshot.alive.copy()
    for expression in expressions:
        found &= match_expression(expression, snapshot.labels(expression["key"]))
    for expression in fields:
        found &= _match_name(expression, snapshot)
    return found


def match_expression(expression: Mapping[str, Any], column: Labels) -> Bools:
    """One requirement on a label, over all nodes."""
    values = expression.get("values") or []
    match expression["operator"]:
        case "In":
            return np.isin(column.ids, [column.values.get(value, -1) for value in values])
        case "NotIn":
            return ~np.isin(column.ids, [column.values.get(value, -1) for value in values])
        case "Exists":
            return column.ids > 0
        case "DoesNotExist":
            return np.logical_not(column.ids > 0)
        case "Gt":
            return _compare(column, values, lambda value, bound: value > bound)
        case "Lt":
            return _compare(column, values, lambda value, bound: value < bound)
    return np.zeros(len(column.ids), np.bool_)


def _compare(column: Labels, values: list[str], holds: Callable[[int, int], bool]) -> Bools:
    bound = _whole(values[0]) if len(values) == 1 else None
    if bound is None:
        return np.zeros(len(column.ids), np.bool_)
    numbers = ((identity, _whole(text)) for text, identity in column.values.items())
    return np.isin(column.ids, [i for i, number in numbers if number is not None and holds(number, bound)])


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _match_name(expression: Mapping[str, Any], snapshot: Snapshot) -> Bools:
    """`matchFields` knows one field, metadata.name: a daemon's pod names its node that way."""
    named = np.zeros(snapshot.size, np.bool_)
    if expression["key"] != "metadata.name":
        return named
    named[[snapshot.position[name] for name in expression.get("values") or () if name in snapshot.position]] = True
    others: Bools = snapshot.alive & ~named
    return named if expression["operator"] == "In" else others


def _named_nodes(pod: SchedPod) -> set[str] | None:
    """The only nodes that come into question, where every alternative names some."""
    names: set[str] = set()
    terms = required_terms(pod)
    if not terms:
        return None
    for term in terms:
        chosen = [
            set(e.get("values") or ())
            for e in term.get("matchFields") or ()
            if e["key"] == "metadata.name" and e["operator"] == "In"
        ]
        if not chosen:
            return None
        names |= set.intersection(*chosen)
    return names
