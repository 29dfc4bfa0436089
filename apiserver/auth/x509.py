"""Client certificates: the common name is the user, the organizations are the groups.

Mirrors staging/src/k8s.io/apiserver/pkg/authentication/request/x509. The TLS layer has verified the chain against
--client-ca-file (CERT_OPTIONAL), so only the subject is read here, once per connection.
"""

from __future__ import annotations

from minik8s.apiserver.auth.user import ALL_AUTHENTICATED, User
from minik8s.serving import ClientCertificate


def user_from_certificate(certificate: ClientCertificate | None) -> User | None:
    """The identity that a verified certificate shows; None without certificate or common name."""
    if certificate is None or not certificate.common_name:
        return None
    return User(certificate.common_name, groups=(*certificate.organizations, ALL_AUTHENTICATED))
