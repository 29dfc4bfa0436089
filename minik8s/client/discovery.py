"""Discovery: which resources does this server have, custom and aggregated ones too.

Mirrors client-go discovery (ServerPreferredResources). Asks for the aggregated document first (one request for all of
/api, one for all of /apis), and falls back to one request per group version where a server has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minik8s.api.status import ServiceUnavailable
from minik8s.client.resources import Resource

if TYPE_CHECKING:
    from minik8s.client.rest import Client

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


async def discover(client: Client, strict: bool = False) -> list[Resource]:
    """Every resource at its group's preferred version; a group whose server is away is left out, or raises."""
    found: list[Resource] = []
    missing: list[str] = []
    for root in ("/api", "/apis"):
        document = (await client.request("GET", root, headers={"Accept": AGGREGATED})).json()
        if document.get("kind") == "APIGroupDiscoveryList":
            found += parse_aggregated(document)
            missing += stale_versions(document)
        else:
            found += await _discover_each(client, root, document, missing)
    if missing and strict:
        raise ServiceUnavailable(f"unable to retrieve the complete list of server APIs: {', '.join(missing)}")
    return found


def stale_versions(document: dict[str, Any]) -> list[str]:
    """The group versions that the aggregator has no current answer for."""
    return [
        f"{(item.get('metadata') or {}).get('name', '')}/{version['version']}"
        for item in document.get("items") or []
        for version in item.get("versions") or []
        if version.get("freshness") == "Stale"
    ]


def parse_aggregated(document: dict[str, Any]) -> list[Resource]:
    """The resources of an APIGroupDiscoveryList, each at the first version that has it."""
    found: dict[tuple[str, str], Resource] = {}
    for item in document.get("items") or []:
        group = (item.get("metadata") or {}).get("name") or ""
        for version in item.get("versions") or []:
            if version.get("freshness") == "Stale":
                continue
            for entry in version.get("resources") or []:
                resource = Resource(
                    group,
                    version["version"],
                    entry["resource"],
                    (entry.get("responseKind") or {}).get("kind", ""),
                    entry.get("scope") == "Namespaced",
                    frozenset(entry.get("verbs") or ()),
                    frozenset(sub["subresource"] for sub in entry.get("subresources") or ()),
                )
                found.setdefault((group, resource.plural), resource)
    return list(found.values())


def parse_resource_list(group: str, version: str, document: dict[str, Any]) -> list[Resource]:
    """The resources of one APIResourceList; `pods/status` becomes a subresource of `pods`."""
    entries = document.get("resources") or []
    subresources: dict[str, set[str]] = {}
    for entry in entries:
        parent, _, sub = entry["name"].partition("/")
        if sub:
            subresources.setdefault(parent, set()).add(sub)
    return [
        Resource(
            group, version, entry["name"], entry["kind"], bool(entry.get("namespaced")),
            frozenset(entry.get("verbs") or ()), frozenset(subresources.get(entry["name"], ())),
        )
        for entry in entries
        if "/" not in entry["name"]
    ]  # fmt: skip


async def _discover_each(client: Client, root: str, document: dict[str, Any], missing: list[str]) -> list[Resource]:
    found: dict[tuple[str, str], Resource] = {}
    for group, version in _group_versions(root, document):
        path = f"{root}/{version}" if root == "/api" else f"{root}/{group}/{version}"
        response = await client.request("GET", path, check=False)
        if response.status != 200:  # an aggregated server that is down hides its own group only
            missing.append(f"{group}/{version}")
            continue
        for resource in parse_resource_list(group, version, response.json()):
            found.setdefault((group, resource.plural), resource)
    return list(found.values())


def _group_versions(root: str, document: dict[str, Any]) -> list[tuple[str, str]]:
    if root == "/api":
        return [("", version) for version in document.get("versions") or []]
    pairs = []
    for group in document.get("groups") or []:
        preferred = (group.get("preferredVersion") or {}).get("version", "")
        versions = [entry["version"] for entry in group.get("versions") or []]
        pairs += [(group["name"], v) for v in sorted(versions, key=lambda v: v != preferred)]
    return pairs
