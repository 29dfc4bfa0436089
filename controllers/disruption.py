"""PodDisruptionBudget status: how many pods may be evicted now.

Mirrors upstream's pkg/controller/disruption/disruption.go. The eviction subresource (in the API server) lowers
disruptionsAllowed and notes the pod in disruptedPods; this controller counts anew and forgets notes that came true or
grew old.
"""

from collections.abc import Iterable
from typing import Any

from minik8s.api import apps, core, policy
from minik8s.api.meta import Condition, format_time, parse_time
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.conditions import find_condition, with_condition
from minik8s.controllers.context import Context
from minik8s.controllers.intstr import scaled_value
from minik8s.controllers.owners import controller_of
from minik8s.controllers.pods import is_active, is_ready
from minik8s.controllers.selecting import matcher_of

#: an eviction that was granted and did not come about within this time no longer counts
DISRUPTION_TIMEOUT = 120.0


class UnknownScale(Exception):
    """A pod's controller does not say how many pods it wants."""


def compute_expected(budget: policy.PodDisruptionBudget, pods: int, scale: int | None) -> tuple[int, int]:
    """(pods that should be there, pods that must stay healthy). `scale`: what their controllers want together."""
    spec = budget.spec
    if spec.max_unavailable is not None:
        expected = pods if scale is None else scale
        return expected, max(0, expected - scaled_value(spec.max_unavailable, expected, round_up=True))
    if isinstance(spec.min_available, int):
        return pods, spec.min_available
    if spec.min_available is not None:
        expected = pods if scale is None else scale
        return expected, scaled_value(spec.min_available, expected, round_up=True)
    return pods, 0


def needs_scale(budget: policy.PodDisruptionBudget) -> bool:
    return budget.spec.max_unavailable is not None or isinstance(budget.spec.min_available, str)


def compute_disrupted(noted: dict[str, str], pods: Iterable[core.Pod], now: float) -> dict[str, str]:
    """The evictions that were granted and may still come about."""
    waiting = {pod.metadata.name for pod in pods if pod.metadata.deletion_timestamp is None}
    return {name: at for name, at in noted.items() if name in waiting and parse_time(at) + DISRUPTION_TIMEOUT > now}


def compute_status(
    budget: policy.PodDisruptionBudget, pods: list[core.Pod], scale: int | None, now: float
) -> policy.PodDisruptionBudgetStatus:
    """The counts; pods that have ended count for nothing."""
    alive = [pod for pod in pods if is_active(pod)]
    disrupted = compute_disrupted(budget.status.disrupted_pods, pods, now)
    healthy = sum(is_ready(pod) and pod.metadata.name not in disrupted for pod in alive)
    expected, desired = compute_expected(budget, len(alive), scale)
    allowed = max(0, healthy - desired) if expected > 0 else 0
    status = budget.status.model_copy(deep=True)
    status.current_healthy, status.desired_healthy = healthy, desired
    status.expected_pods, status.disruptions_allowed = expected, allowed
    status.disrupted_pods, status.observed_generation = disrupted, budget.metadata.generation
    reason = "SufficientPods" if allowed > 0 else "InsufficientPods"
    return _with_verdict(status, "True" if allowed > 0 else "False", reason, "", now)


def _with_verdict(
    status: policy.PodDisruptionBudgetStatus, value: str, reason: str, message: str, now: float
) -> policy.PodDisruptionBudgetStatus:
    current = find_condition(status.conditions, "DisruptionAllowed")
    since = current.last_transition_time if current is not None and current.status == value else format_time(now)
    fresh = Condition(
        type="DisruptionAllowed", status=value, reason=reason, message=message, last_transition_time=since,
        observed_generation=status.observed_generation,
    )  # fmt: skip
    status.conditions = with_condition(status.conditions, fresh)
    return status


class DisruptionController(Controller):
    name = "disruption"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.recorder = context.recorder("controllermanager")
        self.budgets: Informer[policy.PodDisruptionBudget] = self.use(context.informer(policy.PodDisruptionBudget))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod))
        self._scales: dict[str, Informer[Any]] = {
            "Deployment": self.use(context.informer(apps.Deployment)),
            "ReplicaSet": self.use(context.informer(apps.ReplicaSet)),
            "StatefulSet": self.use(context.informer(apps.StatefulSet)),
            "ReplicationController": self.use(context.informer(core.ReplicationController)),
        }
        self.budgets.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.pods.add_handler(self._on_pod)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        assert pod is not None
        for budget in self.budgets.list(pod.metadata.namespace):
            matches = matcher_of(budget.spec.selector)
            if any(matches(one.metadata.labels) for one in (old, new) if one is not None):
                self.enqueue(budget)

    async def reconcile(self, key: str) -> float | None:
        budget = self.budgets.get(key)
        if budget is None:
            return None
        matches = matcher_of(budget.spec.selector)
        pods = [pod for pod in self.pods.list(budget.metadata.namespace) if matches(pod.metadata.labels)]
        now = self.clock.now()
        try:
            scale = self._scale_of(pods) if needs_scale(budget) else None
            status = compute_status(budget, pods, scale, now)
        except UnknownScale as error:
            text = f"Failed to calculate the number of expected pods: {error}"
            self.recorder.event(budget, "Warning", "CalculateExpectedPodCountFailed", text)
            status = budget.status.model_copy(update={"disruptions_allowed": 0})
            status = _with_verdict(status, "False", "SyncFailed", str(error), now)
        if status != budget.status:
            await self.client.update_status(budget.model_copy(update={"status": status}))
        oldest = min((parse_time(at) for at in status.disrupted_pods.values()), default=None)
        return None if oldest is None else max(1.0, oldest + DISRUPTION_TIMEOUT - now)

    def _scale_of(self, pods: list[core.Pod]) -> int:
        """What the pods' controllers want, each counted once."""
        scales: dict[str, int] = {}
        for pod in pods:
            ref = controller_of(pod.metadata)
            if ref is None:
                raise UnknownScale(f"found no controller ref for pod {pod.metadata.name!r}")
            uid, replicas = self._resolve(pod.metadata.namespace, ref.kind, ref.name)
            scales[uid] = replicas
        return sum(scales.values())

    def _resolve(self, namespace: str, kind: str, name: str) -> tuple[str, int]:
        owner = self._scales[kind].get(f"{namespace}/{name}") if kind in self._scales else None
        if owner is None:
            raise UnknownScale(f"{kind} {namespace}/{name} does not implement the scale subresource")
        above = controller_of(owner.metadata) if kind == "ReplicaSet" else None
        if above is not None and above.kind == "Deployment":
            return self._resolve(namespace, above.kind, above.name)
        return owner.metadata.uid, 1 if owner.spec.replicas is None else int(owner.spec.replicas)
