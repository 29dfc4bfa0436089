"""core/v1: ComponentStatus (deprecated).

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import ListMap, MergeKey, Model, sent
from minik8s.api.meta import ObjectMeta


class ComponentCondition(Model):
    """Health of a control plane component."""

    type: str  #: Always Healthy.
    status: str  #: True, False or Unknown.
    message: str | None = None  #: Details, for people.
    error: str | None = None  #: Error code of the check.


class ComponentStatus(Model):
    """Health of a control plane component (deprecated; look at /readyz instead)."""

    api_version: str = sent("v1")
    kind: str = sent("ComponentStatus")
    metadata: ObjectMeta = sent(ObjectMeta)
    conditions: Annotated[list[ComponentCondition], MergeKey("type"), ListMap("type")] = []  #: The checks' results.
