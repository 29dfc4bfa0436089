"""apiregistration.k8s.io/v1: who serves which group and version.

Mirrors upstream's staging/src/k8s.io/kube-aggregator/pkg/apis/apiregistration/v1/types.go;
rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Base64, Int32, ListMap, MergeKey, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class ServiceReference(Model):
    """Points at a Service."""

    namespace: str | None = None  #: Its namespace.
    name: str | None = None  #: Its name.
    port: Int32 | None = None  #: Its port; default 443.


class APIServiceSpec(Model):
    """Where a group's version is served."""

    service: ServiceReference | None = None  #: Service that does; the server itself where absent.
    group: str | None = None  #: The group.
    version: str | None = None  #: The version.
    insecure_skip_tls_verify: bool | None = None  #: Do not check its certificate.
    ca_bundle: Base64 | None = None  #: Certificates to trust, PEM in base64.
    group_priority_minimum: Int32  #: The higher, the earlier the group comes.
    version_priority: Int32  #: The higher, the earlier the version comes.


class APIServiceCondition(Model):
    """An observation of an APIService."""

    type: str  #: Available.
    status: str  #: True, False or Unknown.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.


class APIServiceStatus(Model):
    """Whether it can be reached."""

    #: Observations with a truth value each, by type.
    conditions: Annotated[list[APIServiceCondition], MergeKey("type"), ListMap("type")] = []


class APIService(Model):
    """A version of a group, and who serves it."""

    api_version: str = sent("apiregistration.k8s.io/v1")
    kind: str = sent("APIService")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: APIServiceSpec
    status: APIServiceStatus = sent(APIServiceStatus)
