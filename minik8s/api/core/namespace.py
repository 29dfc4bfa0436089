"""Models: core/namespace.py."""

from typing import Annotated

from minik8s.api.base import ListMap, MergeKey, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class NamespaceSpec(Model):
    """Namespace Spec."""

    finalizers: list[str] = []


class NamespaceCondition(Model):
    """Namespace Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class NamespaceStatus(Model):
    """Namespace Status."""

    conditions: Annotated[list[NamespaceCondition], MergeKey("type"), ListMap("type")] = []
    phase: str | None = None


class Namespace(Model):
    """Namespace."""

    api_version: str = sent("v1")
    kind: str = sent("Namespace")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: NamespaceSpec = sent(NamespaceSpec)
    status: NamespaceStatus = sent(NamespaceStatus)
