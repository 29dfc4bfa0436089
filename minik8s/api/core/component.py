"""Models: core/component.py."""

from typing import Annotated

from minik8s.api.base import ListMap, MergeKey, Model, sent
from minik8s.api.meta import ObjectMeta


class ComponentCondition(Model):
    """Component Condition."""

    status: str
    type: str
    error: str | None = None
    message: str | None = None


class ComponentStatus(Model):
    """Component Status."""

    api_version: str = sent("v1")
    kind: str = sent("ComponentStatus")
    metadata: ObjectMeta = sent(ObjectMeta)
    conditions: Annotated[list[ComponentCondition], MergeKey("type"), ListMap("type")] = []
