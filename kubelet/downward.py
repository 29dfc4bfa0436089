"""What a container may ask about its own pod: fieldRef and resourceFieldRef, for env and for downwardAPI volumes.

Mirrors upstream pkg/fieldpath/fieldpath.go, pkg/api/v1/resource/helpers.go and podFieldSelectorRuntimeValue of
pkg/kubelet/kubelet_pods.go. Pure: everything that a field can mean comes in through `PodFacts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.api.quantity import Quantity

_SUBSCRIPT = re.compile(r"^(.*)\['(.*)'\]$")


class FieldError(ValueError):
    """A field path or a resource name that the downward API does not serve."""


@dataclass(frozen=True)
class PodFacts:
    """What is known about a running pod beyond its spec."""

    pod: core.Pod
    node_name: str = ""
    host_ip: str = ""
    host_ips: tuple[str, ...] = ()
    pod_ips: tuple[str, ...] = ()
    #: the node's allocatable, the default of limits that a container does not set
    allocatable: dict[str, str] = field(default_factory=dict)

    @property
    def pod_ip(self) -> str:
        return self.pod_ips[0] if self.pod_ips else ""


def field_value(path: str, facts: PodFacts) -> str:
    """The text of one field, as upstream writes it."""
    meta = facts.pod.metadata
    subscript = _SUBSCRIPT.match(path)
    if subscript:
        base, key = subscript.groups()
        if base == "metadata.labels":
            return meta.labels.get(key, "")
        if base == "metadata.annotations":
            return meta.annotations.get(key, "")
        raise FieldError(f"fieldPath {path!r} does not support subscript")
    values = {
        "metadata.name": lambda: meta.name or "",
        "metadata.namespace": lambda: meta.namespace or "",
        "metadata.uid": lambda: meta.uid or "",
        "metadata.labels": lambda: format_map(meta.labels),
        "metadata.annotations": lambda: format_map(meta.annotations),
        "spec.nodeName": lambda: facts.pod.spec.node_name or facts.node_name,
        "spec.serviceAccountName": lambda: facts.pod.spec.service_account_name or "",
        "status.hostIP": lambda: facts.host_ip,
        "status.hostIPs": lambda: ",".join(facts.host_ips or ((facts.host_ip,) if facts.host_ip else ())),
        "status.podIP": lambda: facts.pod_ip,
        "status.podIPs": lambda: ",".join(facts.pod_ips),
    }
    if path not in values:
        raise FieldError(f"unsupported fieldPath: {path}")
    return values[path]()


def format_map(values: dict[str, str]) -> str:
    """`key="value"` lines in key order; the value is quoted as Go's %q does, so that newlines stay on one line."""
    return "\n".join(f"{key}={_quote(values[key])}" for key in sorted(values))


_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
}


def _quote(text: str) -> str:
    out = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        else:
            code = ord(char)
            out.append(f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(out) + '"'


_DEFAULT_FROM_NODE = {"limits.cpu", "limits.memory", "limits.ephemeral-storage"}


def resource_value(resource: str, divisor: str | None, container: core.Container, facts: PodFacts) -> str:
    """A request or limit of `container`, divided (rounded up) by `divisor`."""
    kind, _, name = resource.partition(".")
    if kind not in ("limits", "requests") or not name:
        raise FieldError(f"unsupported container resource : {resource}")
    resources = container.resources
    limits = dict(resources.limits) if resources else {}
    requests = dict(resources.requests) if resources else {}
    if resource in _DEFAULT_FROM_NODE and name not in limits and name in facts.allocatable:
        limits[name] = facts.allocatable[name]
    # a request that is not written down equals the limit, as the API server defaults it
    table = limits if kind == "limits" else {**limits, **requests} if resources else {}
    amount = Quantity.parse(table[name]) if name in table else Quantity.parse("0")
    by = Quantity.parse(divisor or "1")
    if by.milli_value() == 0:
        by = Quantity.parse("1")
    if name == "cpu":
        return str(-(-amount.milli_value() // max(1, by.milli_value())))
    return str(-(-amount.value() // max(1, by.value())))
