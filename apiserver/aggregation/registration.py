"""The APIServices of what this server serves itself.

Mirrors cmd/kube-apiserver/app/aggregator.go and kube-aggregator/pkg/controllers/autoregister. Every group and version
has one, without a service; those of custom resources go when their last definition goes. An APIService that a user
has made for the same group and version is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]
LABEL = "kube-aggregator.kubernetes.io/automanaged"
ON_START, ALWAYS = "onstart", "true"
OWN_GROUP = "apiregistration.k8s.io"
CUSTOM_PRIORITY = (1000, 100)
GROUP_PRIORITIES = {
    "": 18000, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700, "authorization.k8s.io": 17600,
    "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300, "networking.k8s.io": 17200, "policy": 17100,
    "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800, "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600, "coordination.k8s.io": 16500,
    "node.k8s.io": 16300, "discovery.k8s.io": 16200, "flowcontrol.apiserver.k8s.io": 16100,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written."""

    create: tuple[JsonObject, ...]
    mark: tuple[str, ...]  #: names of local APIServices that do not say yet that they are available
    delete: tuple[str, ...]


def name_of(group: str, version: str) -> str:
    return f"{version}.{group}"


def compute_plan(kinds: Iterable[Kind], present: Mapping[str, JsonObject]) -> Plan:
    """From what is served and the APIServices there are."""
    served: dict[tuple[str, str], bool] = {}
    for kind in kinds:
        if kind.group != OWN_GROUP:
            served.setdefault((kind.group, kind.version), bool(kind.model_path))
    wanted = {name_of(*pair): _api_service(*pair, built_in) for pair, built_in in served.items()}
    stale = [
        name
        for name, obj in present.items()
        if name not in wanted and (obj["metadata"].get("labels") or {}).get(LABEL) == ALWAYS
    ]
    unmarked = [
        name
        for name, obj in present.items()
        if not (obj.get("spec") or {}).get("service") and not _is_available(obj) and name not in stale
    ]
    missing = tuple(obj for name, obj in wanted.items() if name not in present)
    return Plan(missing, tuple(unmarked), tuple(stale))


def _is_available(obj: JsonObject) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(item.get("type") == "Available" and item.get("status") == "True" for item in conditions)


def _api_service(group: str, version: str, built_in: bool) -> JsonObject:
    if built_in:
        priority, order = GROUP_PRIORITIES.get(group, 1000), 30 if version.startswith("v2") else 15
        if not group:
            order = 1
    else:
        priority, order = CUSTOM_PRIORITY
    spec: JsonObject = {"version": version, "groupPriorityMinimum": priority, "versionPriority": order}
    if group:
        spec["group"] = group
    metadata = {"name": name_of(group, version), "labels": {LABEL: ON_START if built_in else ALWAYS}}
    return {"kind": "APIService", "apiVersion": "apiregistration.k8s.io/v1", "metadata": metadata, "spec": spec}
