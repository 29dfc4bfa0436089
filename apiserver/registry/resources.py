"""One served resource: its kind, its strategy and its cache, and the two forms between which it converts.

Mirrors what upstream puts together in pkg/registry/<group>/<kind>/storage. Kinds of which several versions are served
share one cache, which holds the stored version's form (``strategy.converts``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from minik8s.apiserver.cache.interface import Caches, Entry, ResourceCache, ResourceInfo, View
from minik8s.apiserver.cache.views import JSON_CHUNKED
from minik8s.apiserver.registry.decode import decode_object
from minik8s.apiserver.registry.strategy import Strategy, strategy_for

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]
#: (body, fieldValidation, warnings to add to) → the object
Decoder = Callable[[bytes, str, list[str]], JsonObject]
EVENT_TTL = 3600


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the server serves it."""

    kind: Kind
    strategy: Strategy
    cache: ResourceCache
    decoder: Decoder | None = None  #: other than the model's (custom resources have a schema instead)

    @property
    def group_resource(self) -> str:
        return f"{self.kind.plural}.{self.kind.group}" if self.kind.group else self.kind.plural

    def decode_body(self, body: bytes, validation: str, warnings: list[str]) -> JsonObject:
        """A request's JSON as an object of this kind; raises BadRequest."""
        if self.decoder is not None:
            return self.decoder(body, validation, warnings)
        return decode_object(body, self.kind, validation, warnings)

    def key(self, namespace: str, name: str) -> str:
        return self.cache.key(namespace, name)

    def decode(self, entry: Entry) -> JsonObject:
        """A fresh object in this version's form, with its resourceVersion."""
        obj = entry.decode()
        return self.strategy.from_storage(obj) if self.strategy.converts else obj

    def data(self, entry: Entry) -> bytes:
        """The entry's JSON in this version's form."""
        return orjson.dumps(self.strategy.from_storage(entry.decode())) if self.strategy.converts else entry.data

    @staticmethod
    def decode_copy(obj: JsonObject) -> JsonObject:
        """A deep copy (an encode and a decode cost a seventh of copy.deepcopy)."""
        copy: JsonObject = orjson.loads(orjson.dumps(obj))
        return copy

    def stored(self, obj: JsonObject) -> JsonObject:
        """The form in which ``obj`` is kept."""
        return self.strategy.to_storage(obj) if self.strategy.converts else obj

    # -- what custom resources do in their own way (extensions/serving/resource.py); some of it takes a webhook --------

    def as_is(self, entries: list[Entry]) -> bool:
        """Whether the stored bytes can go out as they are."""
        return not self.strategy.converts

    def read(self, obj: JsonObject) -> JsonObject:
        """The stored form in this version's form."""
        return self.strategy.from_storage(obj) if self.strategy.converts else obj

    def outdated(self, entry: Entry) -> bool:
        """Whether the entry is stored in another version than it ought to be."""
        return False

    async def load(self, entry: Entry) -> JsonObject:
        """As ``decode``."""
        return self.decode(entry)

    async def load_all(self, entries: list[Entry]) -> list[JsonObject]:
        return [self.decode(entry) for entry in entries]

    async def render(self, entry: Entry) -> bytes:
        """As ``data``."""
        return self.data(entry)

    async def keep(self, obj: JsonObject) -> JsonObject:
        """As ``stored``."""
        return self.stored(obj)

    def written(self, entry: Entry, obj: JsonObject) -> bytes:
        """What the write of ``obj``, which became ``entry``, answers."""
        return self.data(entry)

    @property
    def plain_view(self) -> View:
        """Watch events of whole objects."""
        return JSON_CHUNKED

    @property
    def converts_remotely(self) -> bool:
        """Whether watch events may have to pass a conversion webhook."""
        return False


class Resources:
    """All resources of the server, made when first asked for."""

    def __init__(self, caches: Caches, event_ttl: int = EVENT_TTL) -> None:
        self._caches = caches
        self._event_ttl = event_ttl
        self._resources: dict[Kind, Resource] = {}

    def of(self, kind: Kind) -> Resource:
        resource = self._resources.get(kind)
        if resource is None:
            resource = self._resources[kind] = self._make(kind)
        return resource

    def put(self, resource: Resource) -> None:
        """Serve a kind by a resource made elsewhere (custom resources)."""
        self._resources[resource.kind] = resource

    def forget(self, kind: Kind) -> None:
        """The kind is served no more."""
        self._resources.pop(kind, None)

    def known(self) -> list[Resource]:
        """Those in use so far (metrics)."""
        return list(self._resources.values())

    def _make(self, kind: Kind) -> Resource:
        strategy = strategy_for(kind)
        stored = stored_kind(kind)
        info = ResourceInfo(
            prefix=kind.storage_prefix.rstrip("/") + "/",
            api_version=stored.group_version,
            kind=stored.kind,
            namespaced=kind.namespaced,
            fields=_fields_of(stored),
            ttl=self._event_ttl if kind.plural == "events" else 0,
        )
        return Resource(kind, strategy, self._caches.resource(info))


def _fields_of(stored: Kind) -> Callable[[JsonObject], Mapping[str, str]]:
    """Field labels of a stored object: its own, and those of the other versions in which it is served."""
    from minik8s.api.scheme import SCHEME

    own = strategy_for(stored).selectable_fields
    kinds = [kind for kind in SCHEME if kind.stored_as and stored_kind(kind) is stored]
    served = [strategy_for(kind) for kind in kinds]
    others = [strategy for strategy in served if strategy.field_labels]
    if not others:
        return own

    def fields(obj: JsonObject) -> Mapping[str, str]:
        labels = own(obj)
        for strategy in others:
            labels |= strategy.selectable_fields(strategy.from_storage(obj))
        return labels

    return fields


def stored_kind(kind: Kind) -> Kind:
    """The version of the kind whose form is in the store."""
    from minik8s.api.scheme import SCHEME

    if not kind.stored_as:
        return kind
    group, _, version = kind.stored_as.rpartition("/")
    return SCHEME.by_resource(group, version, kind.plural) or kind
