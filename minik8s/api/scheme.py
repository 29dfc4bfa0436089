"""The scheme: what a process needs to know of every kind, from one table (`scheme_table`).

Mirrors what upstream spreads over runtime.Scheme, the REST storages' short names and categories
(pkg/registry/**/storage), the storage prefixes (pkg/kubeapiserver/default_storage_factory_builder.go) and the printers'
columns (pkg/printers/internalversion/printers.go). Custom resources become `Kind`s too, made by the apiserver.

Invariant: nothing here imports a model before `.model` is asked for, so that importing the scheme stays cheap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from urllib.parse import quote

from minik8s.api.base import Model


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; priority 1 shows with `-o wide` only."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""
    json_path: str = ""  # custom resources: where the cell's value lies


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object: `pods/log`. Its body may be a kind of another group: `policy/v1` Eviction."""

    name: str
    verbs: tuple[str, ...]
    group: str
    version: str
    kind: str
    model_path: str = ""

    @property
    def model(self) -> type[Model] | None:
        """The class of its body; None for what is not an object (logs, streams)."""
        return _load(self.model_path)


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind in one version, and the resource that serves it. Compared by identity: it is a key in hot lookups."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    columns: tuple[Column, ...] = field(default=(), repr=False)
    subresource_table: tuple[Subresource, ...] = field(default=(), repr=False)
    storage_prefix: str = ""
    stored_as: str = ""  # the group and version whose form is in the store, where it is not this one's
    model_path: str = ""  # "module:Class"; empty for custom resources

    @property
    def group_version(self) -> str:
        """`v1`, `apps/v1`: an object's apiVersion."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """`pods`, `deployments.apps`: as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def group_kind(self) -> str:
        """`Pod`, `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def list_kind(self) -> str:
        return f"{self.kind}List"

    @cached_property
    def subresources(self) -> frozenset[str]:
        return frozenset(sub.name for sub in self.subresource_table)

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresource_table if sub.name == name), None)

    @cached_property
    def model(self) -> type[Model] | None:
        """The pydantic class, imported now; None for a custom resource."""
        return _load(self.model_path)

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

    def key(self, namespace: str, name: str) -> str:
        """The object's key in the store: `/registry/pods/default/web-1`."""
        middle = f"/{namespace}" if self.namespaced else ""
        return f"{self.storage_prefix}{middle}/{name}"


def _load(path: str) -> type[Model] | None:
    if not path:
        return None
    module, _, name = path.partition(":")
    found: type[Model] = getattr(import_module(module), name)
    return found


class Scheme:
    """Kinds, found by resource, by kind or by model class. Order is discovery's."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self._by_resource: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str, str], Kind] = {}
        self._by_model: dict[str, Kind] = {}
        for kind in kinds:
            self._by_resource[kind.group, kind.version, kind.plural] = kind
            self._by_kind[kind.group, kind.version, kind.kind] = kind
            if kind.model_path:
                self._by_model[kind.model_path] = kind

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_resource.values())

    def __len__(self) -> int:
        return len(self._by_resource)

    def by_resource(self, group: str, version: str, plural: str) -> Kind | None:
        return self._by_resource.get((group, version, plural))

    def by_kind(self, group: str, version: str, kind: str) -> Kind | None:
        return self._by_kind.get((group, version, kind))

    def for_model(self, model: type[Model]) -> Kind | None:
        """The kind of a model class: `core.Pod` → pods."""
        return self._by_model.get(f"{model.__module__}:{model.__qualname__}")

    def groups(self) -> dict[str, list[str]]:
        """Group → versions, the preferred first."""
        found: dict[str, list[str]] = {}
        for kind in self:
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found

    def group_version(self, group: str, version: str) -> list[Kind]:
        """The kinds of one version of one group."""
        return [kind for kind in self if (kind.group, kind.version) == (group, version)]


def _read_table() -> Scheme:
    from minik8s.api.scheme_table import kinds

    return Scheme(kinds())


SCHEME: Scheme = _read_table()
