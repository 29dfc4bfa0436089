"""core/v1: Endpoints, the older form of EndpointSlice.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int32, Model, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EndpointAddress(Model, atomic=True):
    """One address of an Endpoints subset."""

    ip: str  #: The address.
    target_ref: ObjectReference | None = None  #: Object behind it, a pod mostly.
    hostname: str | None = None  #: Name of this endpoint in DNS.
    node_name: str | None = None  #: Node it is on.


class EndpointPort(Model, atomic=True):
    """One port of an Endpoints subset."""

    name: str | None = None  #: Name of the service's port.
    port: Int32  #: Port number.
    protocol: str | None = None  #: TCP, UDP or SCTP.
    app_protocol: str | None = None  #: Protocol spoken on it: http, kubernetes.io/h2c …


class EndpointSubset(Model):
    """Addresses that share the same ports."""

    addresses: list[EndpointAddress] = []  #: Ready to serve.
    not_ready_addresses: list[EndpointAddress] = []  #: Not ready yet.
    ports: list[EndpointPort] = []  #: Ports of all the addresses.


class Endpoints(Model):
    """The addresses behind a Service (EndpointSlice took over)."""

    api_version: str = sent("v1")
    kind: str = sent("Endpoints")
    metadata: ObjectMeta = sent(ObjectMeta)
    subsets: list[EndpointSubset] = []  #: Sets of addresses and ports.
