"""Where a kind lives on the wire: one small record per resource, made from a model class, the scheme, or discovery.

Mirrors apimachinery's GroupVersionResource and client-go's RESTMapper. The verbs of `rest.Client` take a model class
(typed answers), a `scheme.Kind` or a `Resource` (answers are dicts: for custom resources, the garbage collector, …).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from minik8s.api.base import Model
from minik8s.api.scheme import SCHEME, Kind


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the API, built in or custom."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    verbs: frozenset[str] = frozenset()
    subresources: frozenset[str] = frozenset()

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """`deployments.apps`, as it stands in messages."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """`/apis/apps/v1/namespaces/default/deployments/web/status`."""
        parts = [f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"]
        if namespace and self.namespaced:
            parts.append(f"namespaces/{quote(namespace, safe='')}")
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


Target = type[Model] | Kind | Resource


def resolve(target: Any) -> Resource:
    """The resource of a model class, a kind of the scheme, or itself."""
    if isinstance(target, Resource):
        return target
    if isinstance(target, Kind):
        return _from_kind(target)
    return _from_model(target)


def resolve_object(obj: Model | Mapping[str, Any]) -> Resource:
    """The resource that an object belongs to: by its class, or by a dict's apiVersion and kind."""
    if isinstance(obj, Model):
        return _from_model(type(obj))
    api_version, kind = str(obj.get("apiVersion", "")), str(obj.get("kind", ""))
    group, _, version = api_version.rpartition("/")
    found = SCHEME.by_kind(group, version, kind)
    if found is None:
        raise LookupError(f"no resource known for {api_version} {kind}: pass target=Resource(…)")
    return _from_kind(found)


@lru_cache(maxsize=512)
def _from_kind(kind: Kind) -> Resource:
    return Resource(
        kind.group, kind.version, kind.plural, kind.kind, kind.namespaced, frozenset(kind.verbs),
        frozenset(kind.subresources),
    )  # fmt: skip


@lru_cache(maxsize=512)
def _from_model(cls: type[Model]) -> Resource:
    kind = SCHEME.for_model(cls)
    if kind is None:
        raise LookupError(f"{cls.__name__} is not a kind of the scheme")
    return _from_kind(kind)
