"""LimitRanger: default requests and limits, and bounds on them, per namespace.

Mirrors `plugin/pkg/admission/limitranger/admission.go`. Only creates of pods, and creates and updates of claims.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.field_errors import aggregate
from minik8s.api.quantity import Quantity
from minik8s.api.status import Forbidden
from minik8s.apiserver.admission.base import CREATE, UPDATE, AdmissionPlugin, Attributes
from minik8s.apiserver.admission.kinds import kind_of
from minik8s.apiserver.validation.resources import parse

Json = dict[str, Any]

ANNOTATION = "kubernetes.io/limit-ranger"


class LimitRanger(AdmissionPlugin):
    resources = frozenset({"pods", "persistentvolumeclaims"})
    operations = frozenset({CREATE, UPDATE})

    async def mutate(self, attrs: Attributes) -> None:
        if attrs.obj is None or attrs.operation != CREATE or attrs.resource != "pods":
            return
        for limit_range in await self.registry.list(kind_of("LimitRange"), attrs.namespace):
            fill_in(attrs.obj, limit_range)

    async def validate(self, attrs: Attributes) -> None:
        if attrs.obj is None or (attrs.resource == "pods" and attrs.operation == UPDATE):
            return
        for limit_range in await self.registry.list(kind_of("LimitRange"), attrs.namespace):
            problems = (
                check_pod(attrs.obj, limit_range) if attrs.resource == "pods" else check_claim(attrs.obj, limit_range)
            )
            if problems:
                raise Forbidden.of(attrs.resource, attrs.name, aggregate(problems))


def fill_in(pod: Json, limit_range: Json) -> None:
    """Add the container defaults, and say in an annotation which."""
    limits: Json = {}
    requests: Json = {}
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            requests.update(item.get("defaultRequest") or {})
            limits.update(item.get("default") or {})
    said: list[str] = []
    spec = pod.get("spec") or {}
    for group, word in (("containers", "container"), ("initContainers", "init container")):
        for container in spec.get(group) or ():
            resources = container.setdefault("resources", {})
            for key, defaults, noun in (("requests", requests, "request"), ("limits", limits, "limit")):
                present = resources.get(key) or {}
                added = sorted(name for name in defaults if name not in present)
                if added:
                    resources[key] = {**present, **{name: defaults[name] for name in added}}
                    said.append(f"{', '.join(added)} {noun} for {word} {container.get('name')}")
    if said:
        annotations = pod.setdefault("metadata", {}).setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(said)


def check_claim(claim: Json, limit_range: Json) -> list[str]:
    problems: list[str | None] = []
    requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        kind = item.get("type")
        if kind == "PersistentVolumeClaim":
            for name, bound in (item.get("min") or {}).items():
                problems.append(check_min(kind, name, bound, requests, {}))
            for name, bound in (item.get("max") or {}).items():
                problems.append(_check_max_request(kind, name, bound, requests))
    return [problem for problem in problems if problem]


def check_pod(pod: Json, limit_range: Json) -> list[str]:
    problems: list[str | None] = []
    spec = pod.get("spec") or {}
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        kind = item.get("type")
        if kind == "Container":
            for group in ("containers", "initContainers"):
                for container in spec.get(group) or ():
                    resources = container.get("resources") or {}
                    problems += _check_item(item, kind, resources.get("requests") or {}, resources.get("limits") or {})
        elif kind == "Pod":
            problems += _check_item(item, kind, pod_total(spec, "requests"), pod_total(spec, "limits"))
    return [problem for problem in problems if problem]


def _check_item(item: Json, kind: str, requests: Json, limits: Json) -> list[str | None]:
    found: list[str | None] = []
    found += [check_min(kind, name, bound, requests, limits) for name, bound in (item.get("min") or {}).items()]
    found += [check_max(kind, name, bound, requests, limits) for name, bound in (item.get("max") or {}).items()]
    ratios = item.get("maxLimitRequestRatio") or {}
    found += [check_ratio(kind, name, bound, requests, limits) for name, bound in ratios.items()]
    return found


def pod_total(spec: Json, key: str) -> Json:
    """What all containers together ask for, or one init container if more; only what every container names."""
    lists = [(container.get("resources") or {}).get(key) or {} for container in spec.get("containers") or ()]
    shared = set(lists[0]).intersection(*lists[1:]) if lists else set()
    total = {name: sum((parse(one[name]) for one in lists[1:]), parse(lists[0][name])) for name in shared}
    for container in spec.get("initContainers") or ():
        for name, text in ((container.get("resources") or {}).get(key) or {}).items():
            if name not in total or parse(text) > total[name]:
                total[name] = parse(text)
    return {name: str(amount) for name, amount in total.items()}


def check_min(kind: str, name: str, bound: str, requests: Json, limits: Json) -> str | None:
    head = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        return f"{head}.  No request is specified"
    if parse(requests[name]) < parse(bound):
        return f"{head}, but request is {requests[name]}"
    if name in limits and parse(limits[name]) < parse(bound):
        return f"{head}, but limit is {limits[name]}"
    return None


def check_max(kind: str, name: str, bound: str, requests: Json, limits: Json) -> str | None:
    head = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        return f"{head}.  No limit is specified"
    if parse(limits[name]) > parse(bound):
        return f"{head}, but limit is {limits[name]}"
    if name in requests and parse(requests[name]) > parse(bound):
        return f"{head}, but request is {requests[name]}"
    return None


def _check_max_request(kind: str, name: str, bound: str, requests: Json) -> str | None:
    head = f"maximum {name} usage per {kind} is {bound}"
    if name not in requests:
        return f"{head}.  No request is specified"
    return f"{head}, but request is {requests[name]}" if parse(requests[name]) > parse(bound) else None


def check_ratio(kind: str, name: str, bound: str, requests: Json, limits: Json) -> str | None:
    head = f"{name} max limit to request ratio per {kind} is {bound}"
    request, limit = _value(requests, name), _value(limits, name)
    if not request:
        return f"{head}, but no request is specified or request is 0"
    if not limit:
        return f"{head}, but no limit is specified or limit is 0"
    ratio = limit / request
    return f"{head}, but provided ratio is {ratio:f}" if ratio * 1000 > parse(bound).milli_value() else None


def _value(resources: Json, name: str) -> int:
    amount: Quantity | None = parse(resources[name]) if name in resources else None
    return amount.milli_value() if amount is not None else 0
