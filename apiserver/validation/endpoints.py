"""Endpoints and EndpointSlices (`core/validation` ValidateEndpoints, `discovery/validation`)."""

from __future__ import annotations

import ipaddress
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.containers import PROTOCOLS
from minik8s.apiserver.validation.meta import (
    IMMUTABLE,
    Errors,
    add_invalid,
    check_enum,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.service import check_usable_ip

Json = dict[str, Any]


def _check_subsets(errors: Errors, endpoints: Json) -> None:
    for index, subset in enumerate(endpoints.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            errors.append(FieldError.required(path, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for position, address in enumerate(subset.get(key) or ()):
                _check_address(errors, address, f"{path}.{key}[{position}]")
        ports = subset.get("ports") or ()
        for position, port in enumerate(ports):
            _check_port(errors, port, len(ports) > 1, f"{path}.ports[{position}]")


def _check_address(errors: Errors, address: Json, path: str) -> None:
    ip = address.get("ip") or ""
    messages = names.ip_address(ip)
    add_invalid(errors, f"{path}.ip", ip, messages)
    if address.get("hostname"):
        add_invalid(errors, f"{path}.hostname", address["hostname"], names.dns1123_label(address["hostname"]))
    if address.get("nodeName"):
        add_invalid(errors, f"{path}.nodeName", address["nodeName"], names.dns1123_subdomain(address["nodeName"]))
    if not messages:
        check_usable_ip(errors, ip, f"{path}.ip")


def _check_port(errors: Errors, port: Json, name_required: bool, path: str) -> None:
    name = port.get("name")
    if name:
        add_invalid(errors, f"{path}.name", name, names.dns1123_label(name))
    elif name_required:
        errors.append(FieldError.required(f"{path}.name", ""))
    add_invalid(errors, f"{path}.port", port.get("port") or 0, names.port_number(port.get("port") or 0))
    check_enum(errors, port.get("protocol"), PROTOCOLS, f"{path}.protocol")


def validate_endpoints(endpoints: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, endpoints, True, names.dns1123_subdomain)
    _check_subsets(errors, endpoints)
    return errors


def validate_endpoints_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if new.get("subsets") != old.get("subsets"):
        _check_subsets(errors, new)
    return errors


def _check_slice(errors: Errors, piece: Json) -> None:
    kind = piece.get("addressType")
    check_enum(errors, kind, ("FQDN", "IPv4", "IPv6"), "addressType")
    endpoints, ports = piece.get("endpoints") or [], piece.get("ports") or []
    if len(endpoints) > 1000:
        errors.append(FieldError.too_many("endpoints", len(endpoints), 1000))
    if len(ports) > 20000:
        errors.append(FieldError.too_many("ports", len(ports), 20000))
    for index, endpoint in enumerate(endpoints):
        _check_endpoint(errors, endpoint, kind, f"endpoints[{index}]")
    seen: set[str] = set()
    for index, port in enumerate(ports):
        name, path = port.get("name") or "", f"ports[{index}]"
        if name:
            add_invalid(errors, f"{path}.name", name, names.dns1123_label(name))
        if name in seen:
            errors.append(FieldError.duplicate(f"{path}.name", name))
        seen.add(name)
        if port.get("port") is not None:
            add_invalid(errors, f"{path}.port", port["port"], names.port_number(port["port"]))
        check_enum(errors, port.get("protocol"), PROTOCOLS, f"{path}.protocol")


def _check_endpoint(errors: Errors, endpoint: Json, kind: str | None, path: str) -> None:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        errors.append(FieldError.required(f"{path}.addresses", "must contain at least 1 address"))
    elif len(addresses) > 100:
        errors.append(FieldError.too_many(f"{path}.addresses", len(addresses), 100))
    for index, address in enumerate(addresses):
        here = f"{path}.addresses[{index}]"
        if kind in ("IPv4", "IPv6"):
            messages = names.ip_address(address)
            add_invalid(errors, here, address, messages)
            if not messages:
                if ipaddress.ip_address(address).version != int(kind[-1]):
                    errors.append(FieldError.invalid(here, address, f"must be a valid {kind} address"))
                check_usable_ip(errors, address, here)
        elif kind == "FQDN":
            add_invalid(errors, here, address, names.dns1123_subdomain(address))
    for key in ("nodeName",):
        if endpoint.get(key):
            add_invalid(errors, f"{path}.{key}", endpoint[key], names.dns1123_subdomain(endpoint[key]))
    if endpoint.get("hostname"):
        add_invalid(errors, f"{path}.hostname", endpoint["hostname"], names.dns1123_label(endpoint["hostname"]))


def validate_slice(piece: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, piece, True, names.dns1123_subdomain)
    _check_slice(errors, piece)
    return errors


def validate_slice_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if new.get("addressType") != old.get("addressType"):
        errors.append(FieldError.invalid("addressType", new.get("addressType"), IMMUTABLE))
    _check_slice(errors, new)
    return errors


ENDPOINTS = Validator(validate_endpoints, validate_endpoints_update)
ENDPOINT_SLICE = Validator(validate_slice, validate_slice_update)
