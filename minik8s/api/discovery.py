"""discovery.k8s.io/v1: EndpointSlice, the backends of a Service in pieces.

Mirrors upstream's staging/src/k8s.io/api/discovery/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Int32, ListSet, Model, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EndpointConditions(Model):
    """State of an endpoint."""

    ready: bool | None = None  #: Takes traffic; absent means true.
    serving: bool | None = None  #: Ready, even while terminating.
    terminating: bool | None = None  #: On its way out.


class ForNode(Model):
    """A node that should use an endpoint."""

    name: str  #: The node.


class ForZone(Model):
    """A zone that should use an endpoint."""

    name: str  #: The zone.


class EndpointHints(Model):
    """Who should use an endpoint."""

    for_zones: list[ForZone] = []  #: These zones.
    for_nodes: list[ForNode] = []  #: These nodes.


class Endpoint(Model):
    """One backend of a Service."""

    addresses: Annotated[list[str], ListSet()] = sent([])  #: Its addresses; all the same backend.
    conditions: EndpointConditions | None = None  #: Its state.
    hostname: str | None = None  #: Its name in DNS.
    target_ref: ObjectReference | None = None  #: Object behind it, a pod mostly.
    deprecated_topology: dict[str, str] = {}  #: Labels of older versions.
    node_name: str | None = None  #: Node it is on.
    zone: str | None = None  #: Zone it is in.
    hints: EndpointHints | None = None  #: Who should use it.


class EndpointPort(Model, atomic=True):
    """A port of a slice."""

    name: str | None = None  #: Name of the service's port.
    protocol: str | None = None  #: TCP, UDP or SCTP.
    port: Int32 | None = None  #: Port number.
    app_protocol: str | None = None  #: Protocol spoken on it: http, kubernetes.io/h2c …


class EndpointSlice(Model):
    """Some of the backends of a Service; at most a thousand in one slice."""

    api_version: str = sent("discovery.k8s.io/v1")
    kind: str = sent("EndpointSlice")
    metadata: ObjectMeta = sent(ObjectMeta)
    endpoints: list[Endpoint] = sent([])  #: The backends.
    ports: list[EndpointPort] = []  #: Ports of them all.
    address_type: str  #: IPv4, IPv6 or FQDN.
