"""An APIService that another server answers, and the way to it.

Mirrors kube-aggregator/pkg/apiserver/handler_proxy.go (proxyHandlingInfo) and apimachinery's transport for the
front proxy's headers. A remote believes the headers because of our client certificate: nothing that a client sent
under those names, and none of its credentials, may pass.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from minik8s.apiserver.auth.user import MASTERS, User

JsonObject = dict[str, Any]
Headers = list[tuple[bytes, bytes]]
PRIVATE = frozenset({b"authorization", b"cookie"})
PREFIXES = (b"x-remote-", b"impersonate-")
TOKEN = "!#$&'*+-.^_`|~"
AGGREGATOR = User("system:kube-aggregator", groups=(MASTERS,))
"Who asks for discovery and OpenAPI documents."


@dataclass(frozen=True, slots=True)
class Remote:
    """What an APIService says."""

    name: str
    group: str
    version: str
    namespace: str
    service: str
    port: int
    ca_bundle: str
    insecure: bool
    group_priority: int
    version_priority: int
    available: bool

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}"

    @property
    def server_name(self) -> str:
        return f"{self.service}.{self.namespace}.svc"


def parse(obj: JsonObject) -> Remote | None:
    """None for an APIService of what is served here."""
    spec = obj.get("spec") or {}
    service = spec.get("service")
    if service is None:
        return None
    conditions = {item["type"]: item for item in (obj.get("status") or {}).get("conditions") or []}
    return Remote(
        name=obj["metadata"]["name"],
        group=spec.get("group") or "",
        version=spec.get("version") or "",
        namespace=service["namespace"],
        service=service["name"],
        port=service.get("port") or 443,
        ca_bundle=spec.get("caBundle") or "",
        insecure=bool(spec.get("insecureSkipTLSVerify")),
        group_priority=spec.get("groupPriorityMinimum") or 0,
        version_priority=spec.get("versionPriority") or 0,
        available=(conditions.get("Available") or {}).get("status") == "True",
    )


@dataclass(frozen=True, slots=True)
class ProxyIdentity:
    """--proxy-client-cert-file and its key: what shows remotes that it is us."""

    cert_file: str = ""
    key_file: str = ""

    def context(self, remote: Remote) -> ssl.SSLContext:
        """TLS towards a remote."""
        context = ssl.create_default_context(
            cadata=base64.b64decode(remote.ca_bundle).decode("ascii") if remote.ca_bundle else None
        )
        if remote.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file)
        return context


def identity_headers(user: User) -> Headers:
    """X-Remote-User and its kin."""
    headers = [(b"x-remote-user", user.name.encode("utf-8"))]
    if user.uid:
        headers.append((b"x-remote-uid", user.uid.encode("utf-8")))
    headers += [(b"x-remote-group", group.encode("utf-8")) for group in user.groups]
    for key, values in user.extra.items():
        name = f"x-remote-extra-{quote(key, safe=TOKEN)}".encode("ascii")
        headers += [(name, value.encode("utf-8")) for value in values]
    return headers


def passed_headers(headers: Iterable[tuple[bytes, bytes]], user: User, client: str) -> Headers:
    """The client's headers as the remote gets them: without credentials, with the user's name."""
    kept = [(k, v) for k, v in headers if k not in PRIVATE and not k.startswith(PREFIXES)]
    if client:
        kept.append((b"x-forwarded-for", client.encode("ascii", "replace")))
    return kept + identity_headers(user)
