"""What a LIST or WATCH wants, prepared for being asked many times: which index to use, and a predicate on entries.

Mirrors: storage.SelectionPredicate (staging/src/k8s.io/apiserver/pkg/storage/selection_predicate.go), its
MatcherIndex and MatchesSingle. metadata.name and metadata.namespace are answered from the key, so that no entry has to
keep them twice.

Two selections that are equal (and hashable: `key`) want the same objects; watchers with equal ones share all work.
"""

from __future__ import annotations

from collections.abc import Hashable

from minik8s.api.selectors import FieldRequirement, FieldSelector, LabelSelector, Requirement
from minik8s.apiserver.cache.interface import Entry

_INDEXABLE = frozenset(("=", "==", "in", "exists"))


class Selection:
    """One query's filter over the keys under `prefix`."""

    __slots__ = ("_fields", "_labels", "_nothing", "_own", "_prefix_length", "exact_name", "key", "namespace", "prefix")

    def __init__(
        self,
        prefix: str,
        namespaced: bool,
        namespace: str = "",
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> None:
        self.key: Hashable = (namespace, labels, fields)
        field_terms = fields.requirements if fields is not None else ()
        if namespaced and not namespace and fields is not None:
            namespace = fields.exact("metadata.namespace") or ""
        self.namespace = namespace if namespaced else ""
        self.exact_name = (fields.exact("metadata.name") or "") if fields is not None else ""
        self.prefix = f"{prefix}{self.namespace}/" if self.namespace else prefix
        self._prefix_length = len(prefix)
        self._nothing = labels is not None and labels.nothing
        self._labels: tuple[Requirement, ...] = labels.requirements if labels is not None else ()
        self._own: tuple[FieldRequirement, ...] = tuple(t for t in field_terms if _is_metadata(t))
        self._fields: tuple[FieldRequirement, ...] = tuple(t for t in field_terms if not _is_metadata(t))

    @property
    def filters(self) -> bool:
        """Is there more to it than the namespace?"""
        return bool(self._labels or self._fields or self._own or self._nothing)

    def single_key(self, namespaced: bool) -> str:
        """The only key that can match, or "": then only the key needs to be looked at."""
        return self.prefix + self.exact_name if self.exact_name and (self.namespace or not namespaced) else ""

    def index_terms(self) -> list[tuple[str, str, tuple[str, ...] | None]]:
        """The requirements that an index can answer: ("field" | "label", its name, values or None for any value)."""
        terms: list[tuple[str, str, tuple[str, ...] | None]] = [
            ("field", term.field, (term.value,)) for term in self._fields if term.equal
        ]
        for term in self._labels:
            if term.operator in _INDEXABLE:
                terms.append(("label", term.key, None if term.operator == "exists" else term.values))
        return terms

    def exact_field(self) -> tuple[str, str] | None:
        """A field and the one value it must have: watches are found by it."""
        return next(((term.field, term.value) for term in self._fields if term.equal), None)

    def matches(self, entry: Entry) -> bool:
        """Does the entry match, given that its key is under `prefix`?"""
        if self._nothing:
            return False
        for requirement in self._labels:
            if not requirement.matches(entry.labels):
                return False
        for term in self._fields:
            if (entry.fields.get(term.field, "") == term.value) is not term.equal:
                return False
        return not self._own or self._matches_own(entry.key)

    def _matches_own(self, key: str) -> bool:
        namespace, _, name = key[self._prefix_length :].rpartition("/")
        for term in self._own:
            value = name if term.field == "metadata.name" else namespace
            if (value == term.value) is not term.equal:
                return False
        return True


def _is_metadata(term: FieldRequirement) -> bool:
    return term.field in ("metadata.name", "metadata.namespace")
