"""Models: core/endpoints.py."""

from minik8s.api.base import Int32, Model, sent
from minik8s.api.core.reference import ObjectReference
from minik8s.api.meta import ObjectMeta


class EndpointAddress(Model, atomic=True):
    """Endpoint Address."""

    ip: str
    hostname: str | None = None
    node_name: str | None = None
    target_ref: ObjectReference | None = None


class EndpointPort(Model, atomic=True):
    """Endpoint Port."""

    port: Int32
    app_protocol: str | None = None
    name: str | None = None
    protocol: str | None = None


class EndpointSubset(Model):
    """Endpoint Subset."""

    addresses: list[EndpointAddress] = []
    not_ready_addresses: list[EndpointAddress] = []
    ports: list[EndpointPort] = []


class Endpoints(Model):
    """Endpoints."""

    api_version: str = sent("v1")
    kind: str = sent("Endpoints")
    metadata: ObjectMeta = sent(ObjectMeta)
    subsets: list[EndpointSubset] = []
