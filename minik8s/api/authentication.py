"""authentication.k8s.io/v1: tokens, and who somebody is.

Mirrors upstream's staging/src/k8s.io/api/authentication/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Int64, Model, Time, sent
from minik8s.api.meta import ObjectMeta


class BoundObjectReference(Model):
    """Object whose life bounds a token's."""

    kind: str | None = None  #: Pod, Secret or Node.
    api_version: str | None = None  #: Its group and version.
    name: str | None = None  #: Its name.
    uid: str | None = None  #: Its uid.


class UserInfo(Model):
    """A user, as authenticated."""

    username: str | None = None  #: Its name.
    uid: str | None = None  #: Its uid.
    groups: list[str] = []  #: Groups the user belongs to.
    extra: dict[str, list[str]] = {}  #: Further attributes, as the authenticator gave them.


class SelfSubjectReviewStatus(Model):
    """Who you are."""

    user_info: UserInfo | None = None  #: The user.


class SelfSubjectReview(Model):
    """Asks the server who it takes you for."""

    api_version: str = sent("authentication.k8s.io/v1")
    kind: str = sent("SelfSubjectReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    status: SelfSubjectReviewStatus = sent(SelfSubjectReviewStatus)


class TokenRequestSpec(Model):
    """The token that is asked for."""

    audiences: list[str] = sent([])  #: Whom it is for.
    bound_object_ref: BoundObjectReference | None = None  #: Object whose life bounds it.
    expiration_seconds: Int64 | None = None  #: How long it should be good; default 3600.


class TokenRequestStatus(Model):
    """The token."""

    token: str = sent("")  #: The token.
    expiration_timestamp: Time  #: When it expires.


class TokenRequest(Model):
    """Asks for a token of a service account."""

    api_version: str = sent("authentication.k8s.io/v1")
    kind: str = sent("TokenRequest")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: TokenRequestSpec = sent(TokenRequestSpec)
    status: TokenRequestStatus | None = None


class TokenReviewSpec(Model):
    """The token to check."""

    token: str | None = None  #: The token.
    audiences: list[str] = []  #: Whom it should be for.


class TokenReviewStatus(Model):
    """The result of the check."""

    authenticated: bool | None = None  #: Whether it is good.
    user: UserInfo | None = None  #: Whose it is.
    error: str | None = None  #: Why it could not be checked.
    audiences: list[str] = []  #: Whom it is for.


class TokenReview(Model):
    """Asks whether a token is good, and whose."""

    api_version: str = sent("authentication.k8s.io/v1")
    kind: str = sent("TokenReview")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: TokenReviewSpec = sent(TokenReviewSpec)
    status: TokenReviewStatus = sent(TokenReviewStatus)
