"""core/v1: LimitRange and ResourceQuota.

Mirrors upstream's staging/src/k8s.io/api/core/v1/types.go; rules of the notation: api/base.py.
"""

from minik8s.api.base import Model, QuantityStr, sent
from minik8s.api.meta import ObjectMeta


class LimitRangeItem(Model):
    """Bounds and defaults for one type of thing."""

    type: str  #: Pod, Container or PersistentVolumeClaim.
    max: dict[str, QuantityStr] = {}  #: The most of each resource.
    min: dict[str, QuantityStr] = {}  #: The least of each resource.
    default: dict[str, QuantityStr] = {}  #: Limits for containers that name none.
    default_request: dict[str, QuantityStr] = {}  #: Requests for containers that name none.
    max_limit_request_ratio: dict[str, QuantityStr] = {}  #: How many times its request a limit may be.


class LimitRangeSpec(Model):
    """Bounds for a namespace."""

    limits: list[LimitRangeItem] = sent([])  #: The bounds, by type.


class LimitRange(Model):
    """Bounds and defaults for the resources of each object in a namespace."""

    api_version: str = sent("v1")
    kind: str = sent("LimitRange")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: LimitRangeSpec = sent(LimitRangeSpec)


class ScopedResourceSelectorRequirement(Model):
    """A condition on the objects a quota counts."""

    scope_name: str  #: Terminating, NotTerminating, BestEffort, NotBestEffort, PriorityClass …
    operator: str  #: In, NotIn, Exists or DoesNotExist.
    values: list[str] = []  #: Values to compare with.


class ScopeSelector(Model, atomic=True):
    """Conditions on the objects a quota counts."""

    match_expressions: list[ScopedResourceSelectorRequirement] = []  #: All must hold.


class ResourceQuotaSpec(Model):
    """Totals that a namespace may not exceed."""

    hard: dict[str, QuantityStr] = {}  #: The limit of each resource: pods, requests.cpu, count/secrets …
    scopes: list[str] = []  #: Count only objects of all these scopes.
    scope_selector: ScopeSelector | None = None  #: The same, with operators.


class ResourceQuotaStatus(Model):
    """Totals as counted."""

    hard: dict[str, QuantityStr] = {}  #: The limits in force.
    used: dict[str, QuantityStr] = {}  #: What is used of each.


class ResourceQuota(Model):
    """Limits on the totals of a namespace."""

    api_version: str = sent("v1")
    kind: str = sent("ResourceQuota")
    metadata: ObjectMeta = sent(ObjectMeta)
    spec: ResourceQuotaSpec = sent(ResourceQuotaSpec)
    status: ResourceQuotaStatus = sent(ResourceQuotaStatus)
