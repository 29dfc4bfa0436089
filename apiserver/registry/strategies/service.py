"""Services: what a change of type drops or keeps, and the books of cluster IPs and node ports.

Mirrors `pkg/registry/core/service/strategy.go` and `storage/{storage,alloc}.go` (patchAllocatedValues,
dropTypeDependentFields, normalizeClusterIPs). The numbers themselves come from `service_alloc.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minik8s.apiserver.registry.strategies.service_alloc import Allocation, allocate, release_all
from minik8s.apiserver.registry.strategy import JsonObject, Reservation, Strategy, carry

if TYPE_CHECKING:
    from minik8s.apiserver.registry.interface import Context


def needs_cluster_ip(spec: JsonObject) -> bool:
    return spec.get("type") != "ExternalName"


def needs_node_port(spec: JsonObject) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def needs_health_port(spec: JsonObject) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


class ServiceStrategy(Strategy):
    field_labels = frozenset({"spec.clusterIP", "spec.type"})

    def prepare_create(self, obj: JsonObject) -> None:
        obj["status"] = {"loadBalancer": {}}
        spec = obj.setdefault("spec", {})
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]

    def prepare_update(self, new: JsonObject, old: JsonObject) -> None:
        spec, before = new.setdefault("spec", {}), old.get("spec") or {}
        carry(new, old, "status")
        keep_allocated(spec, before)
        normalise_cluster_ips(spec, before)
        drop_type_dependent(spec, before)
        if before.get("type") == "LoadBalancer" and spec.get("type") != "LoadBalancer":
            new["status"] = {**(new.get("status") or {}), "loadBalancer": {}}

    def selectable_fields(self, obj: JsonObject) -> dict[str, str]:
        fields = super().selectable_fields(obj)
        spec = obj.get("spec") or {}
        fields["spec.clusterIP"] = spec.get("clusterIP") or ""
        fields["spec.type"] = spec.get("type") or ""
        return fields

    def warnings(self, obj: JsonObject, old: JsonObject | None = None) -> list[str]:
        if old is not None and obj.get("spec") == old.get("spec"):
            return []
        spec = obj.get("spec") or {}
        headless = "None" in (spec.get("clusterIPs") or ())
        found = []
        if headless and spec.get("loadBalancerIP"):
            found.append('spec.loadBalancerIP is ignored when spec.clusterIP is "None"')
        if headless and spec.get("externalIPs"):
            found.append('spec.externalIPs is ignored when spec.clusterIP is "None"')
        if headless and spec.get("sessionAffinity") not in (None, "", "None"):
            found.append("spec.SessionAffinity is ignored for headless services")
        return found

    async def before_create(self, ctx: Context, obj: JsonObject) -> Reservation | None:
        return await allocate(ctx, obj, None)

    async def before_update(self, ctx: Context, new: JsonObject, old: JsonObject) -> Reservation | None:
        if new.get("spec") == old.get("spec"):
            return None
        return await allocate(ctx, new, old)

    async def after_delete(self, ctx: Context, obj: JsonObject) -> None:
        await release_all(ctx, Allocation.of(obj))


def _same(new: JsonObject, old: JsonObject, *keys: str) -> bool:
    return all((new.get(key) or None) == (old.get(key) or None) for key in keys)


def _node_ports(spec: JsonObject) -> set[int]:
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}


def drop_type_dependent(spec: JsonObject, before: JsonObject) -> None:
    """A user who changes only the type need not clear what the old type had filled in."""
    if needs_cluster_ip(before) and not needs_cluster_ip(spec) and _same(spec, before, "clusterIP", "clusterIPs"):
        for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            spec.pop(key, None)
    ports_before = before.get("type") in ("NodePort", "LoadBalancer")
    if (
        ports_before
        and spec.get("type") not in ("NodePort", "LoadBalancer")
        and _node_ports(spec) == _node_ports(before)
    ):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
    for needed, key in (
        (needs_health_port, "healthCheckNodePort"),
        (_is_load_balancer, "allocateLoadBalancerNodePorts"),
        (_is_load_balancer, "loadBalancerClass"),
        (_is_exposed, "externalTrafficPolicy"),
        (needs_cluster_ip, "internalTrafficPolicy"),
    ):
        if needed(before) and not needed(spec) and spec.get(key) == before.get(key):
            spec.pop(key, None)


def _is_load_balancer(spec: JsonObject) -> bool:
    return spec.get("type") == "LoadBalancer"


def _is_exposed(spec: JsonObject) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer") or bool(spec.get("externalIPs"))


def normalise_cluster_ips(spec: JsonObject, before: JsonObject) -> None:
    """Old clients know only clusterIP: a change of it alone is a change of both."""
    single, many = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    old_single, old_many = before.get("clusterIP") or "", before.get("clusterIPs") or []
    if single and (not many or (single != old_single and many == old_many)):
        spec["clusterIPs"] = [single]
    elif old_single and not single and many == old_many:
        spec.pop("clusterIPs", None)


def keep_allocated(spec: JsonObject, before: JsonObject) -> None:
    """What the server chose stays when the client does not send it (patchAllocatedValues)."""
    if needs_cluster_ip(spec) and needs_cluster_ip(before):
        if not spec.get("clusterIP"):
            carry(spec, before, "clusterIP")
        if not spec.get("clusterIPs") and spec.get("clusterIP") == before.get("clusterIP"):
            carry(spec, before, "clusterIPs")
        for key in ("ipFamilies", "ipFamilyPolicy"):
            if not spec.get(key):
                carry(spec, before, key)
    if needs_node_port(spec) and needs_node_port(before):
        _keep_node_ports(spec, before)
    if needs_health_port(spec) and needs_health_port(before) and not spec.get("healthCheckNodePort"):
        carry(spec, before, "healthCheckNodePort")


def _keep_node_ports(spec: JsonObject, before: JsonObject) -> None:
    used = _node_ports(spec)
    known = {
        (port.get("protocol"), port.get("port")): port["nodePort"]
        for port in before.get("ports") or ()
        if port.get("nodePort")
    }
    for port in spec.get("ports") or ():
        number = known.get((port.get("protocol"), port.get("port")))
        if not port.get("nodePort") and number and number not in used:
            port["nodePort"] = number
