"""What has to be done so that a pod becomes what its spec says: the kubelet's decision, as one pure function.

Mirrors computePodActions and computeInitContainerActions of upstream pkg/kubelet/kuberuntime/kuberuntime_manager.go
(1.33's form, with sidecars) and doBackOff. Nothing here touches the runtime: `pod_sync` carries the actions out.

Crash loops: upstream keeps its back-off in memory. Here each container carries, as a label, how long to wait should it
die; the next one doubles it. So the wait survives a kubelet restart, and deciding needs no state.

A change of resources is not among the actions: `resize` sees to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.kubelet.observed import LABEL_BACKOFF, Observed, is_changed, is_sidecar
from minik8s.kubelet.runtimes.base import ContainerState, ContainerStatus, SandboxState

BACKOFF_INITIAL = 10.0
BACKOFF_MAX = 300.0


@dataclass(frozen=True)
class ProbeView:
    """What the probes found, by container id. Absent: not probed, or no result yet."""

    liveness_failed: frozenset[str] = frozenset()
    startup_failed: frozenset[str] = frozenset()
    startup_succeeded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kill:
    container_id: str
    name: str
    message: str
    #: "" | "liveness" | "startup": a failed probe may have a grace period of its own
    probe: str = ""


@dataclass
class PodActions:
    #: stop everything: the sandbox is to be replaced, or the pod has ended
    kill_pod: bool = False
    create_sandbox: bool = False
    sandbox_attempt: int = 0
    init_to_start: list[str] = field(default_factory=list)
    to_start: list[str] = field(default_factory=list)
    ephemeral_to_start: list[str] = field(default_factory=list)
    to_kill: list[Kill] = field(default_factory=list)
    #: container → when it may be started again; these are not in the lists above
    backing_off: dict[str, float] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        return not (self.kill_pod or self.create_sandbox or self.to_kill or self.starts)

    @property
    def starts(self) -> list[str]:
        return [*self.ephemeral_to_start, *self.init_to_start, *self.to_start]


def compute_pod_actions(
    pod: core.Pod,
    observed: Observed,
    now: float,
    probes: ProbeView | None = None,
    not_before: Mapping[str, float] | None = None,
) -> PodActions:
    """The next step towards the pod's spec, given what runs.

    `not_before` holds containers back whose making failed a moment ago (no image, no config map).
    """
    probes = probes or ProbeView()
    changed, attempt = sandbox_changed(pod, observed)
    actions = PodActions(kill_pod=changed, create_sandbox=changed, sandbox_attempt=attempt)
    if changed:
        _restart_from_scratch(pod, observed, actions)
    else:
        actions.ephemeral_to_start = [c.name for c in pod.spec.ephemeral_containers if not observed.latest(c.name)]
        initialized = _init_actions(pod, observed, probes, actions)
        if initialized and not actions.kill_pod:
            _container_actions(pod, observed, probes, actions)
    _hold_back(observed, now, not_before or {}, actions)
    return actions


def sandbox_changed(pod: core.Pod, observed: Observed) -> tuple[bool, int]:
    """(a new sandbox is needed, its attempt number)."""
    latest = observed.sandbox
    if latest is None:
        return True, 0
    ready = sum(s.state == SandboxState.READY for s in observed.sandboxes)
    if ready != 1 or latest.state != SandboxState.READY:
        return True, latest.attempt + 1
    if latest.host_network != bool(pod.spec.host_network):
        return True, latest.attempt + 1
    return False, latest.attempt


def restarts_on_failure(pod: core.Pod) -> bool:
    return pod.spec.restart_policy != "Never"


def should_restart(container: core.Container, pod: core.Pod, observed: Observed) -> bool:
    """Whether a container that does not run ought to."""
    if pod.metadata.deletion_timestamp:
        return False
    status = observed.latest(container.name)
    if status is None or status.state in (ContainerState.CREATED, ContainerState.UNKNOWN):
        return True
    if status.state == ContainerState.RUNNING or pod.spec.restart_policy == "Never":
        return False
    return not (pod.spec.restart_policy == "OnFailure" and status.exit_code == 0)


def _restart_from_scratch(pod: core.Pod, observed: Observed, actions: PodActions) -> None:
    if not restarts_on_failure(pod) and actions.sandbox_attempt != 0 and observed.containers:
        actions.create_sandbox = False  # it ran once and may not run again
        return
    to_start = [
        c.name
        for c in pod.spec.containers
        if not (pod.spec.restart_policy == "OnFailure" and _succeeded(observed.latest(c.name)))
    ]
    if not to_start:
        actions.create_sandbox = False  # all is done: no sandbox for nothing
    elif pod.spec.init_containers:
        actions.init_to_start = [pod.spec.init_containers[0].name]
    else:
        actions.to_start = to_start


def _succeeded(status: ContainerStatus | None) -> bool:
    return status is not None and status.state == ContainerState.EXITED and status.exit_code == 0


def _init_actions(pod: core.Pod, observed: Observed, probes: ProbeView, actions: PodActions) -> bool:
    """Decide on the init containers; True once the regular ones may run.

    From the last to the first: the last one that left a trace tells how far initialization came, even when the
    records of earlier ones were cleaned away. Sidecars before it only have to be kept running.
    """
    inits = pod.spec.init_containers
    if not inits:
        return True
    alive = (ContainerState.CREATED, ContainerState.RUNNING)
    regular = [observed.latest(c.name) for c in pod.spec.containers]
    initialized = passed = any(status is not None and status.state in alive for status in regular)
    start: list[str] = []
    for index in range(len(inits) - 1, -1, -1):
        container, status = inits[index], observed.latest(inits[index].name)
        if status is None or not _in_current_sandbox(status, observed):
            if passed and is_sidecar(container):
                start.append(container.name)
            continue
        if passed and not is_sidecar(container):
            continue
        done = _init_step(container, status, probes, actions, start)
        if done and not passed:
            if index == len(inits) - 1:
                initialized = True
            else:
                start.append(inits[index + 1].name)
        elif not done and not is_sidecar(container) and _init_failed(status) and not restarts_on_failure(pod):
            actions.kill_pod, actions.init_to_start = True, []
            return False
        passed = True
    if not passed:
        start.append(inits[0].name)
    actions.init_to_start = list(reversed(start))
    return initialized


def _in_current_sandbox(status: ContainerStatus, observed: Observed) -> bool:
    """Initialization starts anew in a new sandbox."""
    return observed.sandbox is not None and status.sandbox_id == observed.sandbox.id


def _init_failed(status: ContainerStatus) -> bool:
    return status.state == ContainerState.UNKNOWN or (status.state == ContainerState.EXITED and status.exit_code != 0)


def _init_step(
    container: core.Container, status: ContainerStatus, probes: ProbeView, actions: PodActions, start: list[str]
) -> bool:
    """Look at one init container that has run or runs; True when the next may follow."""
    if status.state == ContainerState.CREATED:
        start.append(container.name)  # its start failed half-way
        return False
    if status.state == ContainerState.RUNNING:
        return is_sidecar(container) and _sidecar_step(container, status, probes, actions, start)
    if status.state == ContainerState.UNKNOWN:
        message = f'Init container is in "{status.state}" state, try killing it before restart'
        actions.to_kill.append(Kill(status.id, container.name, message))
        start.append(container.name)
        return False
    if is_sidecar(container):
        start.append(container.name)
        return False
    if status.exit_code != 0:
        start.append(container.name)
        return False
    return True


def _sidecar_step(
    container: core.Container, status: ContainerStatus, probes: ProbeView, actions: PodActions, start: list[str]
) -> bool:
    if container.startup_probe and status.id not in probes.startup_succeeded:
        if status.id in probes.startup_failed:
            message = f"Init container {container.name} failed startup probe"
            actions.to_kill.append(Kill(status.id, container.name, message, "startup"))
            start.append(container.name)
        return False
    if is_changed(container, status):
        actions.to_kill.append(Kill(status.id, container.name, f"Container {container.name} definition changed"))
        start.append(container.name)
    elif status.id in probes.liveness_failed:
        message = f"Init container {container.name} failed liveness probe"
        actions.to_kill.append(Kill(status.id, container.name, message, "liveness"))
        start.append(container.name)
    return True


def _container_actions(pod: core.Pod, observed: Observed, probes: ProbeView, actions: PodActions) -> None:
    keep = 0
    for container in pod.spec.containers:
        status = observed.latest(container.name)
        if status is None or status.state != ContainerState.RUNNING:
            if should_restart(container, pod, observed):
                actions.to_start.append(container.name)
                if status is not None and status.state == ContainerState.UNKNOWN:
                    message = f'Container is in "{status.state}" state, try killing it before restart'
                    actions.to_kill.append(Kill(status.id, container.name, message))
            continue
        kill = _reason_to_kill(container, status, probes)
        if kill is None:
            keep += 1
            continue
        changed = not kill.probe
        if changed or restarts_on_failure(pod):
            kill = Kill(kill.container_id, kill.name, f"{kill.message}, will be restarted", kill.probe)
            actions.to_start.append(container.name)
        actions.to_kill.append(kill)
    if not keep and not actions.to_start:
        actions.kill_pod = True  # the regular containers have ended: so do the sidecars and the sandbox
        actions.init_to_start = []


def _reason_to_kill(container: core.Container, status: ContainerStatus, probes: ProbeView) -> Kill | None:
    if is_changed(container, status):
        return Kill(status.id, container.name, f"Container {container.name} definition changed")
    if status.id in probes.liveness_failed:
        return Kill(status.id, container.name, f"Container {container.name} failed liveness probe", "liveness")
    if status.id in probes.startup_failed:
        return Kill(status.id, container.name, f"Container {container.name} failed startup probe", "startup")
    return None


def restart_delay(previous: ContainerStatus) -> float:
    """Seconds after its death that `previous` has to wait for its successor."""
    if ended_at(previous) - previous.created_at > 2 * BACKOFF_MAX:
        return 0.0  # it ran well for ten minutes: what was before is forgotten
    return float(previous.labels.get(LABEL_BACKOFF, "0"))


def ended_at(status: ContainerStatus) -> float:
    """A container whose start failed has no finishing time: it ended when it was made."""
    return status.finished_at or status.created_at


def next_backoff(observed: Observed, name: str) -> float:
    """The label of the next container `name`: 0 for the first, then 10, 20 … 300."""
    last, latest = _last_exited(observed, name), _last_run(observed, name)
    if last is None or latest is None:
        return 0.0
    # `latest` may still be running here: a failed probe is about to kill it
    delay = restart_delay(latest) if latest is last else float(latest.labels.get(LABEL_BACKOFF, "0"))
    return min(max(BACKOFF_INITIAL, delay * 2), BACKOFF_MAX)


def _last_exited(observed: Observed, name: str) -> ContainerStatus | None:
    return next((c for c in observed.history(name) if c.state == ContainerState.EXITED), None)


def _last_run(observed: Observed, name: str) -> ContainerStatus | None:
    """The newest that was started; one that was only made (the kubelet died before it started it) does not count."""
    return next((c for c in observed.history(name) if c.state != ContainerState.CREATED), None)


def restart_due(observed: Observed, name: str) -> float:
    """When `name` may be started again; 0 when at any time."""
    last, latest = _last_exited(observed, name), _last_run(observed, name)
    if last is None or latest is None:
        return 0.0
    # one that a probe kills now waits since the death before: it ran meanwhile
    delay = restart_delay(last) if latest is last else float(latest.labels.get(LABEL_BACKOFF, "0"))
    return ended_at(last) + delay


def _hold_back(observed: Observed, now: float, not_before: Mapping[str, float], actions: PodActions) -> None:
    """Take those out that may not start yet."""
    for name in actions.starts:
        due = max(restart_due(observed, name), not_before.get(name, 0.0))
        if due > now:
            actions.backing_off[name] = due
    held = actions.backing_off
    actions.init_to_start = [name for name in actions.init_to_start if name not in held]
    actions.to_start = [name for name in actions.to_start if name not in held]
    actions.ephemeral_to_start = [name for name in actions.ephemeral_to_start if name not in held]
