"""Pods: create, update, status, and the ephemeralcontainers and resize subresources.

Mirrors ValidatePodSpec, ValidatePodCreate, ValidatePodUpdate, ValidatePodStatusUpdate and their neighbours in
`pkg/apis/core/validation/validation.go`. Windows rules, resource claims and AppArmor annotations are left out.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.containers import (
    check_containers,
    check_ephemeral_containers,
    check_init_containers,
)
from minik8s.apiserver.validation.difference import difference
from minik8s.apiserver.validation.meta import (
    Errors,
    add_invalid,
    check_enum,
    check_labels,
    check_object_meta,
    check_object_meta_update,
)
from minik8s.apiserver.validation.resources import check_resource_list
from minik8s.apiserver.validation.scheduling import check_affinity, check_tolerations, check_topology_spread
from minik8s.apiserver.validation.security import check_host_namespaces, check_pod_security_context
from minik8s.apiserver.validation.volumes import check_volumes

Json = dict[str, Any]

_MAX_INT32 = 2**31 - 1
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
RESTART_POLICIES = ("Always", "OnFailure", "Never")


def check_pod_spec(errors: Errors, spec: Json, path: str, pod_name: str = "") -> None:
    """ValidatePodSpec, for pods and templates."""
    grace = spec.get("terminationGracePeriodSeconds") or 0
    volumes: dict[str, Json] = {}
    if spec.get("volumes"):
        volumes = check_volumes(errors, spec["volumes"], pod_name, f"{path}.volumes")
    check_containers(errors, spec.get("containers") or [], volumes, grace, f"{path}.containers")
    if spec.get("initContainers"):
        check_init_containers(errors, spec, volumes, grace, f"{path}.initContainers")
    if spec.get("ephemeralContainers"):
        check_ephemeral_containers(errors, spec, volumes, f"{path}.ephemeralContainers")
    check_enum(errors, spec.get("restartPolicy"), RESTART_POLICIES, f"{path}.restartPolicy")
    check_enum(errors, spec.get("dnsPolicy"), DNS_POLICIES, f"{path}.dnsPolicy")
    if spec.get("nodeSelector"):
        check_labels(errors, spec["nodeSelector"], f"{path}.nodeSelector")
    if spec.get("securityContext"):
        check_pod_security_context(errors, spec["securityContext"], spec, f"{path}.securityContext")
    check_host_namespaces(errors, spec, path)
    if spec.get("affinity"):
        check_affinity(errors, spec["affinity"], f"{path}.affinity")
    _check_dns_config(errors, spec, f"{path}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        condition = gate.get("conditionType") or ""
        add_invalid(errors, f"{path}.readinessGates[{index}].conditionType", condition, names.qualified_name(condition))
    if spec.get("topologySpreadConstraints"):
        check_topology_spread(errors, spec["topologySpreadConstraints"], f"{path}.topologySpreadConstraints")
    _check_spec_names(errors, spec, path)
    if spec.get("tolerations"):
        check_tolerations(errors, spec["tolerations"], f"{path}.tolerations")
    _check_rest(errors, spec, path)


def _check_spec_names(errors: Errors, spec: Json, path: str) -> None:
    for key, check in _SPEC_NAMES:
        value = spec.get(key)
        if value:
            messages = check(value)
            if messages:
                add_invalid(errors, f"{path}.{key}", value, messages)


_SPEC_NAMES = (
    ("serviceAccountName", names.dns1123_subdomain),
    ("nodeName", names.dns1123_subdomain),
    ("hostname", names.dns1123_label),
    ("subdomain", names.dns1123_label),
    ("priorityClassName", names.dns1123_subdomain),
    ("runtimeClassName", names.dns1123_subdomain),
)


def _check_rest(errors: Errors, spec: Json, path: str) -> None:
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= _MAX_INT32:
        text = names.in_range(1, _MAX_INT32)
        errors.append(FieldError.invalid(f"{path}.activeDeadlineSeconds", deadline, text))
    grace = spec.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0:
        text = "must be greater than or equal to 0"
        errors.append(FieldError.invalid(f"{path}.terminationGracePeriodSeconds", grace, text))
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        add_invalid(
            errors, f"{path}.hostAliases[{index}].ip", alias.get("ip") or "", names.ip_address(alias.get("ip") or "")
        )
        for host in alias.get("hostnames") or ():
            add_invalid(errors, f"{path}.hostAliases[{index}].hostnames", host, names.dns1123_subdomain(host))
    policy = spec.get("preemptionPolicy")
    if policy is not None:
        check_enum(errors, policy, ("PreemptLowerPriority", "Never"), f"{path}.preemptionPolicy")
    if spec.get("overhead"):
        check_resource_list(errors, spec["overhead"], f"{path}.overhead")
    _check_gates(errors, spec.get("schedulingGates") or (), f"{path}.schedulingGates")
    system = (spec.get("os") or {}).get("name")
    if system and system not in ("linux", "windows"):
        errors.append(FieldError.not_supported(f"{path}.os", system, ["linux", "windows"]))


def _check_gates(errors: Errors, gates: Any, path: str) -> None:
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name") or ""
        add_invalid(errors, f"{path}[{index}]", name, names.qualified_name(name))
        if name in seen:
            errors.append(FieldError.duplicate(f"{path}[{index}]", name))
        seen.add(name)


def _check_dns_config(errors: Errors, spec: Json, path: str) -> None:
    """validatePodDNSConfig."""
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            errors.append(FieldError.required(path, "must provide `dnsConfig` when `dnsPolicy` is None"))
            return
        if not config.get("nameservers"):
            text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            errors.append(FieldError.required(f"{path}.nameservers", text))
            return
    if not config:
        return
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    if len(servers) > 3:
        errors.append(FieldError.invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        add_invalid(errors, f"{path}.nameservers[{index}]", server, names.ip_address(server))
    if len(searches) > 32:
        errors.append(FieldError.invalid(f"{path}.searches", searches, "must not have more than 32 search paths"))
    if len(" ".join(searches)) > 2048:
        text = "must not have more than 2048 characters (including spaces) in the search list"
        errors.append(FieldError.invalid(f"{path}.searches", searches, text))
    for index, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            add_invalid(errors, f"{path}.searches[{index}]", domain, names.dns1123_subdomain(domain))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(FieldError.required(f"{path}.options[{index}]", "must not be empty"))


def check_template(errors: Errors, template: Json | None, path: str) -> None:
    """A template's labels, annotations and spec (ValidatePodTemplateSpec)."""
    if template is None:
        errors.append(FieldError.required(path, ""))
        return
    meta = template.get("metadata") or {}
    if meta.get("labels"):
        check_labels(errors, meta["labels"], f"{path}.labels")
    if meta.get("annotations"):
        from minik8s.apiserver.validation.meta import check_annotations

        check_annotations(errors, meta["annotations"], f"{path}.annotations")
    spec = template.get("spec") or {}
    check_pod_spec(errors, spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        text = "ephemeral containers not allowed in pod template"
        errors.append(FieldError.forbidden(f"{path}.spec.ephemeralContainers", text))


def validate_pod(pod: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, pod, True, names.dns1123_subdomain)
    _check_metadata_and_spec(errors, pod)
    spec = pod.get("spec") or {}
    if spec.get("ephemeralContainers"):
        errors.append(FieldError.forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        text = "cannot be set until all schedulingGates have been cleared"
        errors.append(FieldError.forbidden("spec.nodeName", text))
    return errors


def _check_metadata_and_spec(errors: Errors, pod: Json) -> None:
    spec = pod.get("spec") or {}
    check_pod_spec(errors, spec, "spec", (pod.get("metadata") or {}).get("name") or "")
    if spec.get("serviceAccountName"):
        return
    for index, volume in enumerate(spec.get("volumes") or ()):
        for position, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                where = f"spec.volumes[{index}].projected.sources[{position}].serviceAccountToken"
                errors.append(FieldError.forbidden(where, "must not be specified when serviceAccountName is not set"))


#: What an ordinary update of a pod's spec may change besides images, deadline and tolerations.
_UPDATE_TEXT = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(new: Json, old: Json) -> list[FieldError]:
    """Metadata freely; of the spec only images, a shorter deadline, more tolerations, fewer scheduling gates."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    if spec == before:
        return errors
    _check_metadata_and_spec(errors, new)
    for key in ("containers", "initContainers"):
        if len(spec.get(key) or ()) != len(before.get(key) or ()):
            errors.append(FieldError.forbidden(f"spec.{key}", "pod updates may not add or remove containers"))
            return errors
    if not _check_deadline(errors, spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")):
        return errors
    munged = {
        **spec,
        "tolerations": before.get("tolerations"),
        "activeDeadlineSeconds": before.get("activeDeadlineSeconds"),
    }
    for key in ("containers", "initContainers"):
        pairs = zip(spec.get(key) or (), before.get(key) or (), strict=True)
        munged[key] = [{**container, "image": other.get("image")} for container, other in pairs]
    _check_added_tolerations(errors, spec.get("tolerations") or [], before.get("tolerations") or [])
    _check_removed_gates(errors, munged, spec, before)
    changed = difference(munged, before)
    if changed:
        errors.append(FieldError.forbidden("spec", f"{_UPDATE_TEXT}\n{changed}"))
    return errors


def _check_deadline(errors: Errors, new: int | None, old: int | None) -> bool:
    path = "spec.activeDeadlineSeconds"
    if new is not None:
        if not 0 <= new <= _MAX_INT32:
            errors.append(FieldError.invalid(path, new, names.in_range(0, _MAX_INT32)))
            return False
        if old is not None and old < new:
            errors.append(FieldError.invalid(path, new, "must be less than or equal to previous value"))
            return False
    elif old is not None:
        errors.append(FieldError.invalid(path, None, "must not update from a positive integer to nil value"))
    return True


def _check_added_tolerations(errors: Errors, new: list[Json], old: list[Json]) -> None:
    def key(toleration: Json) -> Json:
        return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}

    present = [key(toleration) for toleration in new]
    if any(key(toleration) not in present for toleration in old):
        text = "existing toleration can not be modified except its tolerationSeconds"
        errors.append(FieldError.forbidden("spec.tolerations", text))


def _check_removed_gates(errors: Errors, munged: Json, spec: Json, before: Json) -> None:
    """Gates may only be taken away; while any is left, node selection may be tightened."""
    gates = {gate.get("name") for gate in spec.get("schedulingGates") or ()}
    old_gates = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    added = sorted(str(name) for name in gates - old_gates)
    if added:
        text = f"only deletion is allowed, but found new scheduling gates '{','.join(added)}'"
        errors.append(FieldError.forbidden("spec.schedulingGates", text))
    munged["schedulingGates"] = before.get("schedulingGates")
    if old_gates:
        for key in ("nodeSelector", "affinity"):
            munged[key] = before.get(key)


def validate_pod_status_update(new: Json, old: Json) -> list[FieldError]:
    """ValidatePodStatusUpdate."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    status, before = new.get("status") or {}, old.get("status") or {}
    for index, condition in enumerate(status.get("conditions") or ()):
        kind = condition.get("type") or ""
        add_invalid(errors, f"status.conditions[{index}].type", kind, names.qualified_name(kind))
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        add_invalid(errors, "status.nominatedNodeName", nominated, names.dns1123_subdomain(nominated))
    policy = (old.get("spec") or {}).get("restartPolicy")
    _check_transitions(errors, status, before, "containerStatuses", policy)
    _check_transitions(errors, status, before, "initContainerStatuses", policy)
    if status.get("podIPs") != before.get("podIPs"):
        _check_pod_ips(errors, status.get("podIPs") or [], "status.podIPs")
    return errors


def _check_transitions(errors: Errors, status: Json, before: Json, key: str, policy: str | None) -> None:
    """A container that has ended for good stays ended."""
    if policy == "Always":
        return
    now = {entry.get("name"): entry for entry in status.get(key) or ()}
    for index, entry in enumerate(before.get(key) or ()):
        terminated = (entry.get("state") or {}).get("terminated")
        if not terminated or (terminated.get("exitCode") and policy == "OnFailure"):
            continue
        current = now.get(entry.get("name"))
        if current is not None and not (current.get("state") or {}).get("terminated"):
            text = "may not be transitioned to non-terminated state"
            errors.append(FieldError.forbidden(f"status.{key}[{index}].state", text))


def _check_pod_ips(errors: Errors, pod_ips: list[Json], path: str) -> None:
    seen: set[str] = set()
    families: set[int] = set()
    for index, entry in enumerate(pod_ips):
        address = entry.get("ip") or ""
        messages = names.ip_address(address)
        add_invalid(errors, f"{path}[{index}]", address, messages)
        if address in seen:
            errors.append(FieldError.duplicate(f"{path}[{index}]", entry))
        seen.add(address)
        if not messages:
            families.add(ipaddress.ip_address(address).version)
    if len(pod_ips) > 1 and (len(families) != 2 or len(pod_ips) > 2):
        errors.append(FieldError.invalid(path, pod_ips, "may specify no more than one IP for each IP family"))


def validate_ephemeral_containers_update(new: Json, old: Json) -> list[FieldError]:
    """ValidatePodEphemeralContainersUpdate: only additions."""
    errors: Errors = []
    spec, path = new.get("spec") or {}, "spec.ephemeralContainers"
    volumes = {volume.get("name") or "": volume for volume in spec.get("volumes") or ()}
    check_ephemeral_containers(errors, spec, volumes, path)
    present = {container.get("name"): container for container in spec.get("ephemeralContainers") or ()}
    for container in (old.get("spec") or {}).get("ephemeralContainers") or ():
        name = container.get("name")
        if name not in present:
            text = f'existing ephemeral containers "{name}" may not be removed\n'
            errors.append(FieldError.forbidden(path, text))
        elif present[name] != container:
            text = f'existing ephemeral containers "{name}" may not be changed\n{difference(present[name], container)}'
            errors.append(FieldError.forbidden(path, text))
    return errors


POD = Validator(validate_pod, validate_pod_update, validate_pod_status_update)
