"""What admission plug-ins, strategies and subresources may ask of the registry.

``Registry`` is implemented by :mod:`minik8s.apiserver.registry.store`; admission and strategies only see
this protocol, so that they can be tested with a dict. All objects are plain dicts in wire form. An object that
was *read* belongs to the caller (it is decoded afresh): it may be changed and written back with ``update``.

``Context`` travels with one write through strategy → admission → store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from minik8s.apiserver.auth.user import User

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.apiserver.registry.strategy import Claims, ServiceRanges

Object = dict[str, Any]


class Registry(Protocol):
    """Reads answered from the watch cache (consistent), and the server's own writes (no admission)."""

    claims: Claims
    service_ranges: ServiceRanges

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, or None. ``namespace=""`` for cluster-scoped kinds."""
        ...

    async def list(
        self, kind: Kind, namespace: str = "", label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        """All objects that match."""
        ...

    async def create(self, kind: Kind, obj: Object) -> Object:
        """Create with metadata filled in; raises AlreadyExists."""
        ...

    async def update(self, kind: Kind, obj: Object, subresource: str = "") -> Object:
        """Compare-and-swap by obj.metadata.resourceVersion; raises Conflict or NotFound."""
        ...

    async def mutate(
        self, kind: Kind, namespace: str, name: str, change: Callable[[Object], Object | None], subresource: str = ""
    ) -> Object:
        """Read-modify-write, retried on conflict. ``change`` may return None for "nothing to do"."""
        ...

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str = "") -> None:
        """Delete (gracefully where the kind wants it); absent is not an error."""
        ...


@dataclass(slots=True)
class Context:
    """One write request on its way through the pipeline."""

    kind: Kind
    registry: Registry
    user: User
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    dry_run: bool = False
    options: Object = field(default_factory=dict)  #: CreateOptions/UpdateOptions/DeleteOptions as a dict
    warnings: list[str] = field(default_factory=list)  #: become ``Warning: 299`` headers
    field_manager: str = ""  #: who owns what is written: the request's fieldManager, else its user agent
    tracked: bool = False  #: managedFields of the new object have been worked out (apply, scale)

    def warn(self, text: str) -> None:
        self.warnings.append(text)
