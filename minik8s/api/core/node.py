"""Models: core/node.py."""

from typing import Annotated

from minik8s.api.base import ListSet, MergeKey, Model, sent
from minik8s.api.core.affinity import Taint
from minik8s.api.core.node_status import NodeConfigSource, NodeStatus
from minik8s.api.meta import ObjectMeta


class NodeSpec(Model):
    """Node Spec."""

    config_source: NodeConfigSource | None = None
    external_id: str | None = None
    pod_cidr: str | None = None
    pod_cidrs: Annotated[list[str], MergeKey(), ListSet()] = []
    provider_id: str | None = None
    taints: list[Taint] = []
    unschedulable: bool | None = None


class Node(Model):
    """Node."""

    api_version: str = sent("v1")
    kind: str = sent("Node")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: NodeSpec = sent(NodeSpec)
    status: NodeStatus = sent(NodeStatus)
