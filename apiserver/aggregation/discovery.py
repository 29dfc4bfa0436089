"""Discovery with remotes in it. Pure: documents of this server in, merged documents out.

Mirrors kube-aggregator/pkg/apiserver/{handler_apis,handler_discovery}.go. A remote that does not answer is still
listed: clients must notice that something is missing (a namespace's deletion has to wait for it). In the aggregated
form its version is ``Stale``, with the resources that were known last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minik8s.apiserver.aggregation.remote import Remote

JsonObject = dict[str, Any]


def by_group(remotes: Iterable[Remote]) -> dict[str, list[Remote]]:
    """Groups by priority, the versions of each by theirs."""
    found: dict[str, list[Remote]] = {}
    for remote in sorted(remotes, key=lambda r: (-r.group_priority, r.group, -r.version_priority, r.version)):
        found.setdefault(remote.group, []).append(remote)
    return found


def add_versions(group: JsonObject, remotes: Sequence[Remote]) -> JsonObject:
    """An APIGroup with further versions."""
    present = {item["version"] for item in group["versions"]}
    more = [
        {"groupVersion": f"{remote.group}/{remote.version}", "version": remote.version}
        for remote in remotes
        if remote.version not in present
    ]
    return group | {"versions": [*group["versions"], *more]}


def make_group(name: str, remotes: Sequence[Remote]) -> JsonObject:
    """An APIGroup that only remotes serve."""
    group = add_versions({"name": name, "versions": []}, remotes)
    return group | {"preferredVersion": group["versions"][0]}


def extend_groups(document: JsonObject, remotes: Iterable[Remote]) -> JsonObject:
    """/apis with the remotes' groups and versions."""
    groups = by_group(remotes)
    own = [add_versions(group, groups.pop(group["name"], [])) for group in document["groups"]]
    return document | {"groups": [*own, *(make_group(name, found) for name, found in groups.items())]}


def extend_aggregated(document: JsonObject, remotes: Iterable[Remote], lists: Mapping[str, JsonObject]) -> JsonObject:
    """The aggregated /apis; ``lists``: the APIResourceList of each remote (by name) as it was read last."""
    groups = by_group(remotes)

    def versions(found: Sequence[Remote], present: Sequence[JsonObject]) -> list[JsonObject]:
        names = {version["version"] for version in present}
        return [aggregated_version(remote, lists.get(remote.name)) for remote in found if remote.version not in names]

    items = []
    for item in document["items"]:
        more = groups.pop((item["metadata"] or {}).get("name", ""), [])
        items.append(item | {"versions": [*item["versions"], *versions(more, item["versions"])]} if more else item)
    for name, found in groups.items():
        items.append({"metadata": {"name": name, "creationTimestamp": None}, "versions": versions(found, ())})
    return document | {"items": items}


def aggregated_version(remote: Remote, found: JsonObject | None) -> JsonObject:
    """One version in the aggregated form, from its APIResourceList."""
    version: JsonObject = {"version": remote.version}
    resources = aggregated_resources(found, remote) if found else []
    if resources:
        version["resources"] = resources
    return version | {"freshness": "Current" if remote.available and found else "Stale"}


def aggregated_resources(found: JsonObject, remote: Remote) -> list[JsonObject]:
    out: dict[str, JsonObject] = {}
    listed = [item for item in found.get("resources") or [] if isinstance(item, dict) and item.get("name")]
    for item in sorted(listed, key=lambda item: "/" in item["name"]):
        plural, _, subresource = item["name"].partition("/")
        kind = {
            "group": item.get("group") or remote.group,
            "version": item.get("version") or remote.version,
            "kind": item.get("kind") or "",
        }
        if subresource:
            entry = {"subresource": subresource, "responseKind": kind, "verbs": item.get("verbs") or []}
            if plural in out:
                out[plural].setdefault("subresources", []).append(entry)
            continue
        out[plural] = {
            "resource": plural,
            "responseKind": kind,
            "scope": "Namespaced" if item.get("namespaced") else "Cluster",
            "singularResource": item.get("singularName") or "",
            "verbs": item.get("verbs") or [],
        }
        for key in ("shortNames", "categories"):
            if item.get(key):
                out[plural][key] = item[key]
    return list(out.values())
