"""Service account tokens: issuing (TokenRequest) and checking them.

Mirrors pkg/serviceaccount/{claims,jwt,legacy}.go. RS256 or ES256 by the key's kind. Bound tokens name their service
account, and perhaps a pod, secret or node; each must still exist with the same uid. Legacy tokens (those of
Secrets) carry flat claims and live while their Secret does.

A token's signature is checked once and remembered; what it is bound to is looked up each time, in memory. Leaves out
OIDC issuers and key rotation by file watch.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minik8s.apiserver.auth.user import ALL_AUTHENTICATED, User

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Registry

LEGACY_ISSUER = "kubernetes/serviceaccount"
LEGACY_PREFIX = "kubernetes.io/serviceaccount/"
MAX_REMEMBERED = 4096
EXTRA_PREFIX = "authentication.kubernetes.io/"


class InvalidToken(Exception):
    """The token is ours by its issuer, and not valid (any more). The text never holds the token."""


@dataclass(frozen=True, slots=True)
class TokenBinding:
    """What a bound token is tied to besides its service account."""

    kind: str  # Pod | Secret | Node
    name: str
    uid: str


class TokenIssuer:
    """Signs tokens with --service-account-signing-key-file."""

    def __init__(self, key_file: str, issuer: str) -> None:
        self.issuer = issuer
        self._key_file = key_file
        self._key: Any = None
        self._key_id = ""

    def issue(
        self, account: dict[str, Any], audiences: list[str], seconds: int, binding: TokenBinding | None, now: float
    ) -> str:
        """A signed token; ``account`` is the ServiceAccount object."""
        import jwt

        meta = account["metadata"]
        private: dict[str, Any] = {
            "namespace": meta["namespace"],
            "serviceaccount": {"name": meta["name"], "uid": meta["uid"]},
        }
        if binding:
            private[binding.kind.lower()] = {"name": binding.name, "uid": binding.uid}
        issued = int(now)
        claims = {
            "aud": audiences,
            "exp": issued + seconds,
            "iat": issued,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": private,
            "nbf": issued,
            "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
        }
        key, algorithm = self._load()
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": self._key_id})

    def _load(self) -> tuple[Any, str]:
        if self._key is None:
            from cryptography.hazmat.primitives.serialization import load_pem_private_key

            self._key = load_pem_private_key(Path(self._key_file).read_bytes(), password=None)
            self._key_id = key_id(self._key.public_key())
        return self._key, algorithm_of(self._key)


def algorithm_of(key: Any) -> str:
    """RS256 for RSA keys, ES256 for elliptic ones; private or public."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    return "RS256" if isinstance(key, RSAPrivateKey | RSAPublicKey) else "ES256"


def key_id(public_key: Any) -> str:
    """Upstream's key id: the URL-safe base64 SHA-256 of the DER public key."""
    import base64
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


class TokenVerifier:
    """Checks tokens against --service-account-key-file and the live objects they are bound to."""

    def __init__(self, key_files: list[str], issuers: list[str], audiences: list[str], registry: Registry) -> None:
        self._key_files = key_files
        self._issuers = frozenset(issuers)
        self.audiences = audiences
        self._registry = registry
        self._keys: list[Any] = []
        self._verified: dict[str, dict[str, Any]] = {}

    async def verify(self, token: str, audiences: list[str] | None = None) -> User | None:
        """The service account's identity; None when the token is not of our issuers. Raises InvalidToken."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._check_signature(token)
            if claims is None:
                return None
        now = time.time()
        if claims.get("exp", now + 1) <= now:
            self._verified.pop(token, None)
            raise InvalidToken("token has expired")
        if claims.get("nbf", 0) > now + 60:
            raise InvalidToken("token is not valid yet")
        if claims.get("iss") == LEGACY_ISSUER:
            return await self._legacy_user(claims)
        self._check_audience(claims, self.audiences if audiences is None else audiences)
        return await self._bound_user(claims)

    def token_audiences(self, token: str) -> list[str]:
        """The audiences of a token that was verified before."""
        given = self._verified.get(token, {}).get("aud") or self.audiences
        return [given] if isinstance(given, str) else list(given)

    def _check_signature(self, token: str) -> dict[str, Any] | None:
        import jwt

        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            return None
        if unverified.get("iss") not in self._issuers and unverified.get("iss") != LEGACY_ISSUER:
            return None
        options: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        for key in self.public_keys():
            try:
                claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm_of(key)], options=options)
            except jwt.PyJWTError:
                continue
            if len(self._verified) >= MAX_REMEMBERED:
                self._verified.clear()
            self._verified[token] = claims
            return claims
        raise InvalidToken("no key signed this token")

    def public_keys(self) -> list[Any]:
        """The keys that tokens are checked with, read at the first token."""
        if not self._keys:
            from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

            for path in self._key_files:
                pem = Path(path).read_bytes()
                if b"PRIVATE KEY" in pem:
                    self._keys.append(load_pem_private_key(pem, password=None).public_key())
                else:
                    self._keys.append(load_pem_public_key(pem))
        return self._keys

    @staticmethod
    def _check_audience(claims: dict[str, Any], accepted: list[str]) -> None:
        given = claims.get("aud") or []
        given = [given] if isinstance(given, str) else given
        if not set(given) & set(accepted):
            raise InvalidToken("token audiences are not accepted here")

    async def _bound_user(self, claims: dict[str, Any]) -> User:
        private = claims.get("kubernetes.io") or {}
        namespace, account = private.get("namespace", ""), private.get("serviceaccount") or {}
        await self._must_live("serviceaccounts", namespace, account)
        extra = {EXTRA_PREFIX + "credential-id": [f"JTI={claims['jti']}"]} if "jti" in claims else {}
        for kind, plural in (("pod", "pods"), ("secret", "secrets"), ("node", "nodes")):
            bound = private.get(kind)
            if not bound:
                continue
            await self._must_live(plural, "" if kind == "node" else namespace, bound)
            if kind != "secret":
                extra[f"{EXTRA_PREFIX}{kind}-name"] = [bound["name"]]
                extra[f"{EXTRA_PREFIX}{kind}-uid"] = [bound["uid"]]
        return service_account_user(namespace, account["name"], account["uid"], extra)

    async def _legacy_user(self, claims: dict[str, Any]) -> User:
        namespace = claims.get(LEGACY_PREFIX + "namespace", "")
        name, uid = (
            claims.get(LEGACY_PREFIX + "service-account.name", ""),
            claims.get(LEGACY_PREFIX + "service-account.uid"),
        )
        secret = await self._get("secrets", namespace, claims.get(LEGACY_PREFIX + "secret.name", ""))
        if secret is None or secret["metadata"].get("deletionTimestamp"):
            raise InvalidToken("token has been invalidated")
        await self._must_live("serviceaccounts", namespace, {"name": name, "uid": uid})
        return service_account_user(namespace, name, uid or "", {})

    async def _must_live(self, plural: str, namespace: str, reference: dict[str, Any]) -> None:
        obj = await self._get(plural, namespace, reference.get("name", ""))
        if obj is None or obj["metadata"].get("uid") != reference.get("uid"):
            raise InvalidToken(f"token is bound to an object of {plural} that is gone")

    async def _get(self, plural: str, namespace: str, name: str) -> dict[str, Any] | None:
        from minik8s.api.scheme import SCHEME

        kind = SCHEME.by_resource("", "v1", plural)
        return await self._registry.get(kind, namespace, name) if kind is not None and name else None


def service_account_user(namespace: str, name: str, uid: str, extra: dict[str, list[str]]) -> User:
    """The identity of a service account: its user name, uid and groups."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", ALL_AUTHENTICATED)
    return User(f"system:serviceaccount:{namespace}:{name}", uid, groups, extra)
