"""scheduling.k8s.io/v1: PriorityClass.

Mirrors upstream's staging/src/k8s.io/api/scheduling/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Model, sent
from minik8s.api.meta import ObjectMeta


class PriorityClass(Model):
    """How important pods are, by name."""

    api_version: str = sent("scheduling.k8s.io/v1")
    kind: str = sent("PriorityClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    value: Int32  #: The higher, the more important.
    global_default: bool | None = None  #: The class of pods that name none.
    description: str | None = None  #: What it is for.
    preemption_policy: str | None = None  #: PreemptLowerPriority (the default) or Never.
