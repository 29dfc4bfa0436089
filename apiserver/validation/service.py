"""Services.

Mirrors ValidateService, ValidateServiceUpdate and validateServiceClusterIPsRelatedFields of
`pkg/apis/core/validation/validation.go`. What depends on other services (taken IPs and ports) is the allocator's.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.containers import PROTOCOLS, check_port_or_name
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_enum,
    check_labels,
    check_object_meta,
    check_object_meta_update,
)

Json = dict[str, Any]

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_MAX_AFFINITY = 86400


def validate_service(service: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, service, True, names.dns1035_label)
    _check_spec(errors, service.get("spec") or {})
    return errors


def _check_spec(errors: Errors, spec: Json) -> None:
    kind, ports = spec.get("type"), spec.get("ports") or []
    headless = "None" in (spec.get("clusterIPs") or ())
    if not ports and not headless and kind != "ExternalName":
        errors.append(FieldError.required("spec.ports", ""))
    if kind == "LoadBalancer" and headless:
        text = "may not be set to 'None' for LoadBalancer services"
        errors.append(FieldError.invalid("spec.clusterIPs[0]", "None", text))
    if kind == "NodePort" and headless:
        text = "may not be set to 'None' for NodePort services"
        errors.append(FieldError.invalid("spec.clusterIPs[0]", "None", text))
    if kind == "ExternalName":
        _check_external_name(errors, spec)
    _check_ports(errors, ports, headless, kind)
    if spec.get("selector"):
        check_labels(errors, spec["selector"], "spec.selector")
    _check_affinity(errors, spec)
    _check_external_ips(errors, spec.get("externalIPs") or [])
    check_enum(errors, kind, TYPES, "spec.type")
    _check_cluster_ips(errors, spec)
    _check_policies(errors, spec)
    if spec.get("loadBalancerSourceRanges"):
        _check_source_ranges(errors, spec)
    if spec.get("loadBalancerClass") is not None:
        value = spec["loadBalancerClass"]
        if kind != "LoadBalancer":
            errors.append(
                FieldError.forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")
            )
        else:
            add_invalid(errors, "spec.loadBalancerClass", value, names.qualified_name(value))


def _check_external_name(errors: Errors, spec: Json) -> None:
    for key in ("clusterIPs", "ipFamilies"):
        if spec.get(key):
            text = "may not be set for ExternalName services"
            errors.append(FieldError.invalid(f"spec.{key}", spec[key], text))
    if spec.get("ipFamilyPolicy"):
        text = "may not be set for ExternalName services"
        errors.append(FieldError.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], text))
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        errors.append(FieldError.required("spec.externalName", ""))
    else:
        add_invalid(errors, "spec.externalName", name, names.dns1123_subdomain(name))


def _check_ports(errors: Errors, ports: list[Json], headless: bool, kind: str | None) -> None:
    seen_names: set[str] = set()
    seen_ports: set[tuple[Any, Any]] = set()
    seen_nodes: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        here = f"spec.ports[{index}]"
        _check_port(errors, port, len(ports) > 1, headless, seen_names, here)
        key = (port.get("protocol"), port.get("port"))
        if key in seen_ports:
            errors.append(FieldError.duplicate(here, {k: port[k] for k in ("protocol", "port") if k in port}))
        seen_ports.add(key)
        node_port = port.get("nodePort")
        if not node_port:
            continue
        if kind == "ClusterIP":
            text = "may not be used when `type` is 'ClusterIP'"
            errors.append(FieldError.forbidden(f"{here}.nodePort", text))
        node_key = (port.get("protocol"), node_port)
        if node_key in seen_nodes:
            errors.append(FieldError.duplicate(f"{here}.nodePort", node_port))
        seen_nodes.add(node_key)


def _check_port(errors: Errors, port: Json, name_required: bool, headless: bool, seen: set[str], path: str) -> None:
    name = port.get("name")
    if not name:
        if name_required:
            errors.append(FieldError.required(f"{path}.name", ""))
    else:
        messages = names.dns1123_label(name)
        add_invalid(errors, f"{path}.name", name, messages)
        if name in seen:
            errors.append(FieldError.duplicate(f"{path}.name", name))
        seen.add(name)
    add_invalid(errors, f"{path}.port", port.get("port") or 0, names.port_number(port.get("port") or 0))
    check_enum(errors, port.get("protocol"), PROTOCOLS, f"{path}.protocol")
    check_port_or_name(errors, port.get("targetPort"), f"{path}.targetPort")
    node_port = port.get("nodePort")
    if node_port and not 0 <= node_port <= 65535:
        errors.append(FieldError.invalid(f"{path}.nodePort", node_port, names.in_range(0, 65535)))
    if port.get("appProtocol") is not None:
        add_invalid(errors, f"{path}.appProtocol", port["appProtocol"], names.qualified_name(port["appProtocol"]))


def _check_affinity(errors: Errors, spec: Json) -> None:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    check_enum(errors, affinity, ("ClientIP", "None"), "spec.sessionAffinity")
    path = "spec.sessionAffinityConfig"
    if affinity == "ClientIP":
        timeout = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
        if timeout is None:
            errors.append(
                FieldError.required(f"{path}.clientIP.timeoutSeconds", "when session affinity type is ClientIP")
            )
        elif not 0 < timeout <= _MAX_AFFINITY:
            text = f"must be greater than 0 and less than {_MAX_AFFINITY}"
            errors.append(FieldError.invalid(f"{path}.clientIP.timeoutSeconds", timeout, text))
    elif config is not None and affinity == "None":
        errors.append(FieldError.forbidden(path, "must not be set when session affinity is None"))


def _check_external_ips(errors: Errors, addresses: list[str]) -> None:
    for index, address in enumerate(addresses):
        here, messages = f"spec.externalIPs[{index}]", names.ip_address(address)
        if messages:
            add_invalid(errors, here, address, messages)
        else:
            check_usable_ip(errors, address, here)


def check_usable_ip(errors: Errors, address: str, path: str) -> None:
    """ValidateNonSpecialIP: nothing that a node could not route to."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified:
        errors.append(FieldError.invalid(path, address, f"may not be unspecified ({address})"))
    if parsed.is_loopback:
        errors.append(FieldError.invalid(path, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if parsed.is_link_local:
        errors.append(
            FieldError.invalid(path, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
        )
    if parsed.is_multicast and (parsed.version == 6 or str(parsed).startswith("224.0.0.")):
        text = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        errors.append(FieldError.invalid(path, address, text))


def _check_cluster_ips(errors: Errors, spec: Json) -> None:
    """validateServiceClusterIPsRelatedFields, for what the allocator has not filled in yet."""
    if spec.get("type") == "ExternalName":
        return
    single, many = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    path = "spec.clusterIPs"
    if not single and many:
        errors.append(FieldError.invalid("spec.clusterIPs", many, "must be empty when `clusterIP` is not specified"))
    elif many and many[0] != single:
        errors.append(FieldError.invalid(f"{path}[0]", many, "first value must match `clusterIP`"))
    if len(many) > 2:
        errors.append(FieldError.invalid(path, many, "may only hold up to 2 values"))
    for index, address in enumerate(many):
        if address == "None":
            if len(many) > 1:
                text = "'None' must be the first and only value"
                errors.append(FieldError.invalid(f"{path}[{index}]", address, text))
        else:
            add_invalid(errors, f"{path}[{index}]", address, names.ip_address(address))
    families = spec.get("ipFamilies") or []
    if len(families) > 2:
        errors.append(FieldError.invalid("spec.ipFamilies", families, "may only hold up to 2 values"))
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            errors.append(FieldError.not_supported(f"spec.ipFamilies[{index}]", family, ["IPv4", "IPv6"]))
        elif family in families[:index]:
            errors.append(FieldError.duplicate(f"spec.ipFamilies[{index}]", family))
    policies = ("PreferDualStack", "RequireDualStack", "SingleStack")
    check_enum(errors, spec.get("ipFamilyPolicy"), policies, "spec.ipFamilyPolicy", required=False)


def _check_policies(errors: Errors, spec: Json) -> None:
    kind = spec.get("type")
    exposed = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    policy = spec.get("externalTrafficPolicy")
    if not exposed:
        if policy:
            text = "may only be set for externally-accessible services"
            errors.append(FieldError.invalid("spec.externalTrafficPolicy", policy, text))
    else:
        check_enum(errors, policy, ("Cluster", "Local"), "spec.externalTrafficPolicy", required=kind != "ClusterIP")
    if kind != "ExternalName":
        internal = spec.get("internalTrafficPolicy")
        check_enum(errors, internal, ("Cluster", "Local"), "spec.internalTrafficPolicy")
    health = spec.get("healthCheckNodePort")
    if health and not (kind == "LoadBalancer" and policy == "Local"):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        errors.append(FieldError.invalid("spec.healthCheckNodePort", health, text))
    if spec.get("allocateLoadBalancerNodePorts") is not None and kind != "LoadBalancer":
        text = "may only be used when `type` is 'LoadBalancer'"
        errors.append(FieldError.forbidden("spec.allocateLoadBalancerNodePorts", text))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        errors.append(FieldError.not_supported("spec.trafficDistribution", distribution, ["PreferClose"]))


def _check_source_ranges(errors: Errors, spec: Json) -> None:
    if spec.get("type") != "LoadBalancer":
        text = "may only be used when `type` is 'LoadBalancer'"
        errors.append(FieldError.forbidden("spec.LoadBalancerSourceRanges", text))
        return
    for index, value in enumerate(spec["loadBalancerSourceRanges"]):
        add_invalid(errors, f"spec.loadBalancerSourceRanges[{index}]", value, names.cidr(value.strip()))


def validate_service_update(new: Json, old: Json) -> list[FieldError]:
    """The primary cluster IP stays while the service keeps a type that has one."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if "ExternalName" not in (spec.get("type"), before.get("type")):
        _check_immutable_ips(errors, spec, before)
    if before.get("type") == spec.get("type") == "LoadBalancer" and before.get("loadBalancerClass") != spec.get(
        "loadBalancerClass"
    ):
        errors.append(
            FieldError.invalid("spec.loadBalancerClass", spec.get("loadBalancerClass"), "may not change once set")
        )
    _check_spec(errors, spec)
    return errors


def _check_immutable_ips(errors: Errors, spec: Json, before: Json) -> None:
    ips, old_ips = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    if old_ips and ips != old_ips:
        if not ips or ips[0] != old_ips[0]:
            value = ips if ips else None
            errors.append(FieldError.invalid("spec.clusterIPs[0]", value, "may not change once set"))
        elif len(ips) == 2 == len(old_ips):
            errors.append(FieldError.invalid("spec.clusterIPs[1]", ips, "may not change once set"))
    families, old_families = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    if families and old_families and families[0] != old_families[0]:
        errors.append(FieldError.invalid("spec.ipFamilies[0]", families, "may not change once set"))


def validate_service_status(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    path = "status.loadBalancer.ingress"
    ingress = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    if ingress and (new.get("spec") or {}).get("type") != "LoadBalancer":
        errors.append(
            FieldError.forbidden("status.loadBalancer.ingress", "may only be used when `spec.type` is 'LoadBalancer'")
        )
    for index, point in enumerate(ingress):
        if point.get("ip"):
            add_invalid(errors, f"{path}[{index}].ip", point["ip"], names.ip_address(point["ip"]))
        if point.get("hostname"):
            add_invalid(
                errors, f"{path}[{index}].hostname", point["hostname"], names.dns1123_subdomain(point["hostname"])
            )
    return errors


SERVICE = Validator(validate_service, validate_service_update, validate_service_status)
