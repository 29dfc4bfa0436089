"""discovery.k8s.io/v1beta1: EndpointSlice as upstream's 1.17 … 1.24 had it, with a map of topology labels."""

from typing import Annotated

from minik8s.api.base import ListSet, Model, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.discovery import EndpointConditions, EndpointHints, EndpointPort
from minik8s.api.meta import ObjectMeta


class Endpoint(Model):
    """One backend of a Service."""

    addresses: Annotated[list[str], ListSet()] = sent([])  #: Its addresses; all the same backend.
    conditions: EndpointConditions | None = None  #: Its state.
    hostname: str | None = None  #: Its name in DNS.
    target_ref: ObjectReference | None = None  #: Object behind it, a pod mostly.
    topology: dict[str, str] = {}  #: Labels that tell where it is: host name, zone, region.
    node_name: str | None = None  #: Node it is on.
    hints: EndpointHints | None = None  #: Who should use it.


class EndpointSlice(Model):
    """Some of the backends of a Service; at most a thousand in one slice."""

    api_version: str = sent("discovery.k8s.io/v1beta1")
    kind: str = sent("EndpointSlice")
    metadata: ObjectMeta = sent(ObjectMeta)
    endpoints: list[Endpoint] = sent([])  #: The backends.
    ports: list[EndpointPort] = []  #: Ports of them all.
    address_type: str  #: IPv4, IPv6 or FQDN.
