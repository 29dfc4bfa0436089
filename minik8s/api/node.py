"""Models: node.py."""

from typing import Annotated

from minik8s.api.base import Atomic, Model, QuantityStr, sent
from minik8s.api.core.affinity import Toleration
from minik8s.api.meta import ObjectMeta


class Overhead(Model):
    """Overhead."""

    pod_fixed: dict[str, QuantityStr] = {}


class Scheduling(Model):
    """Scheduling."""

    node_selector: Annotated[dict[str, str], Atomic()] = {}
    tolerations: list[Toleration] = []


class RuntimeClass(Model):
    """Runtime Class."""

    api_version: str = sent("node.k8s.io/v1")
    kind: str = sent("RuntimeClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    handler: str
    overhead: Overhead | None = None
    scheduling: Scheduling | None = None
