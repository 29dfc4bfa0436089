"""Services, endpoints, ingresses, network policies and addresses."""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.printers import text

Json = dict[str, Any]


def print_service(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    ips = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    return [
        text.name(obj),
        spec.get("type") or "",
        ips[0] if ips else text.NONE,
        external_ip(spec, obj.get("status") or {}),
        ports(spec.get("ports") or ()) or text.NONE,
        text.age(obj, now),
        text.labels(spec.get("selector")),
    ]


def external_ip(spec: Json, status: Json) -> str:
    given, kind = spec.get("externalIPs") or [], spec.get("type")
    if kind in ("ClusterIP", "NodePort"):
        return ",".join(given) or text.NONE
    if kind == "LoadBalancer":
        points = load_balancer_points(status)
        return ",".join([*points, *given]) or "<pending>"
    return (spec.get("externalName") or "") if kind == "ExternalName" else text.UNKNOWN


def load_balancer_points(status: Json) -> list[str]:
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    return sorted({point.get("ip") or point.get("hostname") or "" for point in ingress} - {""})


def ports(given: Any) -> str:
    pieces = []
    for port in given:
        middle = f":{port['nodePort']}" if port.get("nodePort") else ""
        pieces.append(f"{port.get('port')}{middle}/{port.get('protocol')}")
    return ",".join(pieces)


def print_endpoints(obj: Json, now: float) -> list[Any]:
    found: list[str] = []
    for subset in obj.get("subsets") or ():
        addresses = [address.get("ip") or "" for address in subset.get("addresses") or ()]
        numbers = [port.get("port") for port in subset.get("ports") or ()]
        if not numbers:
            found += addresses
        for number in numbers:
            found += [f"[{ip}]:{number}" if ":" in ip else f"{ip}:{number}" for ip in addresses]
    return [text.name(obj), text.some(found, text.NONE), text.age(obj, now)]


def print_endpoint_slice(obj: Json, now: float) -> list[Any]:
    numbers = [
        str(port["port"]) if port.get("port") is not None else port.get("name") or "*"
        for port in obj.get("ports") or ()
    ]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    kind = obj.get("addressType") or ""
    return [text.name(obj), kind, text.some(numbers, text.UNSET), text.some(addresses, text.UNSET), text.age(obj, now)]


def print_ingress(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    points = ",".join(load_balancer_points(obj.get("status") or {}))
    return [
        text.name(obj),
        spec.get("ingressClassName") or text.NONE,
        text.some(hosts, "*"),
        points,
        "80, 443" if spec.get("tls") else "80",
        text.age(obj, now),
    ]


def print_ingress_class(obj: Json, now: float) -> list[Any]:
    spec = obj.get("spec") or {}
    parameters, shown = spec.get("parameters"), text.NONE
    if parameters:
        group = f".{parameters['apiGroup']}" if parameters.get("apiGroup") else ""
        shown = f"{parameters.get('kind')}{group}/{parameters.get('name')}"
    return [text.name(obj), spec.get("controller") or "", shown, text.age(obj, now)]


def print_network_policy(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), text.selector((obj.get("spec") or {}).get("podSelector")), text.age(obj, now)]


def print_ip_address(obj: Json, now: float) -> list[Any]:
    parent = (obj.get("spec") or {}).get("parentRef") or {}
    path = [f"{parent.get('resource', '')}" + (f".{parent['group']}" if parent.get("group") else "")]
    path += [parent[key] for key in ("namespace", "name") if parent.get(key)]
    return [text.name(obj), "/".join(path) if parent else text.NONE, text.age(obj, now)]


def print_service_cidr(obj: Json, now: float) -> list[Any]:
    return [text.name(obj), ",".join((obj.get("spec") or {}).get("cidrs") or ()), text.age(obj, now)]


PRINTERS = {
    ("", "Service"): print_service,
    ("", "Endpoints"): print_endpoints,
    ("discovery.k8s.io", "EndpointSlice"): print_endpoint_slice,
    ("networking.k8s.io", "Ingress"): print_ingress,
    ("networking.k8s.io", "IngressClass"): print_ingress_class,
    ("networking.k8s.io", "NetworkPolicy"): print_network_policy,
    ("networking.k8s.io", "IPAddress"): print_ip_address,
    ("networking.k8s.io", "ServiceCIDR"): print_service_cidr,
}
