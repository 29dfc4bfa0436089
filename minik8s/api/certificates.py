"""Models: certificates.py."""

from typing import Annotated

from minik8s.api.base import Base64, Int32, ListMap, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class CertificateSigningRequestSpec(Model):
    """Certificate Signing Request Spec."""

    request: Base64
    signer_name: str
    expiration_seconds: Int32 | None = None
    extra: dict[str, list[str]] = {}
    groups: list[str] = []
    uid: str | None = None
    usages: list[str] = []
    username: str | None = None


class CertificateSigningRequestCondition(Model):
    """Certificate Signing Request Condition."""

    status: str
    type: str
    last_transition_time: Time | None = None
    last_update_time: Time | None = None
    message: str | None = None
    reason: str | None = None


class CertificateSigningRequestStatus(Model):
    """Certificate Signing Request Status."""

    certificate: Base64 | None = None
    conditions: Annotated[list[CertificateSigningRequestCondition], ListMap("type")] = []


class CertificateSigningRequest(Model):
    """Certificate Signing Request."""

    api_version: str = sent("certificates.k8s.io/v1")
    kind: str = sent("CertificateSigningRequest")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: CertificateSigningRequestSpec
    status: CertificateSigningRequestStatus = sent(CertificateSigningRequestStatus)
