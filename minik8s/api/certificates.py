"""certificates.k8s.io/v1: requests for certificates.

Mirrors upstream's staging/src/k8s.io/api/certificates/v1/types.go; rules of the notation: api/base.py.
"""

from typing import Annotated

from minik8s.api.base import Base64, Int32, ListMap, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class CertificateSigningRequestSpec(Model):
    """The certificate that is asked for."""

    request: Base64  #: PKCS#10 request in PEM, base64.
    username: str | None = None  #: Who asks; filled in by the server.
    uid: str | None = None  #: That user's uid.
    groups: list[str] = []  #: Groups the user belongs to.
    usages: list[str] = []  #: What it is for: client auth, digital signature …
    extra: dict[str, list[str]] = {}  #: Further attributes, as the authenticator gave them.
    signer_name: str  #: Who shall sign: kubernetes.io/kube-apiserver-client …
    expiration_seconds: Int32 | None = None  #: How long it should be good.


class CertificateSigningRequestCondition(Model):
    """A decision on a request."""

    type: str  #: Approved, Denied or Failed.
    reason: str | None = None  #: Why, in one CamelCase word.
    message: str | None = None  #: Details, for people.
    last_update_time: Time | None = None  #: When the condition was last written.
    last_transition_time: Time | None = None  #: When the condition last changed its status.
    status: str  #: Always True.


class CertificateSigningRequestStatus(Model):
    """Decisions, and the certificate."""

    #: Observations with a truth value each, by type.
    conditions: Annotated[list[CertificateSigningRequestCondition], ListMap("type")] = []
    certificate: Base64 | None = None  #: The signed certificate in PEM, base64.


class CertificateSigningRequest(Model):
    """Asks for a certificate from a signer of the cluster."""

    api_version: str = sent("certificates.k8s.io/v1")
    kind: str = sent("CertificateSigningRequest")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CertificateSigningRequestSpec
    status: CertificateSigningRequestStatus = sent(CertificateSigningRequestStatus)
