"""What upstream warns of in pods and templates (`pkg/api/pod/warnings.go`): accepted, but likely a mistake."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_DEPRECATED_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_DEPRECATED_ANNOTATIONS = {
    "seccomp.security.alpha.kubernetes.io/pod": 'non-functional in v1.27+; use the "seccompProfile" field instead',
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
}


def pod_warnings(meta: Json, spec: Json, path: str) -> list[str]:
    found: list[str] = []
    for key in spec.get("nodeSelector") or ():
        if key in _DEPRECATED_NODE_LABELS:
            found.append(f"{path}.nodeSelector[{key}]: {_DEPRECATED_NODE_LABELS[key]}")
    for key, text in _DEPRECATED_ANNOTATIONS.items():
        if key in (meta.get("annotations") or ()):
            found.append(f"metadata.annotations[{key}]: {text}")
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        found.append(
            f"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        )
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            _container_warnings(found, container, f"{path}.{group}[{index}]")
    _port_warnings(found, spec, path)
    for index, volume in enumerate(spec.get("volumes") or ()):
        if volume.get("gitRepo"):
            found.append(f"{path}.volumes[{index}].gitRepo: deprecated in v1.11")
    return found


def _container_warnings(found: list[str], container: Json, path: str) -> None:
    seen: dict[str, Any] = {}
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        # A later definition may use an earlier one: only plain repetition hides something.
        if name in seen and f"$({name})" not in (variable.get("value") or ""):
            found.append(
                f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
            )
        seen[name] = variable
    resources = container.get("resources") or {}
    for group in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            value = (resources.get(group) or {}).get(name) or ""
            if value.endswith("m"):
                found.append(
                    f'{path}.resources.{group}[{name}]: fractional byte value "{value}" is invalid, must be an integer'
                )


def _port_warnings(found: list[str], spec: Json, path: str) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for index, container in enumerate(spec.get("containers") or ()):
        for position, port in enumerate(container.get("ports") or ()):
            key = (port.get("containerPort"), port.get("protocol"), port.get("hostIP"), port.get("hostPort"))
            here = f"{path}.containers[{index}].ports[{position}]"
            if key in seen:
                found.append(f"{here}: duplicate port definition with {seen[key]}")
            else:
                seen[key] = here
