"""A kind as ownership sees it: its schema, its zero object, what each endpoint may write, its other versions.

Mirrors what upstream's installer.go builds per resource: the type converter, the version converter, and the
strategies' GetResetFields (fields that an endpoint resets are nobody's through that endpoint).

Made once per kind. Custom resources (kinds without a model) bring a schema: `set_schema(kind, openapi)`; without one
their types are deduced from values, as upstream does for schemas that it cannot use.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from minik8s.api.scheme import SCHEME, Kind
from minik8s.apiserver.managedfields.openapi_schema import node_of_schema
from minik8s.apiserver.managedfields.schema import DEDUCED, MAP, Node, node_of
from minik8s.apiserver.managedfields.sets import FieldSet, recursive_difference
from minik8s.apiserver.managedfields.subresources import STATUS_RESETS, only_below

if TYPE_CHECKING:
    from minik8s.apiserver.registry.strategy import Strategy

JsonObject = dict[str, Any]
Filter = Callable[[FieldSet], FieldSet]
Converter = Callable[[JsonObject, str], JsonObject | None]


@dataclass(slots=True)
class Profile:
    """One kind in one version."""

    kind: Kind
    node: Node
    empty: JsonObject
    converter: Converter | None = None
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
        kind = SCHEME.by_kind(group, version, self.kind.kind) or _custom_kind(group, version, self.kind.kind)
        return profile_of(kind) if kind is not None else None

    def convert(self, obj: JsonObject, other: Profile) -> JsonObject:
        """An object of this version in the other's form."""
        if self.converter is not None:
            converted = self.converter(obj, other.api_version)
            if converted is not None:
                return converted
        if self.kind.model_path:
            from minik8s.apiserver.registry.strategy import strategy_for

            theirs: Strategy = strategy_for(other.kind)
            obj = theirs.from_storage(strategy_for(self.kind).to_storage(copy.deepcopy(obj)))
        return {**obj, "apiVersion": other.api_version}


_profiles: dict[Kind, Profile] = {}
_schemas: WeakKeyDictionary[Kind, JsonObject] = WeakKeyDictionary()
_converters: WeakKeyDictionary[Kind, Converter] = WeakKeyDictionary()
_custom: dict[tuple[str, str, str], Kind] = {}


def profile_of(kind: Kind) -> Profile:
    """The kind's profile, made when first asked for."""
    profile = _profiles.get(kind)
    if profile is None:
        profile = _profiles[kind] = _make(kind)
    return profile


def set_schema(kind: Kind, schema: JsonObject | None, converter: Converter | None = None) -> None:
    """A custom resource's structural schema (None: none), and how its objects come into another version's form.

    ``converter(obj, api_version)`` answers a new object, or None for "only apiVersion differs".
    """
    _profiles.pop(kind, None)
    _custom[kind.group, kind.version, kind.kind] = kind
    if schema is not None:
        _schemas[kind] = schema
    if converter is not None:
        _converters[kind] = converter


def forget(kind: Kind) -> None:
    """A custom resource is no longer served."""
    _profiles.pop(kind, None)
    _custom.pop((kind.group, kind.version, kind.kind), None)


def _custom_kind(group: str, version: str, kind: str) -> Kind | None:
    return _custom.get((group, version, kind))


def _make(kind: Kind) -> Profile:
    model = kind.model
    if model is not None:
        from minik8s.apiserver.registry.decode import IGNORE, decode_object

        return Profile(kind, node_of(model), decode_object(b"{}", kind, IGNORE, []))
    schema = _schemas.get(kind)
    node = node_of_schema(schema) if schema else DEDUCED
    empty = {"apiVersion": kind.group_version, "kind": kind.kind, "metadata": {}}
    return Profile(kind, node if node.shape is MAP else DEDUCED, empty, _converters.get(kind))


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
