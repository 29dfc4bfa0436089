"""The admission interface: one write's attributes, and what a plugin may do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind
    from minik8s.apiserver.auth.user import User
    from minik8s.apiserver.registry.interface import Registry

JsonObject = dict[str, Any]

CREATE, UPDATE, DELETE, CONNECT = "CREATE", "UPDATE", "DELETE", "CONNECT"


@dataclass(slots=True)
class Attributes:
    """Everything admission may know of one write. Plugins change `obj` in place, nothing else."""

    kind: Kind
    subresource: str  # "" for the object itself
    operation: str  # CREATE | UPDATE | DELETE | CONNECT
    namespace: str  # "" for cluster-scoped kinds; for a Namespace itself its own name, as upstream has it
    name: str  # "" while generateName is open
    obj: JsonObject | None  # in the request's version; None for DELETE
    old: JsonObject | None = None  # stored state, for UPDATE and DELETE
    user: str = ""
    groups: tuple[str, ...] = ()
    options: JsonObject = field(default_factory=dict)  # Create/Update/DeleteOptions
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)  # plugins may add texts for Warning headers
    identity: User | None = None  # who asks, whole (uid, extra), for webhooks
    mutated: bool = False  # a webhook changed obj: it is prepared anew
    reinvoke: bool = False  # a plugin asks for a second round of mutation
    reinvoking: bool = False  # this is the second round
    reinvocation: Any = None  # what the webhooks remember between the two

    @property
    def user_info(self) -> JsonObject:
        """UserInfo as reviews show it."""
        return self.identity.to_user_info() if self.identity else {"username": self.user, "groups": list(self.groups)}

    @property
    def resource(self) -> str:
        """GroupResource text: "pods", "deployments.apps"."""
        return f"{self.kind.plural}.{self.kind.group}" if self.kind.group else self.kind.plural

    @property
    def spec(self) -> dict[str, Any]:
        """obj's spec, made when absent."""
        assert self.obj is not None
        spec: dict[str, Any] = self.obj.setdefault("spec", {})
        return spec


class AdmissionPlugin:
    """One plugin; both steps may raise ApiError. `resources` None: asked for every resource."""

    #: GroupResource texts the plugin wants to see; the chain skips it for others.
    resources: frozenset[str] | None = None
    #: Subresources it wants besides the object itself.
    subresources: frozenset[str] = frozenset()
    #: Operations it handles.
    operations: frozenset[str] = frozenset({CREATE, UPDATE})

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    async def mutate(self, attrs: Attributes) -> None:
        """Change attrs.obj."""

    async def validate(self, attrs: Attributes) -> None:
        """Refuse by raising; change nothing."""
