"""Security contexts of pods and containers, and sysctls. Windows options are not checked."""

from __future__ import annotations

import re
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation.meta import Errors
from minik8s.apiserver.validation.names import in_range

Json = dict[str, Any]

_MAX_ID = 2**31 - 1
_SYSCTL = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_sysctl_re = re.compile(_SYSCTL)
_PROFILE_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"]


def _check_id(errors: Errors, value: int | None, path: str) -> None:
    if value is not None and not 0 <= value <= _MAX_ID:
        errors.append(FieldError.invalid(path, value, in_range(0, _MAX_ID)))


def check_pod_security_context(errors: Errors, context: Json, spec: Json, path: str) -> None:
    """ValidatePodSecurityContext (host namespaces live on the spec in the wire form)."""
    for key in ("fsGroup", "runAsUser", "runAsGroup"):
        _check_id(errors, context.get(key), f"{path}.{key}")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        _check_id(errors, group, f"{path}.supplementalGroups[{index}]")
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in ("Always", "OnRootMismatch"):
        errors.append(FieldError.not_supported(f"{path}.fsGroupChangePolicy", policy, ["Always", "OnRootMismatch"]))
    policy = context.get("supplementalGroupsPolicy")
    if policy is not None and policy not in ("Merge", "Strict"):
        errors.append(FieldError.not_supported(f"{path}.supplementalGroupsPolicy", policy, ["Merge", "Strict"]))
    if context.get("sysctls"):
        _check_sysctls(errors, context["sysctls"], spec, f"{path}.sysctls")
    _check_profiles(errors, context, path)


def check_host_namespaces(errors: Errors, spec: Json, path: str) -> None:
    """Rules between hostNetwork, hostPID, hostUsers and the containers."""
    if spec.get("hostNetwork"):
        for index, container in enumerate(spec.get("containers") or ()):
            for position, port in enumerate(container.get("ports") or ()):
                if port.get("hostPort") and port["hostPort"] != port.get("containerPort"):
                    where = f"{path}.containers[{index}].ports[{position}].containerPort"
                    text = "must match `hostPort` when `hostNetwork` is true"
                    errors.append(FieldError.invalid(where, port.get("containerPort"), text))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(FieldError.invalid(f"{path}.securityContext.shareProcessNamespace", True, text))
    if spec.get("hostUsers") is False:
        for key in ("hostPID", "hostIPC", "hostNetwork"):
            if spec.get(key):
                errors.append(FieldError.forbidden(f"{path}.{key}", "when `hostUsers` is false"))


def _check_sysctls(errors: Errors, sysctls: list[Json], spec: Json, path: str) -> None:
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name, here = sysctl.get("name") or "", f"{path}[{index}].name"
        if not name:
            errors.append(FieldError.required(here, ""))
        elif len(name) > 253 or not _sysctl_re.fullmatch(name):
            errors.append(FieldError.invalid(here, name, f"must have at most 253 characters and match regex {_SYSCTL}"))
        elif name in seen:
            errors.append(FieldError.duplicate(here, name))
        elif spec.get("hostNetwork") and name.replace("/", ".").startswith("net."):
            text = "may not be specified when 'hostNetwork' is true"
            errors.append(FieldError.invalid(here, name, text))
        seen.add(name)


def check_security_context(errors: Errors, context: Json, path: str) -> None:
    """ValidateSecurityContext; privileged containers are allowed, as kubeadm and kind configure upstream."""
    _check_id(errors, context.get("runAsUser"), f"{path}.runAsUser")
    _check_id(errors, context.get("runAsGroup"), f"{path}.runAsGroup")
    mount = context.get("procMount")
    if mount is not None and mount not in ("Default", "Unmasked"):
        errors.append(FieldError.not_supported(f"{path}.procMount", mount, ["Default", "Unmasked"]))
    _check_profiles(errors, context, path)
    if context.get("allowPrivilegeEscalation") is False:
        what = "cannot set `allowPrivilegeEscalation` to false and "
        if context.get("privileged"):
            errors.append(FieldError.invalid(path, context, what + "`privileged` to true"))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            errors.append(FieldError.invalid(path, context, what + "`capabilities.Add` CAP_SYS_ADMIN"))


def _check_profiles(errors: Errors, context: Json, path: str) -> None:
    for key, word in (("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")):
        profile = context.get(key)
        if profile is not None:
            _check_profile(errors, profile, word, f"{path}.{key}")


def _check_profile(errors: Errors, profile: Json, word: str, path: str) -> None:
    kind, local = profile.get("type"), profile.get("localhostProfile")
    if not kind:
        key = "seccompProfile" if word == "seccomp" else "appArmorProfile"
        errors.append(FieldError.required(f"{path}.type", f"type is required when {key} is set"))
    elif kind not in _PROFILE_TYPES:
        errors.append(FieldError.not_supported(f"{path}.type", kind, _PROFILE_TYPES))
    if kind == "Localhost":
        if local is None:
            text = f"must be set when {word} type is Localhost"
            errors.append(FieldError.required(f"{path}.localhostProfile", text))
    elif local is not None:
        text = f"can only be set when {word} type is Localhost"
        errors.append(FieldError.invalid(f"{path}.localhostProfile", local, text))
