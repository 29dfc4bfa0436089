"""core/v1: Node.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import ListSet, MergeKey, Model, sent
from minik8s.api.core.affinity import Taint
from minik8s.api.core.node_status import NodeConfigSource, NodeStatus
from minik8s.api.meta import ObjectMeta


class NodeSpec(Model):
    """What is wanted of a node."""

    pod_cidr: str | None = None  #: Address range of its pods.
    external_id: str | None = None  #: No longer used.
    provider_id: str | None = None  #: The machine's id at its cloud, as provider://id.
    unschedulable: bool | None = None  #: Take no new pods (kubectl cordon).
    taints: list[Taint] = []  #: Taints that keep pods off.
    config_source: NodeConfigSource | None = None  #: Removed upstream.
    pod_cidrs: Annotated[list[str], MergeKey(), ListSet()] = []  #: The same for several IP families, podCIDR first.


class Node(Model):
    """A machine that runs pods."""

    api_version: str = sent("v1")
    kind: str = sent("Node")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: NodeSpec = sent(NodeSpec)
    status: NodeStatus = sent(NodeStatus)
