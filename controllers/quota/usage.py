"""What a pod, service or claim uses of a quota, and which pods a quota's scopes mean. Pure, over dicts.

Mirrors upstream's pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from minik8s.api.quantity import Quantity

Json = Mapping[str, Any]
Usage = dict[str, Quantity]

COMPUTE = ("cpu", "memory", "ephemeral-storage")
ONE = Quantity.of(1)


def add(usage: Usage, other: Usage) -> None:
    for name, amount in other.items():
        usage[name] = usage[name] + amount if name in usage else amount


def _parsed(resources: Json | None) -> Usage:
    return {name: Quantity.parse(text) for name, text in (resources or {}).items()}


def pod_total(spec: Json, key: str) -> Usage:
    """Containers and sidecars together, or the greediest step of initialization, plus overhead."""
    total: Usage = {}
    for container in spec.get("containers") or ():
        add(total, _parsed((container.get("resources") or {}).get(key)))
    sidecars: Usage = {}
    steps: list[Usage] = []
    for container in spec.get("initContainers") or ():
        own = _parsed((container.get("resources") or {}).get(key))
        step = dict(sidecars)
        add(step, own)
        steps.append(step)
        if container.get("restartPolicy") == "Always":
            sidecars = step
            add(total, own)
    for step in steps:
        for name, amount in step.items():
            if name not in total or amount > total[name]:
                total[name] = amount
    overhead = _parsed(spec.get("overhead"))
    add(total, overhead if key == "requests" else {name: amount for name, amount in overhead.items() if name in total})
    return total


def pod_usage(pod: Json) -> Usage:
    """An ended pod only fills a place in count/pods."""
    usage: Usage = {"count/pods": ONE}
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return usage
    usage["pods"] = ONE
    spec = pod.get("spec") or {}
    for name, amount in pod_total(spec, "requests").items():
        usage[f"requests.{name}"] = amount
        if name in COMPUTE or name.startswith("hugepages-"):
            usage[name] = amount
    for name, amount in pod_total(spec, "limits").items():
        if name in COMPUTE:
            usage[f"limits.{name}"] = amount
    return usage


def service_usage(service: Json) -> Usage:
    usage: Usage = {"services": ONE, "count/services": ONE}
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    if spec.get("type") == "NodePort":
        usage["services.nodeports"] = Quantity.of(len(ports))
    elif spec.get("type") == "LoadBalancer":
        usage["services.loadbalancers"] = ONE
        wanted = [
            port for port in ports if spec.get("allocateLoadBalancerNodePorts") is not False or port.get("nodePort")
        ]
        usage["services.nodeports"] = Quantity.of(len(wanted))
    return usage


def claim_usage(claim: Json) -> Usage:
    usage: Usage = {"persistentvolumeclaims": ONE, "count/persistentvolumeclaims": ONE}
    spec = claim.get("spec") or {}
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage:
        usage["requests.storage"] = Quantity.parse(storage)
    if spec.get("storageClassName"):
        prefix = f"{spec['storageClassName']}.storageclass.storage.k8s.io"
        usage |= {
            f"{prefix}/{name}": usage[name] for name in ("persistentvolumeclaims", "requests.storage") if name in usage
        }
    return usage


def is_best_effort(pod: Json) -> bool:
    """No container asks for cpu or memory, or limits them."""
    spec = pod.get("spec") or {}
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        resources = container.get("resources") or {}
        for part in ("requests", "limits"):
            if any(name in ("cpu", "memory") for name in resources.get(part) or {}):
                return False
    return True


def _uses_affinity_across_namespaces(pod: Json) -> bool:
    affinity = (pod.get("spec") or {}).get("affinity") or {}
    terms: list[Any] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        part = affinity.get(kind) or {}
        terms += part.get("requiredDuringSchedulingIgnoredDuringExecution") or []
        preferred = part.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        terms += [item.get("podAffinityTerm") or {} for item in preferred]
    return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms)


def scope_matches(scope: str, operator: str, values: Iterable[str], pod: Json) -> bool:
    """One scope of a quota, for one pod."""
    spec = pod.get("spec") or {}
    match scope:
        case "Terminating":
            return spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return is_best_effort(pod)
        case "NotBestEffort":
            return not is_best_effort(pod)
        case "CrossNamespacePodAffinity":
            return _uses_affinity_across_namespaces(pod)
        case "PriorityClass":
            return _priority_matches(spec.get("priorityClassName") or "", operator, set(values))
    return False


def _priority_matches(name: str, operator: str, values: set[str]) -> bool:
    match operator:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "Exists":
            return bool(name)
        case "DoesNotExist":
            return not name
    return False


def quota_matches(quota: Json, pod: Json) -> bool:
    """All scopes of the quota fit the pod."""
    spec = quota.get("spec") or {}
    plain = all(scope_matches(scope, "Exists", (), pod) for scope in spec.get("scopes") or ())
    selector = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return plain and all(
        scope_matches(one["scopeName"], one["operator"], one.get("values") or (), pod) for one in selector
    )
