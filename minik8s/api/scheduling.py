"""Models: scheduling.py."""

from minik8s.api.base import Int32, Model, sent
from minik8s.api.meta import ObjectMeta


class PriorityClass(Model):
    """Priority Class."""

    api_version: str = sent("scheduling.k8s.io/v1")
    kind: str = sent("PriorityClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    value: Int32
    description: str | None = None
    global_default: bool | None = None
    preemption_policy: str | None = None
