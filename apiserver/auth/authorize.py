"""Who may do what: until RBAC is served, any authenticated identity may do everything.

Mirrors the seam of staging/src/k8s.io/apiserver/pkg/authorization/authorizer. The reviews
(SubjectAccessReview and its family) ask the same function as requests do.
"""

from __future__ import annotations

from dataclasses import dataclass

from minik8s.apiserver.auth.user import ALL_UNAUTHENTICATED, User


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One question: may ``user`` do ``verb``? Either a resource or a path is asked about."""

    user: User
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with the reason that reviews show."""

    allowed: bool
    reason: str = ""


class AlwaysAllow:
    """Allow whoever has an identity."""

    def decide(self, request: AccessRequest) -> Decision:
        if ALL_UNAUTHENTICATED in request.user.groups:
            return Decision(False, "anonymous users may do nothing")
        return Decision(True, "any authenticated user may do everything on this server")
