"""Models: apiregistration.py."""

from typing import Annotated

from minik8s.api.base import Base64, Int32, ListMap, MergeKey, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class ServiceReference(Model):
    """Service Reference."""

    name: str | None = None
    namespace: str | None = None
    port: Int32 | None = None


class APIServiceSpec(Model):
    """A P I Service Spec."""

    group_priority_minimum: Int32
    version_priority: Int32
    ca_bundle: Base64 | None = None
    group: str | None = None
    insecure_skip_tls_verify: bool | None = None
    service: ServiceReference | None = None
    version: str | None = None


class APIServiceCondition(Model):
    """A P I Service Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class APIServiceStatus(Model):
    """A P I Service Status."""

    conditions: Annotated[list[APIServiceCondition], MergeKey("type"), ListMap("type")] = []


class APIService(Model):
    """A P I Service."""

    api_version: str = sent("apiregistration.k8s.io/v1")
    kind: str = sent("APIService")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: APIServiceSpec
    status: APIServiceStatus = sent(APIServiceStatus)
