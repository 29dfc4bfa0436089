"""A pod's quality of service class, from its containers' requests and limits.

Mirrors `pkg/apis/core/v1/helper/qos/qos.go`: Guaranteed when every container limits cpu and memory and requests
exactly that, BestEffort when none asks for either, Burstable otherwise.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.validation.resources import parse

Json = dict[str, Any]

_COMPUTE = ("cpu", "memory")


def qos_class(spec: Json) -> str:
    guaranteed, asked = True, False
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or ():
            resources = container.get("resources") or {}
            requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
            for name in _COMPUTE:
                request, limit = _amount(requests, name), _amount(limits, name)
                asked = asked or request is not None or limit is not None
                guaranteed = guaranteed and limit is not None and (request is None or request == limit)
    if not asked:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _amount(resources: Json, name: str) -> Any:
    """A positive quantity, or None: zero counts as not asked for."""
    text = resources.get(name)
    if text is None or text == "0":
        return None
    amount = parse(text)
    return None if amount.is_zero() else amount
