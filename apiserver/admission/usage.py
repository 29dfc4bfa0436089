"""What an object counts for in a quota: pods by requests and limits, services and claims by sort, the rest by number.

Mirrors `pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go` and its scopes. Pure functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minik8s.api.quantity import Quantity
from minik8s.apiserver.admission.base import CREATE
from minik8s.apiserver.validation.resources import is_extended, is_hugepages, parse

Json = dict[str, Any]
Usage = dict[str, Quantity]

_ONE = Quantity.of(1)
#: Old names of object counts: quota key by resource.
_COUNT_NAMES = {key: key for key in ("configmaps", "resourcequotas", "replicationcontrollers", "secrets")}
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
#: Quota keys that oblige every container to name the resource.
_OBLIGING = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def evaluator_for(resource: str, operation: str) -> Callable[[Json], Usage] | None:
    """The usage function of a resource for an operation; None: this write counts for nothing."""
    if resource == "pods":
        return pod_usage if operation == CREATE else None
    if resource == "services":
        return service_usage
    if resource == "persistentvolumeclaims":
        return claim_usage
    return partial(count_usage, resource) if operation == CREATE else None


def count_usage(resource: str, obj: Json) -> Usage:
    usage = {f"count/{resource}": _ONE}
    if resource in _COUNT_NAMES:
        usage[_COUNT_NAMES[resource]] = _ONE
    return usage


def pod_usage(pod: Json) -> Usage:
    """Counts, requests and limits; a pod that has ended uses only its place in count/pods."""
    usage: Usage = {"count/pods": _ONE}
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    if status.get("phase") in ("Failed", "Succeeded"):
        return usage
    usage["pods"] = _ONE
    requests, limits = total(spec, "requests"), total(spec, "limits")
    for name, amount in requests.items():
        if name in _COMPUTE or is_hugepages(name):
            usage[name] = usage[f"requests.{name}"] = amount
        elif is_extended(name):
            usage[f"requests.{name}"] = amount
    for name, amount in limits.items():
        if name in _COMPUTE:
            usage[f"limits.{name}"] = amount
    return usage


def total(spec: Json, key: str) -> Usage:
    """Sum of containers and sidecars, or the largest init step, plus overhead."""
    result: Usage = {}
    for container in spec.get("containers") or ():
        _add(result, (container.get("resources") or {}).get(key) or {})
    sidecars: Usage = {}
    largest: Usage = {}
    for container in spec.get("initContainers") or ():
        own = (container.get("resources") or {}).get(key) or {}
        if container.get("restartPolicy") == "Always":
            _add(sidecars, own)
            _add(result, own)
            step = dict(sidecars)
        else:
            step = dict(sidecars)
            _add(step, own)
        _raise(largest, step)
    _raise(result, largest)
    _add(
        result,
        {name: text for name, text in (spec.get("overhead") or {}).items() if key == "requests" or name in result},
    )
    return result


def _add(usage: Usage, resources: Json) -> None:
    for name, text in resources.items():
        usage[name] = usage[name] + parse(text) if name in usage else parse(text)


def _raise(usage: Usage, other: Usage) -> None:
    for name, amount in other.items():
        if name not in usage or amount > usage[name]:
            usage[name] = amount


def service_usage(service: Json) -> Usage:
    usage = {"count/services": _ONE, "services": _ONE}
    spec = service.get("spec") or {}
    ports = spec.get("ports") or ()
    if spec.get("type") == "NodePort":
        usage["services.nodeports"] = Quantity.of(len(ports))
    elif spec.get("type") == "LoadBalancer":
        usage["services.loadbalancers"] = _ONE
        node_ports = len(ports)
        if spec.get("allocateLoadBalancerNodePorts") is False:
            node_ports = sum(1 for port in ports if port.get("nodePort"))
        usage["services.nodeports"] = Quantity.of(node_ports)
    return usage


def claim_usage(claim: Json) -> Usage:
    usage = {"count/persistentvolumeclaims": _ONE, "persistentvolumeclaims": _ONE}
    spec = claim.get("spec") or {}
    storage_class = spec.get("storageClassName") or ""
    prefix = f"{storage_class}.storageclass.storage.k8s.io/"
    if storage_class:
        usage[f"{prefix}persistentvolumeclaims"] = _ONE
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage:
        usage["requests.storage"] = parse(storage)
        if storage_class:
            usage[f"{prefix}requests.storage"] = parse(storage)
    return usage


def missing_requests(pod: Json, hard: Json) -> str:
    """`limits.cpu for: app; requests.memory for: app,side`: what each container must name under this quota."""
    missing: dict[str, list[str]] = {}
    spec = pod.get("spec") or {}
    for group in ("containers", "initContainers"):
        for container in spec.get(group) or ():
            resources = container.get("resources") or {}
            for key in _OBLIGING:
                if key not in hard:
                    continue
                kind, _, name = key.rpartition(".")
                if name not in (resources.get(kind or "requests") or {}):
                    missing.setdefault(key, []).append(container.get("name") or "")
    return "; ".join(f"{key} for: {','.join(names)}" for key, names in sorted(missing.items()))


def quota_matches(quota: Json, resource: str, obj: Json) -> bool:
    """Whether the object is in every scope of the quota; scopes are about pods."""
    spec = quota.get("spec") or {}
    selectors = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    selectors += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    if not selectors:
        return True
    return resource == "pods" and all(_in_scope(selector, obj) for selector in selectors)


def _in_scope(selector: Json, pod: Json) -> bool:
    spec, scope = pod.get("spec") or {}, selector.get("scopeName")
    terminating = int(spec.get("activeDeadlineSeconds") or -1) >= 0
    if scope == "Terminating":
        return terminating
    if scope == "NotTerminating":
        return not terminating
    if scope in ("BestEffort", "NotBestEffort"):
        from minik8s.apiserver.registry.strategies.qos import qos_class

        return bool((qos_class(spec) == "BestEffort") == (scope == "BestEffort"))
    if scope == "PriorityClass":
        return _priority_selected(selector, spec.get("priorityClassName") or "")
    if scope == "CrossNamespacePodAffinity":
        return _uses_cross_namespace(spec.get("affinity") or {})
    return False


def _priority_selected(selector: Json, name: str) -> bool:
    operator = selector.get("operator")
    values: list[str] = selector.get("values") or []
    if operator == "Exists":
        return bool(name)
    if operator == "DoesNotExist":
        return not name
    if operator == "In":
        return name in values
    return operator == "NotIn" and bool(name) and name not in values


def _uses_cross_namespace(affinity: Json) -> bool:
    for key in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(key) or {}
        terms = list(pods.get("requiredDuringSchedulingIgnoredDuringExecution") or ())
        weighted = pods.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [term.get("podAffinityTerm") or {} for term in weighted]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False
