"""Models: authentication.py."""

from minik8s.api.base import Int64, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class BoundObjectReference(Model):
    """Bound Object Reference."""

    api_version: str | None = None
    kind: str | None = None
    name: str | None = None
    uid: str | None = None


class UserInfo(Model):
    """User Info."""

    extra: dict[str, list[str]] = {}
    groups: list[str] = []
    uid: str | None = None
    username: str | None = None


class SelfSubjectReviewStatus(Model):
    """Self Subject Review Status."""

    user_info: UserInfo | None = None


class SelfSubjectReview(Model):
    """Self Subject Review."""

    api_version: str = sent("authentication.k8s.io/v1")
    kind: str = sent("SelfSubjectReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    status: SelfSubjectReviewStatus = sent(SelfSubjectReviewStatus)


class TokenRequestSpec(Model):
    """Token Request Spec."""

    audiences: list[str] = sent([])
    bound_object_ref: BoundObjectReference | None = None
    expiration_seconds: Int64 | None = None


class TokenRequestStatus(Model):
    """Token Request Status."""

    expiration_timestamp: Time
    token: str = sent("")


class TokenRequest(Model):
    """Token Request."""

    api_version: str = sent("authentication.k8s.io/v1")
    kind: str = sent("TokenRequest")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: TokenRequestSpec = sent(TokenRequestSpec)
    status: TokenRequestStatus | None = None


class TokenReviewSpec(Model):
    """Token Review Spec."""

    audiences: list[str] = []
    token: str | None = None


class TokenReviewStatus(Model):
    """Token Review Status."""

    audiences: list[str] = []
    authenticated: bool | None = None
    error: str | None = None
    user: UserInfo | None = None


class TokenReview(Model):
    """Token Review."""

    api_version: str = sent("authentication.k8s.io/v1")
    kind: str = sent("TokenReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: TokenReviewSpec = sent(TokenReviewSpec)
    status: TokenReviewStatus = sent(TokenReviewStatus)
