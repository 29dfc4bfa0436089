"""/.well-known/openid-configuration and /openid/v1/jwks: how others check our service account tokens.

Mirrors pkg/serviceaccount/openidmetadata.go.
"""

from __future__ import annotations

import base64
from typing import Any

from minik8s.apiserver.auth.service_account import algorithm_of, key_id

CONFIGURATION_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/openid/v1/jwks"


def configuration(issuer: str, server: str, algorithms: list[str]) -> dict[str, Any]:
    """OpenID provider metadata, as far as tokens need it."""
    return {
        "issuer": issuer,
        "jwks_uri": f"https://{server}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    }


def key_set(keys: list[Any]) -> dict[str, Any]:
    """The public keys as JSON Web Keys."""
    return {"keys": [_key(key) for key in keys]}


def _key(key: Any) -> dict[str, str]:
    algorithm = algorithm_of(key)
    common = {"use": "sig", "kid": key_id(key), "alg": algorithm}
    numbers = key.public_numbers()
    if algorithm == "RS256":
        return common | {"kty": "RSA", "n": _base64(numbers.n), "e": _base64(numbers.e)}
    size = (key.curve.key_size + 7) // 8
    return common | {"kty": "EC", "crv": "P-256", "x": _base64(numbers.x, size), "y": _base64(numbers.y, size)}


def _base64(number: int, size: int = 0) -> str:
    data = number.to_bytes(size or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
