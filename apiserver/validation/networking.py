"""NetworkPolicies, Ingresses and IngressClasses (`pkg/apis/networking/validation/validation.go`)."""

from __future__ import annotations

import ipaddress
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_immutable,
    check_label_selector,
    check_object_meta,
    check_object_meta_update,
)

Json = dict[str, Any]

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_SUFFIXES = ("/..", "/.")


def _check_policy(errors: Errors, spec: Json) -> None:
    check_label_selector(errors, spec.get("podSelector"), "spec.podSelector")
    for key, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(key) or ()):
            here = f"spec.{key}[{index}]"
            for position, port in enumerate(rule.get("ports") or ()):
                _check_policy_port(errors, port, f"{here}.ports[{position}]")
            for position, peer in enumerate(rule.get(peers) or ()):
                _check_peer(errors, peer, f"{here}.{peers}[{position}]")
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        errors.append(FieldError.invalid("spec.policyTypes", types, "may not specify more than two policyTypes"))
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            errors.append(FieldError.not_supported(f"spec.policyTypes[{index}]", kind, ["Egress", "Ingress"]))


def _check_policy_port(errors: Errors, port: Json, path: str) -> None:
    protocol, number, end = port.get("protocol"), port.get("port"), port.get("endPort")
    if protocol and protocol not in ("TCP", "UDP", "SCTP"):
        errors.append(FieldError.not_supported(f"{path}.protocol", protocol, ["SCTP", "TCP", "UDP"]))
    if isinstance(number, str):
        add_invalid(errors, f"{path}.port", number, names.port_name(number))
        if end is not None:
            text = "may not be specified when `port` is non-numeric"
            errors.append(FieldError.invalid(f"{path}.endPort", end, text))
    elif number is not None:
        add_invalid(errors, f"{path}.port", number, names.port_number(number))
        if end is not None and end < number:
            text = "must be greater than or equal to `port`"
            errors.append(FieldError.invalid(f"{path}.endPort", end, text))
        if end is not None:
            add_invalid(errors, f"{path}.endPort", end, names.port_number(end))
    elif end is not None:
        errors.append(FieldError.invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))


def _check_peer(errors: Errors, peer: Json, path: str) -> None:
    count = sum(1 for key in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(key) is not None)
    for key in ("podSelector", "namespaceSelector"):
        check_label_selector(errors, peer.get(key), f"{path}.{key}")
    if peer.get("ipBlock") is not None:
        _check_block(errors, peer["ipBlock"], f"{path}.ipBlock")
    if not count:
        errors.append(FieldError.required(path, "must specify a peer"))
    elif count > 1 and peer.get("ipBlock") is not None:
        errors.append(FieldError.forbidden(path, "may not specify both ipBlock and another peer"))


def _check_block(errors: Errors, block: Json, path: str) -> None:
    cidr = block.get("cidr") or ""
    if not cidr:
        errors.append(FieldError.required(f"{path}.cidr", ""))
        return
    if names.cidr(cidr):
        add_invalid(errors, f"{path}.cidr", cidr, names.cidr(cidr))
        return
    outer = ipaddress.ip_network(cidr, strict=False)
    for index, text in enumerate(block.get("except") or ()):
        where = f"{path}.except[{index}]"
        if names.cidr(text):
            add_invalid(errors, where, text, names.cidr(text))
            continue
        inner = ipaddress.ip_network(text, strict=False)
        inside = inner.version == outer.version and inner.network_address in outer and inner.prefixlen > outer.prefixlen
        if not inside:
            errors.append(FieldError.invalid(where, text, "must be a strict subset of `cidr`"))


def validate_policy(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    _check_policy(errors, obj.get("spec") or {})
    return errors


def validate_policy_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if new.get("spec") != old.get("spec"):
        _check_policy(errors, new.get("spec") or {})
    return errors


def _check_ingress(errors: Errors, spec: Json) -> None:
    rules, default = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and default is None:
        errors.append(FieldError.invalid("spec", rules, "either `defaultBackend` or `rules` must be specified"))
    if default is not None:
        _check_backend(errors, default, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        _check_rule(errors, rule, f"spec.rules[{index}]")
    for index, tls in enumerate(spec.get("tls") or ()):
        for position, host in enumerate(tls.get("hosts") or ()):
            check = names.wildcard_subdomain if "*" in host else names.dns1123_subdomain
            add_invalid(errors, f"spec.tls[{index}].hosts[{position}]", host, check(host))
        if tls.get("secretName"):
            add_invalid(
                errors, f"spec.tls[{index}].secretName", tls["secretName"], names.dns1123_subdomain(tls["secretName"])
            )
    if spec.get("ingressClassName") is not None:
        name = spec["ingressClassName"]
        add_invalid(errors, "spec.ingressClassName", name, names.dns1123_subdomain(name))


def _check_rule(errors: Errors, rule: Json, path: str) -> None:
    host = rule.get("host")
    if host:
        if not names.ip_address(host):
            errors.append(FieldError.invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        check = names.wildcard_subdomain if "*" in host else names.dns1123_subdomain
        add_invalid(errors, f"{path}.host", host, check(host))
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        errors.append(FieldError.required(f"{path}.http.paths", ""))
    for index, one in enumerate(http.get("paths") or ()):
        here = f"{path}.http.paths[{index}]"
        _check_path(errors, one, here)
        _check_backend(errors, one.get("backend") or {}, f"{here}.backend")


def _check_path(errors: Errors, one: Json, path: str) -> None:
    kind, where = one.get("pathType"), one.get("path") or ""
    if not kind:
        errors.append(FieldError.required(f"{path}.pathType", "pathType must be specified"))
    elif kind in ("Exact", "Prefix"):
        if not where.startswith("/"):
            errors.append(FieldError.invalid(f"{path}.path", where, "must be an absolute path"))
        for bad in _BAD_SEQUENCES:
            if bad in where:
                errors.append(FieldError.invalid(f"{path}.path", where, f"must not contain '{bad}'"))
        for bad in _BAD_SUFFIXES:
            if where.endswith(bad):
                errors.append(FieldError.invalid(f"{path}.path", where, f"cannot end with '{bad}'"))
    elif kind == "ImplementationSpecific":
        if where and not where.startswith("/"):
            errors.append(FieldError.invalid(f"{path}.path", where, "must be an absolute path"))
    else:
        errors.append(FieldError.not_supported(f"{path}.pathType", kind, ["Exact", "ImplementationSpecific", "Prefix"]))


def _check_backend(errors: Errors, backend: Json, path: str) -> None:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        errors.append(FieldError.invalid(path, "", "cannot set both resource and service backends"))
    elif service is not None:
        name, port = service.get("name") or "", service.get("port") or {}
        if not name:
            errors.append(FieldError.required(f"{path}.service.name", ""))
        else:
            add_invalid(errors, f"{path}.service.name", name, names.dns1035_label(name))
        if port.get("name") and port.get("number"):
            errors.append(FieldError.invalid(path, "", "cannot set both port name & port number"))
        elif port.get("name"):
            add_invalid(errors, f"{path}.service.port.name", port["name"], names.port_name(port["name"]))
        elif port.get("number"):
            add_invalid(errors, f"{path}.service.port.number", port["number"], names.port_number(port["number"]))
        else:
            errors.append(FieldError.required(path, "port name or number is required"))
    elif resource is None:
        errors.append(FieldError.invalid(path, "", "resource or service backend is required"))


def validate_ingress(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, True, names.dns1123_subdomain)
    spec = obj.get("spec") or {}
    annotation = ((obj.get("metadata") or {}).get("annotations") or {}).get(_CLASS_ANNOTATION)
    if annotation and spec.get("ingressClassName") is not None and annotation != spec["ingressClassName"]:
        text = "must match `ingressClassName` when both are specified"
        errors.append(FieldError.invalid(f"annotations.{_CLASS_ANNOTATION}", annotation, text))
    _check_ingress(errors, spec)
    return errors


def validate_ingress_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_ingress(errors, new.get("spec") or {})
    return errors


def _check_class(errors: Errors, spec: Json) -> None:
    controller, parameters = spec.get("controller") or "", spec.get("parameters")
    if len(controller) > 250:
        errors.append(FieldError.too_long("spec.controller", controller, 250))
    if not controller:
        errors.append(FieldError.required("spec.controller", ""))
    elif "/" not in controller or not controller.partition("/")[2]:
        text = 'must be a domain-prefixed path (such as "acme.io/foo")'
        errors.append(FieldError.invalid("spec.controller", controller, text))
    if parameters is None:
        return
    for key in ("kind", "name"):
        if not parameters.get(key):
            errors.append(FieldError.required(f"spec.parameters.{key}", f"{key} is required"))
    if parameters.get("scope") == "Namespace" and not parameters.get("namespace"):
        text = "`parameters.scope` is set to 'Namespace'"
        errors.append(FieldError.required("spec.parameters.namespace", text))


def validate_ingress_class(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.dns1123_subdomain)
    _check_class(errors, obj.get("spec") or {})
    return errors


def validate_ingress_class_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    check_immutable(errors, spec.get("controller"), before.get("controller"), "spec.controller")
    _check_class(errors, spec)
    return errors


NETWORK_POLICY = Validator(validate_policy, validate_policy_update)
INGRESS = Validator(validate_ingress, validate_ingress_update)
INGRESS_CLASS = Validator(validate_ingress_class, validate_ingress_class_update)
