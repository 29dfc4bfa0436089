"""v1beta1 views of budgets, slices and cron jobs, which are stored as v1 (`minik8s.api.legacy`).

Mirrors upstream's pkg/apis/{policy,discovery}/v1beta1/conversion.go (1.21 … 1.24). Going there and back changes
nothing: an older controller compares what it reads with what it wrote, and would write for ever otherwise.
"""

from __future__ import annotations

from minik8s.apiserver.registry.strategies.batch import CronJobStrategy
from minik8s.apiserver.registry.strategies.core import EndpointSliceStrategy
from minik8s.apiserver.registry.strategies.workloads import PodDisruptionBudgetStrategy
from minik8s.apiserver.registry.strategy import JsonObject

ZONE, HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
#: v1beta1's empty selector matches no pod, v1's every one; this one is upstream's way to say the former in v1.
_NONE = {
    "matchExpressions": [
        {"key": "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", "operator": "Exists"},
    ]
}


class CronJobV1beta1Strategy(CronJobStrategy):
    converts = True

    def to_storage(self, obj: JsonObject) -> JsonObject:
        return {**obj, "apiVersion": "batch/v1"}

    def from_storage(self, obj: JsonObject) -> JsonObject:
        return {**obj, "apiVersion": "batch/v1beta1"}


class PodDisruptionBudgetV1beta1Strategy(PodDisruptionBudgetStrategy):
    converts = True

    def to_storage(self, obj: JsonObject) -> JsonObject:
        return _with_selector({**obj, "apiVersion": "policy/v1"}, {}, _NONE)

    def from_storage(self, obj: JsonObject) -> JsonObject:
        return _with_selector({**obj, "apiVersion": "policy/v1beta1"}, _NONE, {})


def _with_selector(obj: JsonObject, is_now: JsonObject, becomes: JsonObject) -> JsonObject:
    spec = obj.get("spec") or {}
    if "selector" in spec and (spec["selector"] or {}) == is_now:
        obj["spec"] = {**spec, "selector": becomes}
    return obj


class EndpointSliceV1beta1Strategy(EndpointSliceStrategy):
    converts = True

    def to_storage(self, obj: JsonObject) -> JsonObject:
        endpoints = [endpoint_to_v1(one) for one in obj.get("endpoints") or ()]
        return {**obj, "apiVersion": "discovery.k8s.io/v1", "endpoints": endpoints}

    def from_storage(self, obj: JsonObject) -> JsonObject:
        endpoints = [endpoint_to_v1beta1(one) for one in obj.get("endpoints") or ()]
        return {**obj, "apiVersion": "discovery.k8s.io/v1beta1", "endpoints": endpoints}


def endpoint_to_v1(endpoint: JsonObject) -> JsonObject:
    """Zone and node get fields of their own; the other labels are kept as deprecatedTopology."""
    result = {key: value for key, value in endpoint.items() if key != "topology"}
    topology = dict(endpoint.get("topology") or {})
    if ZONE in topology:
        result["zone"] = topology.pop(ZONE)
    if topology.get(HOSTNAME):
        result.setdefault("nodeName", topology[HOSTNAME])
    if topology:
        result["deprecatedTopology"] = topology
    return result


def endpoint_to_v1beta1(endpoint: JsonObject) -> JsonObject:
    """Zone and node among the labels again, where older proxies look for them."""
    result = {key: value for key, value in endpoint.items() if key not in ("deprecatedTopology", "zone", "nodeName")}
    topology = dict(endpoint.get("deprecatedTopology") or {})
    if endpoint.get("zone"):
        topology[ZONE] = endpoint["zone"]
    node = endpoint.get("nodeName")
    if node and topology.setdefault(HOSTNAME, node) != node:
        result["nodeName"] = node
    if topology:
        result["topology"] = topology
    return result
