"""Who owns whom. Pure: changes go in, the uids that deserve a look come out.

Mirrors upstream's pkg/controller/garbagecollector/graph.go and the processing half of graph_builder.go.

Invariants
    - `dependents_of(uid)` is exactly the nodes with a reference to that uid, whether or not the owner is known.
    - Nothing is decided here: a uid handed out means "look", and looking twice does no harm.
"""

from dataclasses import dataclass
from typing import Any

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


@dataclass(frozen=True)
class Reference:
    """One owner reference."""

    api_version: str
    kind: str
    name: str
    uid: str
    blocking: bool = False


@dataclass(frozen=True)
class Node:
    """One object: its coordinates, and the few facts that matter here."""

    uid: str
    api_version: str
    kind: str
    namespace: str
    name: str
    owners: tuple[Reference, ...] = ()
    deleting: bool = False
    finalizers: tuple[str, ...] = ()

    @property
    def waits_for_dependents(self) -> bool:
        return self.deleting and FOREGROUND in self.finalizers

    @property
    def waits_for_orphaning(self) -> bool:
        return self.deleting and ORPHAN in self.finalizers


def node_of(obj: dict[str, Any]) -> Node:
    """The node of an object as it came over the wire."""
    meta = obj.get("metadata") or {}
    return Node(
        uid=meta.get("uid") or "",
        api_version=obj.get("apiVersion") or "",
        kind=obj.get("kind") or "",
        namespace=meta.get("namespace") or "",
        name=meta.get("name") or "",
        owners=tuple(_reference(ref) for ref in meta.get("ownerReferences") or ()),
        deleting=bool(meta.get("deletionTimestamp")),
        finalizers=tuple(meta.get("finalizers") or ()),
    )


def _reference(ref: dict[str, Any]) -> Reference:
    return Reference(ref["apiVersion"], ref["kind"], ref["name"], ref["uid"], bool(ref.get("blockOwnerDeletion")))


def group_of(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def fits(reference: Reference, owner: Node, dependent: Node) -> bool:
    """Does the reference describe that owner? Versions of a group are one thing; a namespaced owner must be near."""
    same = (reference.kind, reference.name, group_of(reference.api_version))
    return same == (owner.kind, owner.name, group_of(owner.api_version)) and owner.namespace in (
        "",
        dependent.namespace,
    )


class Graph:
    """All objects, and the references between them."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, uid: str) -> Node | None:
        return self._nodes.get(uid)

    def dependents_of(self, uid: str) -> list[Node]:
        return [self._nodes[dependent] for dependent in sorted(self._dependents.get(uid, ()))]

    def blocking_dependents_of(self, uid: str) -> list[Node]:
        """Those that an owner deleted in the foreground must wait for."""
        nodes = self.dependents_of(uid)
        return [node for node in nodes if any(ref.uid == uid and ref.blocking for ref in node.owners)]

    def owners_are_fine(self, node: Node) -> bool:
        """Every owner is known, is what the reference says, and does not wait for its dependents' end."""
        owners = [(ref, self._nodes.get(ref.uid)) for ref in node.owners]
        return all(
            owner is not None and fits(ref, owner, node) and not owner.waits_for_dependents for ref, owner in owners
        )

    def put(self, node: Node) -> set[str]:
        """An object was seen, new or changed: the uids to look at."""
        before = self._nodes.get(node.uid)
        self._nodes[node.uid] = node
        self._relink(before, node)
        look: set[str] = set()
        if node.owners and not self.owners_are_fine(node):
            look.add(node.uid)
        look |= self._unblocked(before, node)
        if node.waits_for_orphaning:
            look.add(node.uid)
        elif node.waits_for_dependents and (before is None or not before.waits_for_dependents):
            look |= {node.uid, *self._dependents.get(node.uid, ())}
        return look

    def remove(self, uid: str) -> set[str]:
        """An object is gone: its dependents may follow, and an owner may have waited for just that."""
        node = self._nodes.pop(uid, None)
        if node is None:
            return set()
        look = set(self._dependents.get(uid, ()))
        for ref in node.owners:
            self._unlink(ref.uid, uid)
            owner = self._nodes.get(ref.uid)
            if owner is not None and owner.waits_for_dependents:
                look.add(ref.uid)
        return look

    def _relink(self, before: Node | None, node: Node) -> None:
        owners = {ref.uid for ref in node.owners}
        for ref in before.owners if before is not None else ():
            if ref.uid not in owners:
                self._unlink(ref.uid, node.uid)
        for owner in owners:
            self._dependents.setdefault(owner, set()).add(node.uid)

    def _unlink(self, owner: str, dependent: str) -> None:
        members = self._dependents.get(owner)
        if members is not None:
            members.discard(dependent)
            if not members:
                del self._dependents[owner]

    def _unblocked(self, before: Node | None, node: Node) -> set[str]:
        """Owners that this object no longer holds up."""
        if before is None:
            return set()
        blocking = {ref.uid for ref in node.owners if ref.blocking}
        freed = {ref.uid for ref in before.owners if ref.blocking and ref.uid not in blocking}
        return {uid for uid in freed if uid in self._nodes}
