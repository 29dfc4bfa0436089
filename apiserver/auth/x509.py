"""Client certificates: the common name is the user, the organizations are the groups.

Mirrors staging/src/k8s.io/apiserver/pkg/authentication/request/x509. The TLS layer has verified the chain against
--client-ca-file (CERT_OPTIONAL), so only the subject is read here, once per connection.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.auth.user import ALL_AUTHENTICATED, User


def user_from_peer_certificate(certificate: dict[str, Any] | None) -> User | None:
    """The identity in what ``ssl.SSLObject.getpeercert()`` returns; None without certificate or common name."""
    if not certificate:
        return None
    name, groups = "", []
    for relative_name in certificate.get("subject", ()):
        for attribute, value in relative_name:
            if attribute == "commonName":
                name = value
            elif attribute == "organizationName":
                groups.append(value)
    if not name:
        return None
    return User(name, groups=(*groups, ALL_AUTHENTICATED))
