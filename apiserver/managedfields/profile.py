"""A kind as ownership sees it: its schema, its zero object, what each endpoint may write, its other versions.

Mirrors what upstream's installer.go builds per resource: the type converter, the version converter, and the
strategies' GetResetFields (fields that an endpoint resets are nobody's through that endpoint).

Made once per kind. Custom resources (kinds without a model) bring a schema; without one their types are deduced from
values, as upstream does for schemas that it cannot use.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from minik8s.api.legacy import find_builtin
from minik8s.api.scheme import Kind
from minik8s.apiserver.managedfields.openapi_schema import node_of_schema
from minik8s.apiserver.managedfields.schema import DEDUCED, MAP, Node, node_of
from minik8s.apiserver.managedfields.sets import FieldSet, recursive_difference
from minik8s.apiserver.managedfields.subresources import STATUS_RESETS, only_below

if TYPE_CHECKING:
    from minik8s.apiserver.registry.strategy import Strategy

JsonObject = dict[str, Any]
Filter = Callable[[FieldSet], FieldSet]


@dataclass(slots=True)
class Profile:
    """One kind in one version."""

    kind: Kind
    node: Node
    empty: JsonObject
    _filters: dict[str, Filter] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        return self.kind.group_version

    def filter(self, subresource: str) -> Filter:
        """What of a change belongs to those who write through this endpoint."""
        found = self._filters.get(subresource)
        if found is None:
            found = self._filters[subresource] = _filter(self.kind, subresource)
        return found

    def version(self, api_version: str) -> Profile | None:
        """The same kind in another served version."""
        group, _, version = api_version.rpartition("/")
        kind = _sibling(self.kind, version) if group == self.kind.group else None
        return profile_of(kind) if kind is not None else None

    def convert(self, obj: JsonObject, other: Profile) -> JsonObject:
        """An object of this version in the other's form. Custom resources' conversion webhooks are not asked."""
        if self.kind.model_path:
            from minik8s.apiserver.registry.strategy import strategy_for

            theirs: Strategy = strategy_for(other.kind)
            obj = theirs.from_storage(strategy_for(self.kind).to_storage(copy.deepcopy(obj)))
        return {**obj, "apiVersion": other.api_version}


_profiles: dict[Kind, Profile] = {}
#: Custom resources, whose kinds are made anew when their definition changes.
_custom: dict[tuple[str, str, str], Profile] = {}


def profile_of(kind: Kind) -> Profile:
    """The kind's profile, made when first asked for."""
    profile = _profiles.get(kind)
    if profile is not None:
        return profile
    if kind.model_path:
        profile = _profiles[kind] = _make(kind)
        return profile
    key = (kind.group, kind.version, kind.kind)
    profile = _custom.get(key)
    if profile is None or profile.kind is not kind:
        profile = _custom[key] = _make_custom(kind)
    return profile


def _make(kind: Kind) -> Profile:
    from minik8s.apiserver.registry.decode import IGNORE, decode_object

    model = kind.model
    assert model is not None
    return Profile(kind, node_of(model), decode_object(b"{}", kind, IGNORE, []))


def _make_custom(kind: Kind) -> Profile:
    """By what `extensions.serving.kind.CustomKind` has beyond a Kind: its schema, and its definition's versions."""
    schema = getattr(kind, "schema", None)
    node = node_of_schema(schema) if schema else DEDUCED
    empty = {"apiVersion": kind.group_version, "kind": kind.kind, "metadata": {}}
    return Profile(kind, node if node.shape is MAP else DEDUCED, empty)


def _sibling(kind: Kind, version: str) -> Kind | None:
    """The same kind in another version."""
    if kind.model_path:
        return find_builtin(kind.group, version, kind.kind)
    versions: dict[str, Kind] = getattr(getattr(kind, "served", None), "versions", {})
    return versions.get(version)


def _filter(kind: Kind, subresource: str) -> Filter:
    if not subresource:
        if "status" not in kind.subresources:
            return lambda fields: fields
        return lambda fields: {name: node for name, node in fields.items() if name != "f:status"}
    if subresource == "status":
        resets = STATUS_RESETS.get(kind.plural if kind.model_path else "", STATUS_RESETS[""])
        return lambda fields: recursive_difference(
            {name: node for name, node in fields.items() if name in _STATUS_PARTS}, resets
        )
    return only_below(subresource)


#: Everything else of an object is reset by a write of its status.
_STATUS_PARTS = frozenset(("f:status", "f:metadata", "f:apiVersion", "f:kind"))
