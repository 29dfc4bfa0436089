"""Which IP families a service has: the user's wish against what the cluster offers.

Mirrors initIPFamilyFields of `pkg/registry/core/service/storage/alloc.go`.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import FieldError, Invalid

Json = dict[str, Any]


def _of(ip: str) -> str:
    return "IPv6" if ":" in ip else "IPv4"


def assign_families(service: Json, before: Json | None, offered: list[str]) -> None:
    """Fill ipFamilyPolicy and ipFamilies; raises Invalid where the cluster cannot serve the wish."""
    spec = service["spec"]
    families = list(spec.get("ipFamilies") or ())
    ips = [ip for ip in spec.get("clusterIPs") or () if ip and ip != "None"]
    policy = spec.get("ipFamilyPolicy")
    if not policy:
        dual = len(families) == 2 or len(ips) == 2
        policy = spec["ipFamilyPolicy"] = "RequireDualStack" if dual else "SingleStack"
    for ip in ips[len(families) :]:
        families.append(_of(ip))
    errors = _check(spec, families, policy, offered, before)
    if errors:
        raise Invalid.of("Service", service["metadata"]["name"], errors)
    if not families:
        families = [offered[0]]
    selectorless_headless = "None" in (spec.get("clusterIPs") or ()) and not spec.get("selector")
    available = ["IPv4", "IPv6"] if selectorless_headless else offered
    if len(families) == 1 and policy != "SingleStack":
        families += [family for family in available if family != families[0]][:1]
    if policy == "SingleStack":
        families = families[:1]
        if len(ips) > 1:
            spec["clusterIPs"] = ips[:1]
    spec["ipFamilies"] = families


def _check(spec: Json, families: list[str], policy: str, offered: list[str], before: Json | None) -> list[FieldError]:
    errors: list[FieldError] = []
    if "None" in (spec.get("clusterIPs") or ()) and not spec.get("selector"):
        return errors
    given = spec.get("ipFamilies") or []
    if policy == "RequireDualStack" and len(offered) < 2:
        text = "this cluster is not configured for dual-stack services"
        errors.append(FieldError.invalid("spec.ipFamilyPolicy", policy, text))
    if policy == "SingleStack" and len(given) == 2 and before is None:
        text = "must be RequireDualStack or PreferDualStack when multiple IP families are specified"
        errors.append(FieldError.invalid("spec.ipFamilyPolicy", policy, text))
    for index, family in enumerate(families):
        if family not in offered:
            text = "not configured on this cluster"
            if policy == "RequireDualStack":
                continue
            errors.append(FieldError.invalid(f"spec.ipFamilies[{index}]", family, text))
    return errors
