"""policy/v1beta1: disruption budgets as upstream's 1.5 … 1.24 had them. Only an empty selector means another thing."""

from minik8s.api import policy
from minik8s.api.base import sent


class PodDisruptionBudget(policy.PodDisruptionBudget):
    """Limits how many pods may be evicted at once."""

    api_version: str = sent("policy/v1beta1")
