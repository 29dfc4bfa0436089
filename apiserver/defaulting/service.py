"""Defaults of services, endpoints, slices and network policy.

A Service's families, cluster IPs and node ports depend on the cluster and on what is taken: they are filled in by the
allocator (`registry/strategies/service_ip.py`), as in upstream's `pkg/registry/core/service/storage/alloc.go`.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CLIENT_IP_TIMEOUT = 10800  # three hours


def default_service(service: Json) -> None:
    """SetDefaults_Service."""
    spec = service.setdefault("spec", {})
    kind = spec["type"] = spec.get("type") or "ClusterIP"
    _default_affinity(spec)
    for port in spec.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if port.get("targetPort") in (None, 0, "") and port.get("port"):
            port["targetPort"] = port["port"]
    if kind in ("NodePort", "LoadBalancer") and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if kind != "ExternalName":
        if not spec.get("internalTrafficPolicy"):
            spec["internalTrafficPolicy"] = "Cluster"
        _default_dual_stack(spec)
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True
    if kind == "LoadBalancer":
        for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            if ingress.get("ip") and not ingress.get("ipMode"):
                ingress["ipMode"] = "VIP"


def _default_affinity(spec: Json) -> None:
    affinity = spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        if client_ip.get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": CLIENT_IP_TIMEOUT}}


def _default_dual_stack(spec: Json) -> None:
    families = spec.get("ipFamilies") or []
    if not spec.get("ipFamilyPolicy") and (len(spec.get("clusterIPs") or ()) == 2 or len(families) == 2):
        spec["ipFamilyPolicy"] = "RequireDualStack"
    if spec.get("ipFamilyPolicy") == "RequireDualStack" and len(families) == 1:
        spec["ipFamilies"] = [families[0], "IPv6" if families[0] == "IPv4" else "IPv4"]


def default_endpoints(endpoints: Json) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"


def default_endpoint_slice(piece: Json) -> None:
    for port in piece.get("ports") or ():
        if port.get("name") is None:
            port["name"] = ""
        if not port.get("protocol"):
            port["protocol"] = "TCP"


def default_network_policy(policy: Json) -> None:
    spec = policy.setdefault("spec", {})
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            if not port.get("protocol"):
                port["protocol"] = "TCP"
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def default_ingress_class(ingress_class: Json) -> None:
    parameters = (ingress_class.get("spec") or {}).get("parameters")
    if parameters and not parameters.get("scope"):
        parameters["scope"] = "Cluster"
