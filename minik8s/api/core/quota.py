"""Models: core/quota.py."""

from minik8s.api.base import Model, QuantityStr, sent
from minik8s.api.meta import ObjectMeta


class LimitRangeItem(Model):
    """Limit Range Item."""

    type: str
    default: dict[str, QuantityStr] = {}
    default_request: dict[str, QuantityStr] = {}
    max: dict[str, QuantityStr] = {}
    max_limit_request_ratio: dict[str, QuantityStr] = {}
    min: dict[str, QuantityStr] = {}


class LimitRangeSpec(Model):
    """Limit Range Spec."""

    limits: list[LimitRangeItem] = sent([])


class LimitRange(Model):
    """Limit Range."""

    api_version: str = sent("v1")
    kind: str = sent("LimitRange")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: LimitRangeSpec = sent(LimitRangeSpec)


class ScopedResourceSelectorRequirement(Model):
    """Scoped Resource Selector Requirement."""

    operator: str
    scope_name: str
    values: list[str] = []


class ScopeSelector(Model, atomic=True):
    """Scope Selector."""

    match_expressions: list[ScopedResourceSelectorRequirement] = []


class ResourceQuotaSpec(Model):
    """Resource Quota Spec."""

    hard: dict[str, QuantityStr] = {}
    scope_selector: ScopeSelector | None = None
    scopes: list[str] = []


class ResourceQuotaStatus(Model):
    """Resource Quota Status."""

    hard: dict[str, QuantityStr] = {}
    used: dict[str, QuantityStr] = {}


class ResourceQuota(Model):
    """Resource Quota."""

    api_version: str = sent("v1")
    kind: str = sent("ResourceQuota")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ResourceQuotaSpec = sent(ResourceQuotaSpec)
    status: ResourceQuotaStatus = sent(ResourceQuotaStatus)
