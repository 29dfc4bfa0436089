"""Signing the tokens that live in Secrets.

Mirrors upstream's pkg/serviceaccount/legacy.go and jwt.go. Such a token has no expiry; it dies with its Secret or
account.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any

from minik8s.api import core

ISSUER = "kubernetes/serviceaccount"


def legacy_claims(account: core.ServiceAccount, secret: core.Secret) -> dict[str, str]:
    """What the token says: which account, through which Secret."""
    namespace, name = account.metadata.namespace, account.metadata.name
    return {
        "iss": ISSUER,
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secret.metadata.name,
        "kubernetes.io/serviceaccount/service-account.name": name,
        "kubernetes.io/serviceaccount/service-account.uid": account.metadata.uid,
    }


class TokenSigner:
    """Signs with the private key in a file; the libraries are loaded at the first token, not at start-up."""

    def __init__(self, key_file: str) -> None:
        self._key_file = key_file
        self._key: Any = None
        self._key_id = ""

    def sign(self, claims: dict[str, str]) -> str:
        import jwt

        if self._key is None:
            self._load()
        algorithm = "RS256" if hasattr(self._key, "private_numbers") and hasattr(self._key, "decrypt") else "ES256"
        return jwt.encode(claims, self._key, algorithm=algorithm, headers={"kid": self._key_id})

    def _load(self) -> None:
        from cryptography.hazmat.primitives import serialization

        self._key = serialization.load_pem_private_key(Path(self._key_file).read_bytes(), password=None)
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        # upstream's key id: the SHA-256 of the public key in DER, base64url without padding
        self._key_id = base64.urlsafe_b64encode(hashlib.sha256(public).digest()).rstrip(b"=").decode()
