"""May a remote be asked? Service, port, endpoints, and an answer to discovery, in this order.

Mirrors kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go, with its reasons and messages. The
checks of cached objects are pure; the discovery check is handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minik8s.apiserver.aggregation.remote import Remote
from minik8s.apiserver.webhooks.services import ready_addresses

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The Available condition, without its time."""

    available: bool
    reason: str
    message: str

    def to_condition(self, now: str) -> JsonObject:
        status = "True" if self.available else "False"
        return {
            "type": "Available", "status": status, "lastTransitionTime": now,
            "reason": self.reason, "message": self.message,
        }  # fmt: skip


PASSED = Verdict(True, "Passed", "all checks passed")
LOCAL = Verdict(True, "Local", "Local APIServices are always available")


def check_service(remote: Remote, service: JsonObject | None, slices: Sequence[JsonObject]) -> Verdict | None:
    """What the Service and its endpoints say against the remote; None: nothing."""
    where = f'service/{remote.service} in "{remote.namespace}"'
    if service is None:
        return Verdict(False, "ServiceNotFound", f"{where} is not present")
    if service["spec"].get("type", "ClusterIP") != "ClusterIP":
        return None
    port = next((p for p in service["spec"].get("ports") or [] if p["port"] == remote.port), None)
    if port is None:
        return Verdict(False, "ServicePortError", f"{where} is not listening on port {remote.port}")
    if not slices:
        return Verdict(False, "EndpointsNotFound", f"cannot find endpoints for {where}")
    name = port.get("name") or ""
    if not ready_addresses(list(slices), name):
        text = f'endpoints for {where} have no addresses with port name "{name}"'
        return Verdict(False, "MissingEndpoints", text)
    return None


def failed_discovery(url: str, why: str) -> Verdict:
    return Verdict(False, "FailedDiscoveryCheck", f"failing or missing response from {url}: {why}")


def with_condition(obj: JsonObject, verdict: Verdict, now: str) -> JsonObject | None:
    """The APIService with the verdict in its status; None where it says so already."""
    conditions = list((obj.get("status") or {}).get("conditions") or [])
    new = verdict.to_condition(now)
    for index, old in enumerate(conditions):
        if old.get("type") != "Available":
            continue
        if all(old.get(key) == new[key] for key in ("status", "reason", "message")):
            return None
        if old.get("status") == new["status"]:
            new["lastTransitionTime"] = old.get("lastTransitionTime") or now
        conditions[index] = new
        break
    else:
        conditions.append(new)
    return obj | {"status": {**(obj.get("status") or {}), "conditions": conditions}}
