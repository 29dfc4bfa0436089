"""From a URL's path and method to what is asked for.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go:

    /api/v1/namespaces/{namespace}/{resource}/{name}/{subresource}/{rest…}
    /apis/{group}/{version}/…            the same for named groups
    /api/v1/watch/…                      the deprecated watch prefix

Pure: nothing is looked up here but the scheme's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
#: Below /namespaces/{name}/ these are the namespace's own subresources, everything else is a resource in it.
NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


@dataclass(slots=True)
class RequestInfo:
    """What a path under /api or /apis means."""

    group: str
    version: str
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""  #: what follows the subresource, without a leading slash (proxy)
    verb: str = ""
    watch_prefix: bool = False
    kind: Kind | None = None

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """ "pods", "deployments.apps": what messages call a resource."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


def parse_path(path: str, method: str) -> RequestInfo | None:
    """None where the path is no resource's (discovery documents, too short, unknown root)."""
    parts = path.split("/")
    if parts[1] == "api":
        if len(parts) < 4:
            return None
        info, parts = RequestInfo("", parts[2]), parts[3:]
    elif parts[1] == "apis":
        if len(parts) < 5:
            return None
        info, parts = RequestInfo(parts[2], parts[3]), parts[4:]
    else:
        return None
    if parts[0] == "watch":
        info.watch_prefix, parts = True, parts[1:]
    return _parse_resource(info, parts, method)


def _parse_resource(info: RequestInfo, parts: list[str], method: str) -> RequestInfo | None:
    if not parts or not parts[0]:
        return None
    if parts[0] == "namespaces" and len(parts) > 1 and parts[1]:
        if len(parts) > 2 and parts[2] and parts[2] not in NAMESPACE_SUBRESOURCES:
            info.namespace, parts = parts[1], parts[2:]
        else:
            info.namespace = parts[1]
    info.resource = parts[0]
    if len(parts) > 1:
        info.name = parts[1]
    if len(parts) > 2:
        info.subresource = parts[2]
        info.rest = "/".join(parts[3:])
    info.verb = VERBS.get(method, "")
    if not info.name:
        info.verb = {"get": "list", "delete": "deletecollection"}.get(info.verb, info.verb)
    return info
