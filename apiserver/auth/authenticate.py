"""Who is asking: client certificate first, then bearer token; no answer is 401.

Mirrors staging/src/k8s.io/apiserver/pkg/authentication/request/{union,x509,bearertoken}. Leaves out OIDC, webhooks,
the front proxy's headers and anonymous users: only health and version may be read without an identity.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from minik8s.api.status import Forbidden, Unauthorized
from minik8s.apiserver.auth.service_account import InvalidToken, TokenVerifier
from minik8s.apiserver.auth.user import ALL_AUTHENTICATED, MASTERS, User
from minik8s.apiserver.auth.x509 import user_from_certificate
from minik8s.component import get_logger
from minik8s.serving import ClientCertificate

log = get_logger(__name__)

RawHeaders = Sequence[tuple[bytes, bytes]]
BEARER = b"bearer "
WEBSOCKET_PREFIX = b"base64url.bearer.authorization.k8s.io."
SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"


class Authenticator:
    """Finds the user of a request. Static tokens are one dict lookup; certificates are read once a connection."""

    def __init__(self, static_tokens: dict[str, User], verifier: TokenVerifier | None) -> None:
        self._static = {token.encode(): user for token, user in static_tokens.items()}
        self.verifier = verifier

    async def authenticate(
        self, headers: dict[bytes, bytes], certificate: ClientCertificate | None, raw_headers: RawHeaders = ()
    ) -> User:
        """The identity, impersonation applied; raises Unauthorized. ``raw_headers`` has repeated ones."""
        user = user_from_certificate(certificate) if certificate else None
        if user is None:
            user = await self._by_token(headers.get(b"authorization") or _websocket_token(headers))
        if user is None:
            raise Unauthorized
        if b"impersonate-user" in headers:
            return impersonate(user, headers, raw_headers)
        return user

    async def _by_token(self, header: bytes) -> User | None:
        if header[:7].lower() != BEARER:
            return None
        token = header[7:].strip()
        user = self._static.get(token)
        return user if user is not None else await self.check_token(token.decode("latin1"))

    async def check_token(self, token: str, audiences: list[str] | None = None) -> User | None:
        """The user of a bearer token (TokenReview asks too); None when it is not valid."""
        user = self._static.get(token.encode("latin1", "replace"))
        if user is not None or self.verifier is None:
            return user
        try:
            return await self.verifier.verify(token, audiences)
        except InvalidToken as error:
            log.info("token refused", reason=str(error))
            return None


def _websocket_token(headers: dict[bytes, bytes]) -> bytes:
    """Browsers cannot set headers on a WebSocket: the token comes as a subprotocol (websocket/protocol.go)."""
    for protocol in headers.get(b"sec-websocket-protocol", b"").split(b","):
        text = protocol.strip()
        if text.startswith(WEBSOCKET_PREFIX):
            encoded = text.removeprefix(WEBSOCKET_PREFIX)
            try:
                return BEARER + base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
            except binascii.Error:
                return b""
    return b""


def impersonate(user: User, headers: dict[bytes, bytes], raw_headers: RawHeaders = ()) -> User:
    """``Impersonate-User`` and every ``Impersonate-Group``, for cluster administrators only."""
    name = headers[b"impersonate-user"].decode("latin1")
    if MASTERS not in user.groups:
        raise Forbidden(f'users "{name}" is forbidden: User "{user.name}" cannot impersonate resource "users"')
    given = raw_headers or headers.items()
    groups = [value.decode("latin1") for key, value in given if key == b"impersonate-group"]
    if name.startswith(SERVICE_ACCOUNT_PREFIX) and not groups:
        namespace = name.removeprefix(SERVICE_ACCOUNT_PREFIX).partition(":")[0]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    if ALL_AUTHENTICATED not in groups:
        groups.append(ALL_AUTHENTICATED)
    return User(name, groups=tuple(groups))
