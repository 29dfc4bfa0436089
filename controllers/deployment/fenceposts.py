"""How far a rollout may stray from the wanted number of pods: maxSurge above, maxUnavailable below.

Mirrors ResolveFenceposts, MaxSurge and MaxUnavailable of upstream's pkg/controller/deployment/util/deployment_util.go.
"""

from minik8s.api import apps
from minik8s.controllers.intstr import scaled_value

#: an int32 field at its greatest value means "no limit"
UNLIMITED = 2**31 - 1


def wanted(deployment: apps.Deployment) -> int:
    return 1 if deployment.spec.replicas is None else deployment.spec.replicas


def is_rolling_update(deployment: apps.Deployment) -> bool:
    return strategy_type(deployment) == "RollingUpdate"


def strategy_type(deployment: apps.Deployment) -> str:
    strategy = deployment.spec.strategy
    return (strategy.type if strategy is not None else None) or "RollingUpdate"


def resolve(deployment: apps.Deployment) -> tuple[int, int]:
    """(surge, unavailable) in pods. Surge rounds up, unavailable down; both nought: 1 may lack."""
    rolling = deployment.spec.strategy.rolling_update if deployment.spec.strategy is not None else None
    surge_spec = "25%" if rolling is None or rolling.max_surge is None else rolling.max_surge
    unavailable_spec = "25%" if rolling is None or rolling.max_unavailable is None else rolling.max_unavailable
    surge = scaled_value(surge_spec, wanted(deployment), round_up=True)
    unavailable = scaled_value(unavailable_spec, wanted(deployment), round_up=False)
    return (0, 1) if surge == 0 and unavailable == 0 else (surge, unavailable)


def max_surge(deployment: apps.Deployment) -> int:
    return resolve(deployment)[0] if is_rolling_update(deployment) else 0


def max_unavailable(deployment: apps.Deployment) -> int:
    if not is_rolling_update(deployment) or wanted(deployment) == 0:
        return 0
    return min(resolve(deployment)[1], wanted(deployment))


def min_available(deployment: apps.Deployment) -> int:
    return wanted(deployment) - max_unavailable(deployment)


def has_progress_deadline(deployment: apps.Deployment) -> bool:
    deadline = deployment.spec.progress_deadline_seconds
    return deadline is not None and deadline != UNLIMITED


def history_limit(deployment: apps.Deployment) -> int | None:
    """How many old ReplicaSets to keep; None: all of them."""
    limit = deployment.spec.revision_history_limit
    return None if limit is None or limit == UNLIMITED else limit
