"""Discovery: which groups, versions and resources there are, in one document each or in the aggregated form.

Mirrors apiserver/pkg/endpoints/discovery and discovery/aggregated. Pure functions of kinds: the scheme's, plus those of
custom resources and aggregated servers. Groups and versions keep the order they come in; the first version is
preferred. Left out: storageVersionHash of custom kinds.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from minik8s.api.scheme import Kind, Subresource

JsonObject = dict[str, Any]


def api_versions(server_address: str) -> JsonObject:
    """/api: the versions of the core group."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def api_group_list(kinds: Iterable[Kind]) -> JsonObject:
    """/apis: every named group."""
    groups = [_group(name, versions) for name, versions in _groups(kinds).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(kinds: Iterable[Kind], group: str) -> JsonObject:
    """/apis/<group>."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, _groups(kinds)[group])}


def resource_list(kinds: Iterable[Kind], group: str, version: str) -> JsonObject:
    """/api/v1, /apis/<group>/<version>: resources and subresources."""
    resources = []
    for kind in kinds:
        if (kind.group, kind.version) == (group, version):
            resources.append(_resource(kind))
            resources += [_subresource(kind, sub) for sub in kind.subresource_table]
    group_version = f"{group}/{version}" if group else version
    resources.sort(key=lambda resource: resource["name"])
    head: JsonObject = {"kind": "APIResourceList", "groupVersion": group_version, "resources": resources}
    return {**head, "apiVersion": "v1"} if group else head


def aggregated(kinds: Iterable[Kind], core: bool, version: str = "v2") -> JsonObject:
    """The whole of /api (core) or /apis in one document, as apidiscovery.k8s.io/v2 or v2beta1 has it."""
    kinds = list(kinds)
    items = [
        {
            "metadata": {"creationTimestamp": None, **({"name": group} if group else {})},
            "versions": [_aggregated_version(kinds, group, name) for name in versions],
        }
        for group, versions in _groups(kinds).items()
        if (not group) is core
    ]
    api_version = f"apidiscovery.k8s.io/{version}"
    return {"kind": "APIGroupDiscoveryList", "apiVersion": api_version, "metadata": {}, "items": items}


def _groups(kinds: Iterable[Kind]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind in kinds:
        versions = found.setdefault(kind.group, [])
        if kind.version not in versions:
            versions.append(kind.version)
    return found


def _group(name: str, versions: Sequence[str]) -> JsonObject:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def _resource(kind: Kind) -> JsonObject:
    resource: JsonObject = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        resource["shortNames"] = list(kind.short_names)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    if "watch" in kind.verbs and kind.storage_prefix:
        resource["storageVersionHash"] = storage_version_hash(kind)
    return resource


def _subresource(kind: Kind, sub: Subresource) -> JsonObject:
    resource: JsonObject = {
        "name": f"{kind.plural}/{sub.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": sub.kind,
        "verbs": list(sub.verbs),
    }
    if (sub.group, sub.version) != (kind.group, kind.version):
        resource |= {"group": sub.group, "version": sub.version}
    return resource


def storage_version_hash(kind: Kind) -> str:
    """Changes when the stored form does (apiserver/pkg/endpoints/discovery/storageversionhash.go)."""
    stored = kind.stored_as or kind.group_version
    group, _, version = stored.rpartition("/")
    digest = hashlib.sha256(f"{group}/{version}/{kind.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _aggregated_version(kinds: Iterable[Kind], group: str, version: str) -> JsonObject:
    chosen = sorted((k for k in kinds if (k.group, k.version) == (group, version)), key=lambda kind: kind.plural)
    return {"version": version, "resources": [_aggregated_resource(kind) for kind in chosen], "freshness": "Current"}


def _aggregated_resource(kind: Kind) -> JsonObject:
    resource: JsonObject = {
        "resource": kind.plural,
        "responseKind": _kind(kind.group, kind.version, kind.kind),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        resource["shortNames"] = list(kind.short_names)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    if kind.subresource_table:
        resource["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _kind(sub.group, sub.version, sub.kind),
                "verbs": list(sub.verbs),
            }
            for sub in sorted(kind.subresource_table, key=lambda sub: sub.name)
        ]
    return resource


def _kind(group: str, version: str, kind: str) -> JsonObject:
    return {"group": group, "version": version, "kind": kind}
