"""core/v1: Namespace.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import ListMap, MergeKey, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class NamespaceSpec(Model):
    """What holds a namespace back from going."""

    finalizers: list[str] = []  #: Owners that must finish before it is removed.


class NamespaceCondition(Model):
    """What keeps a namespace's deletion."""

    type: str  #: NamespaceContentRemaining, NamespaceFinalizersRemaining …
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class NamespaceStatus(Model):
    """Where a namespace stands."""

    phase: str | None = None  #: Active or Terminating.
    #: Observations with a truth value each, by type.
    conditions: Annotated[list[NamespaceCondition], MergeKey("type"), ListMap("type")] = []


class Namespace(Model):
    """A scope for names, and a boundary for policies."""

    api_version: str = sent("v1")
    kind: str = sent("Namespace")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: NamespaceSpec = sent(NamespaceSpec)
    status: NamespaceStatus = sent(NamespaceStatus)
