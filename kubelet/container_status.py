"""`status.containerStatuses`: what is said about each container.

Mirrors convertToAPIContainerStatuses of upstream pkg/kubelet/kubelet_pods.go and UpdatePodStatus of
prober/prober_manager.go. Pure. The newest container of a name gives `state`, the one before it `lastState`; a
container that will be started again and cannot be just now is *waiting*, with the reason why.

Leaves out: volumeMounts, user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.kubelet.actions import should_restart
from minik8s.kubelet.observed import Observed, as_container, is_sidecar, restart_count
from minik8s.kubelet.resize import Wanted, current_resources
from minik8s.kubelet.runtimes import base

LOST = "The container could not be located when the pod was terminated"


@dataclass(frozen=True)
class Waiting:
    """Why a container that ought to run does not."""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class ContainerFacts:
    """What the kubelet knows about a pod's containers beside what the runtime says."""

    runtime_name: str = "fake"
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    #: container id → text of its termination message
    messages: Mapping[str, str] = field(default_factory=dict)
    #: by container id: absent means "no result yet"
    readiness: Mapping[str, bool] = field(default_factory=dict)
    startup: Mapping[str, bool] = field(default_factory=dict)
    #: ids of containers whose postStart hook still runs: not started yet
    starting: frozenset[str] = frozenset()
    #: the pod's containers were stopped for good: none that is missing will come back
    ended: bool = False
    #: by container id: cpu and memory that were changed while it ran
    resources: Mapping[str, Wanted] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerStatuses:
    init: list[core.ContainerStatus]
    regular: list[core.ContainerStatus]
    ephemeral: list[core.ContainerStatus]


def compute_container_statuses(pod: core.Pod, observed: Observed, facts: ContainerFacts) -> ContainerStatuses:
    spec, old = pod.spec, pod.status
    view = _View(pod, observed, facts)
    return ContainerStatuses(
        [view.status(c, old.init_container_statuses, init=True) for c in spec.init_containers],
        [view.status(c, old.container_statuses) for c in sorted(spec.containers, key=lambda c: c.name)],
        [
            view.status(as_container(c), old.ephemeral_container_statuses)
            for c in sorted(spec.ephemeral_containers, key=lambda c: c.name)
        ],
    )


@dataclass(frozen=True)
class _View:
    pod: core.Pod
    observed: Observed
    facts: ContainerFacts

    def status(
        self, container: core.Container, previous: Sequence[core.ContainerStatus], init: bool = False
    ) -> core.ContainerStatus:
        old = next((s for s in previous if s.name == container.name), None)
        history = self.observed.history(container.name)
        if history:
            status = self._convert(container, history[0])
            if len(history) > 1:
                status.last_state = self._state(history[1])
            elif old and old.last_state and old.restart_count == status.restart_count:
                status.last_state = old.last_state  # its record was cleaned away
        else:
            status = self._unseen(container, old)
        self._explain(container, status, init)
        self._judge(container, status, init)
        return status

    def _convert(self, container: core.Container, seen: base.ContainerStatus) -> core.ContainerStatus:
        has = current_resources(seen, self.facts.resources) if seen.state == base.ContainerState.RUNNING else None
        return core.ContainerStatus(
            resources=core.ResourceRequirements.from_dict(has) if has else None,
            allocated_resources=dict(has.get("requests", {})) if has else {},
            name=container.name,
            image=seen.image or container.image or "",
            image_id=seen.image_ref,
            container_id=self._id(seen),
            restart_count=restart_count(seen),
            state=self._state(seen),
            last_state=core.ContainerState(),
        )

    def _id(self, seen: base.ContainerStatus) -> str:
        return f"{self.facts.runtime_name}://{seen.id}"

    def _state(self, seen: base.ContainerStatus) -> core.ContainerState:
        if seen.state == base.ContainerState.RUNNING:
            return core.ContainerState(running=core.ContainerStateRunning(started_at=_time(seen.started_at)))
        if seen.state == base.ContainerState.CREATED:
            return core.ContainerState(waiting=self._creating())
        message = self.facts.messages.get(seen.id) or seen.message
        return core.ContainerState(
            terminated=core.ContainerStateTerminated(
                exit_code=seen.exit_code,
                reason=seen.reason or ("Completed" if seen.exit_code == 0 else "Error"),
                message=message or None,
                started_at=_time(seen.started_at),
                finished_at=_time(seen.finished_at or seen.created_at),
                container_id=self._id(seen),
            )
        )

    def _creating(self) -> core.ContainerStateWaiting:
        return core.ContainerStateWaiting(
            reason="PodInitializing" if self.pod.spec.init_containers else "ContainerCreating"
        )

    def _unseen(self, container: core.Container, old: core.ContainerStatus | None) -> core.ContainerStatus:
        """The runtime has no record: never made, or cleaned away."""
        if old and old.state and old.state.terminated:
            return old.model_copy(deep=True)
        status = core.ContainerStatus(
            name=container.name,
            image=container.image or "",
            restart_count=old.restart_count if old else 0,
            state=core.ContainerState(waiting=self._creating()),
            last_state=(old.last_state if old and old.last_state else core.ContainerState()),
        )
        if old and old.state and old.state.running and (self.facts.ended or self.pod.metadata.deletion_timestamp):
            # it ran, and nobody saw how it ended
            lost = core.ContainerStateTerminated(
                exit_code=137, reason="ContainerStatusUnknown", message=LOST, container_id=old.container_id
            )
            status.state, status.container_id, status.image_id = (
                core.ContainerState(terminated=lost),
                old.container_id,
                old.image_id,
            )
        return status

    def _explain(self, container: core.Container, status: core.ContainerStatus, init: bool) -> None:
        """Turn "has ended" or "not there" into waiting, when it is to be started and something stands in the way."""
        why = self.facts.waiting.get(container.name)
        if why is None or self.facts.ended:
            return
        latest = self.observed.latest(container.name)
        if latest and latest.state == base.ContainerState.RUNNING:
            return
        if init and not is_sidecar(container) and latest and latest.reason == "Completed":
            return
        sidecar = init and is_sidecar(container)
        if not sidecar and not should_restart(container, self.pod, self.observed):
            return
        if status.state and status.state.terminated:
            status.last_state = status.state
        status.state = core.ContainerState(
            waiting=core.ContainerStateWaiting(reason=why.reason, message=why.message or None)
        )

    def _judge(self, container: core.Container, status: core.ContainerStatus, init: bool) -> None:
        """`started` and `ready`."""
        latest = self.observed.latest(container.name)
        status.started = started = self._started(container, latest)
        if init and not is_sidecar(container):
            ended = status.state.terminated if status.state else None
            status.ready = bool(ended and ended.exit_code == 0)
        elif started and latest is not None:
            status.ready = not container.readiness_probe or self.facts.readiness.get(latest.id, False)

    def _started(self, container: core.Container, latest: base.ContainerStatus | None) -> bool:
        if latest is None or latest.state != base.ContainerState.RUNNING or latest.id in self.facts.starting:
            return False
        return not container.startup_probe or self.facts.startup.get(latest.id, False)


def _time(stamp: float) -> str | None:
    return format_time(stamp) if stamp else None
