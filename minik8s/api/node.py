"""node.k8s.io/v1: RuntimeClass.

Mirrors upstream's staging/src/k8s.io/api/node/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Atomic, Model, QuantityStr, sent
from minik8s.api.core.affinity import Toleration
from minik8s.api.meta import ObjectMeta


class Overhead(Model):
    """What a runtime needs itself."""

    pod_fixed: dict[str, QuantityStr] = {}  #: Resources for each pod.


class Scheduling(Model):
    """Where pods of a runtime class can run."""

    node_selector: Annotated[dict[str, str], Atomic()] = {}  #: Labels of the nodes.
    tolerations: list[Toleration] = []  #: Taints those pods tolerate.


class RuntimeClass(Model):
    """A way to run containers, by name."""

    api_version: str = sent("node.k8s.io/v1")
    kind: str = sent("RuntimeClass")
    metadata: ObjectMeta = sent(ObjectMeta)
    handler: str  #: The runtime's configuration on the node.
    overhead: Overhead | None = None  #: What it needs itself.
    scheduling: Scheduling | None = None  #: Where it is available.
