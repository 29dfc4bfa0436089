"""Models: discovery.py."""

from typing import Annotated

from minik8s.api.base import Int32, ListSet, Model, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EndpointConditions(Model):
    """Endpoint Conditions."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class ForNode(Model):
    """For Node."""

    name: str


class ForZone(Model):
    """For Zone."""

    name: str


class EndpointHints(Model):
    """Endpoint Hints."""

    for_nodes: list[ForNode] = []
    for_zones: list[ForZone] = []


class Endpoint(Model):
    """Endpoint."""

    addresses: Annotated[list[str], ListSet()] = sent([])
    conditions: EndpointConditions | None = None
    deprecated_topology: dict[str, str] = {}
    hints: EndpointHints | None = None
    hostname: str | None = None
    node_name: str | None = None
    target_ref: ObjectReference | None = None
    zone: str | None = None


class EndpointPort(Model, atomic=True):
    """Endpoint Port."""

    app_protocol: str | None = None
    name: str | None = None
    port: Int32 | None = None
    protocol: str | None = None


class EndpointSlice(Model):
    """Endpoint Slice."""

    api_version: str = sent("discovery.k8s.io/v1")
    kind: str = sent("EndpointSlice")
    metadata: ObjectMeta = sent(ObjectMeta)
    address_type: str
    endpoints: list[Endpoint] = sent([])
    ports: list[EndpointPort] = []
