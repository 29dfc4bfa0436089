"""Containers of all three sorts: names, images, ports, probes, lifecycle hooks and all they hold.

Mirrors validateContainers, validateInitContainers and validateEphemeralContainers with the rules for restartable init
containers (sidecars) of 1.29+.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.env import check_env, check_env_from
from minik8s.apiserver.validation.meta import Errors, add_invalid, check_enum, check_non_negative
from minik8s.apiserver.validation.resources import check_requirements
from minik8s.apiserver.validation.security import check_security_context
from minik8s.apiserver.validation.volumes import check_devices, check_mounts

Json = dict[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")
_PROBE_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_EPHEMERAL_FORBIDDEN = (
    "ports", "resources", "resizePolicy", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
    "volumeDevices", "restartPolicy",
)  # fmt: skip


def check_containers(errors: Errors, containers: list[Json], volumes: dict[str, Json], grace: int, path: str) -> None:
    """The ordinary containers; at least one."""
    if not containers:
        errors.append(FieldError.required(path, ""))
        return
    seen: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        name = container.get("name") or ""
        check_common(errors, container, volumes, here)
        if name in seen:
            errors.append(FieldError.duplicate(f"{here}.name", name))
        seen.add(name)
        _check_probes(errors, container, grace, here)
        if container.get("restartPolicy"):
            errors.append(FieldError.forbidden(f"{here}.restartPolicy", "may not be set for non-init containers"))
    check_host_port_conflicts(errors, containers, path)


def check_init_containers(errors: Errors, spec: Json, volumes: dict[str, Json], grace: int, path: str) -> None:
    """Init containers; those with restartPolicy Always are sidecars and may have probes and hooks."""
    seen = {container.get("name") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = f"{path}[{index}]"
        name, policy = container.get("name") or "", container.get("restartPolicy")
        check_common(errors, container, volumes, here)
        if name in seen:
            errors.append(FieldError.duplicate(f"{here}.name", name))
        elif name:
            seen.add(name)
        if policy and policy != "Always":
            errors.append(FieldError.not_supported(f"{here}.restartPolicy", policy, ["Always"]))
        if policy == "Always":
            _check_probes(errors, container, grace, here)
        else:
            for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
                if container.get(key) is not None:
                    text = "may not be set for init containers without restartPolicy=Always"
                    errors.append(FieldError.forbidden(f"{here}.{key}", text))
        check_host_port_conflicts(errors, [container], path)


def check_ephemeral_containers(errors: Errors, spec: Json, volumes: dict[str, Json], path: str) -> None:
    """Debug containers: no ports, probes or resources of their own."""
    seen = {c.get("name") for key in ("containers", "initContainers") for c in spec.get(key) or ()}
    others = set(seen)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        here = f"{path}[{index}]"
        name, target = container.get("name") or "", container.get("targetContainerName")
        check_common(errors, container, volumes, here)
        if target and target not in others:
            errors.append(FieldError.not_found(f"{here}.targetContainerName", target))
        if name in seen:
            errors.append(FieldError.duplicate(f"{here}.name", name))
        elif name:
            seen.add(name)
        for key in _EPHEMERAL_FORBIDDEN:
            if container.get(key):
                errors.append(FieldError.forbidden(f"{here}.{key}", "cannot be set for an Ephemeral Container"))
        for position, mount in enumerate(container.get("volumeMounts") or ()):
            for key in ("subPath", "subPathExpr"):
                if mount.get(key):
                    where = f"{here}.volumeMounts[{position}].{key}"
                    errors.append(FieldError.forbidden(where, "cannot be set for an Ephemeral Container"))


def check_common(errors: Errors, container: Json, volumes: dict[str, Json], path: str) -> None:
    """validateContainerCommon."""
    name, image = container.get("name"), container.get("image") or ""
    if not name:
        errors.append(FieldError.required(f"{path}.name", ""))
    else:
        messages = names.dns1123_label(name)
        if messages:
            add_invalid(errors, f"{path}.name", name, messages)
    if not image:
        errors.append(FieldError.required(f"{path}.image", ""))
    elif image != image.strip():
        text = "must not have leading or trailing whitespace"
        errors.append(FieldError.invalid(f"{path}.image", image, text))
    _check_message_policy(errors, container.get("terminationMessagePolicy"), f"{path}.terminationMessagePolicy")
    if container.get("ports"):
        check_ports(errors, container["ports"], f"{path}.ports")
    if container.get("env"):
        check_env(errors, container["env"], f"{path}.env")
    if container.get("envFrom"):
        check_env_from(errors, container["envFrom"], f"{path}.envFrom")
    if container.get("volumeMounts"):
        check_mounts(errors, container, volumes, f"{path}.volumeMounts")
    if container.get("volumeDevices"):
        check_devices(errors, container, volumes, f"{path}.volumeDevices")
    check_enum(errors, container.get("imagePullPolicy"), ("Always", "IfNotPresent", "Never"), f"{path}.imagePullPolicy")
    if container.get("resources"):
        check_requirements(errors, container["resources"], f"{path}.resources")
    if container.get("securityContext"):
        check_security_context(errors, container["securityContext"], f"{path}.securityContext")


def _check_message_policy(errors: Errors, policy: str | None, path: str) -> None:
    if policy in ("File", "FallbackToLogsOnError"):
        return
    text = "must be 'File' or 'FallbackToLogsOnError'"
    errors.append(FieldError.invalid(path, policy, text) if policy else FieldError.required(path, text))


def check_ports(errors: Errors, ports: list[Json], path: str) -> None:
    """validateContainerPorts."""
    seen: set[str] = set()
    for index, port in enumerate(ports):
        here, name = f"{path}[{index}]", port.get("name")
        if name:
            messages = names.port_name(name)
            if messages:
                add_invalid(errors, f"{here}.name", name, messages)
            elif name in seen:
                errors.append(FieldError.duplicate(f"{here}.name", name))
            else:
                seen.add(name)
        number = port.get("containerPort")
        if not number:
            errors.append(FieldError.required(f"{here}.containerPort", ""))
        elif not 1 <= number <= 65535:
            errors.append(FieldError.invalid(f"{here}.containerPort", number, names.in_range(1, 65535)))
        host_port = port.get("hostPort")
        if host_port and not 1 <= host_port <= 65535:
            errors.append(FieldError.invalid(f"{here}.hostPort", host_port, names.in_range(1, 65535)))
        check_enum(errors, port.get("protocol"), PROTOCOLS, f"{here}.protocol")


def check_host_port_conflicts(errors: Errors, containers: list[Json], path: str) -> None:
    """One (protocol, host IP, port) may be asked for once."""
    seen: set[str] = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                key = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{port['hostPort']}"
                if key in seen:
                    errors.append(FieldError.duplicate(f"{path}[{index}].ports[{position}].hostPort", key))
                seen.add(key)


def _check_probes(errors: Errors, container: Json, grace: int, path: str) -> None:
    lifecycle = container.get("lifecycle")
    if lifecycle:
        for key in ("postStart", "preStop"):
            if lifecycle.get(key) is not None:
                check_handler(errors, lifecycle[key], f"{path}.lifecycle.{key}", grace)
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(key)
        if probe is None:
            continue
        check_probe(errors, probe, f"{path}.{key}")
        if key == "readinessProbe":
            if probe.get("terminationGracePeriodSeconds") is not None:
                text = "must not be set for readinessProbes"
                value = probe["terminationGracePeriodSeconds"]
                errors.append(FieldError.invalid(f"{path}.{key}.terminationGracePeriodSeconds", value, text))
        elif probe.get("successThreshold") != 1:
            errors.append(
                FieldError.invalid(f"{path}.{key}.successThreshold", probe.get("successThreshold"), "must be 1")
            )


def check_probe(errors: Errors, probe: Json, path: str) -> None:
    check_handler(errors, probe, path)
    for key in _PROBE_COUNTS:
        check_non_negative(errors, probe.get(key), f"{path}.{key}")
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        errors.append(FieldError.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0"))


def check_handler(errors: Errors, handler: Json, path: str, grace: int = 0) -> None:
    """Exactly one of exec, httpGet, tcpSocket, grpc (sleep for hooks)."""
    count = 0
    for key, check in _HANDLERS.items():
        action = handler.get(key)
        if action is None:
            continue
        if count:
            errors.append(FieldError.forbidden(f"{path}.{key}", "may not specify more than 1 handler type"))
        else:
            check(errors, action, f"{path}.{key}")
            if key == "sleep" and (action.get("seconds") or 0) > grace:
                text = (
                    f"must be greater than 0 and less than terminationGracePeriodSeconds ({grace}). "
                    "Enable AllowZeroSleep feature gate for zero sleep."
                )
                errors.append(FieldError.invalid(f"{path}.{key}", action.get("seconds"), text))
        count += 1
    if not count:
        errors.append(FieldError.required(path, "must specify a handler type"))


def _exec(errors: Errors, action: Json, path: str) -> None:
    if not action.get("command"):
        errors.append(FieldError.required(f"{path}.command", ""))


def _http_get(errors: Errors, action: Json, path: str) -> None:
    if not action.get("path"):
        errors.append(FieldError.required(f"{path}.path", ""))
    check_port_or_name(errors, action.get("port"), f"{path}.port")
    if action.get("scheme") not in ("HTTP", "HTTPS"):
        errors.append(FieldError.not_supported(f"{path}.scheme", action.get("scheme") or "", ["HTTP", "HTTPS"]))
    for header in action.get("httpHeaders") or ():
        add_invalid(
            errors, f"{path}.httpHeaders", header.get("name") or "", names.http_header(header.get("name") or "")
        )


def _tcp_socket(errors: Errors, action: Json, path: str) -> None:
    check_port_or_name(errors, action.get("port"), f"{path}.port")


def _grpc(errors: Errors, action: Json, path: str) -> None:
    check_port_or_name(errors, action.get("port"), f"{path}.port")


def _sleep(errors: Errors, action: Json, path: str) -> None:
    check_non_negative(errors, action.get("seconds"), f"{path}.seconds")


_HANDLERS = {"exec": _exec, "httpGet": _http_get, "tcpSocket": _tcp_socket, "grpc": _grpc, "sleep": _sleep}


def check_port_or_name(errors: Errors, port: int | str | None, path: str) -> None:
    """ValidatePortNumOrName of an IntOrString."""
    if isinstance(port, str):
        add_invalid(errors, path, port, names.port_name(port))
    else:
        add_invalid(errors, path, port or 0, names.port_number(port or 0))
