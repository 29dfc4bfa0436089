"""One sync of one pod: look, decide, act, look again, say what is.

Mirrors syncPod of upstream pkg/kubelet/kubelet.go and SyncPod of kuberuntime_manager.go. The decision is `actions`';
this module carries it out, in upstream's order: kill what should not run, volumes, sandbox, containers.

Everything here may be run again at any time: a sync that was cut short is repeated from what the runtime shows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from minik8s.api.meta import parse_time
from minik8s.client.log import get_logger
from minik8s.kubelet import events
from minik8s.kubelet.actions import PodActions, compute_pod_actions, ended_at, restart_delay
from minik8s.kubelet.admission import compute_fit, compute_refusal
from minik8s.kubelet.backoff import format_duration
from minik8s.kubelet.container_config import compute_resources, grace_of, render_sandbox
from minik8s.kubelet.container_kill import probe_grace, stop_all, stop_container
from minik8s.kubelet.container_start import RETRY, StartFailure, env_references, pod_facts, start
from minik8s.kubelet.container_status import Waiting
from minik8s.kubelet.context import Interrupted, NodeContext, PodState, unless_stopping
from minik8s.kubelet.hosts import pod_hostname
from minik8s.kubelet.observed import LABEL_START_TIME, Observed, describe, find_container, key_of
from minik8s.kubelet.pod_files import log_directory, sandbox_dns
from minik8s.kubelet.pod_report import report
from minik8s.kubelet.record import container_recorder
from minik8s.kubelet.resize import compute_pending, compute_resizes
from minik8s.kubelet.runtimes.base import ContainerState, RuntimeFault, SandboxStatus
from minik8s.kubelet.status import Verdict
from minik8s.kubelet.volumes.manager import MountFailure, volume_references

log = get_logger(__name__)

#: How soon to ask again whether a leaving pod has made room.
ADMISSION_RETRY_SECONDS = 0.1

MOUNT_RETRY_FIRST, MOUNT_RETRY_MAX = 0.5, 122.0
_VOLUMES = "/volumes"  # beside container names, which have no slash


@dataclass(frozen=True)
class SyncResult:
    #: the pod has ended by itself, or must end: nothing of it will be started again
    finished: bool = False
    #: when to look again, although nothing may have happened; 0 = whenever
    wake_at: float = 0.0


async def observe(ctx: NodeContext, state: PodState) -> Observed:
    sandboxes, containers = await asyncio.gather(
        ctx.runtime.list_sandboxes(state.uid), ctx.runtime.list_containers(state.uid)
    )
    state.observed = Observed.of(sandboxes, containers)
    if state.observed.sandbox and not state.start_time:
        state.start_time = float(state.observed.sandbox.labels.get(LABEL_START_TIME, "0"))
    return state.observed


async def sync_pod(ctx: NodeContext, state: PodState) -> SyncResult:
    await observe(ctx, state)
    admission = await _admission(ctx, state)
    if admission is Admission.LATER:
        return SyncResult(wake_at=ctx.clock.now() + ADMISSION_RETRY_SECONDS)
    if admission is Admission.REFUSED or _past_deadline(ctx, state):
        return SyncResult(finished=True)
    ctx.objects.refer(state.uid, volume_references(state.pod) | env_references(state.pod))
    now = ctx.clock.now()
    actions = compute_pod_actions(state.pod, state.observed, now, ctx.probes.view(state.uid), state.not_before)
    _note_backing_off(ctx, state, actions, now)
    if actions.kill_pod and not actions.create_sandbox:
        return SyncResult(finished=True)
    if not state.observed.sandboxes and not ctx.config.simulated:
        await report(ctx, state)  # "ContainerCreating" is seen while the first things are made
    try:
        volumes = await _volumes(ctx, state)
        if volumes is not None and not actions.idle:
            await _act(ctx, state, actions, volumes)
        await _resize(ctx, state)
    except Interrupted:
        return SyncResult()
    if not actions.idle:
        await observe(ctx, state)
    await report(ctx, state)
    return SyncResult(wake_at=_next_wake(ctx, state, actions))


# before anything is done ------------------------------------------------------------------------------------------


class Admission(Enum):
    """What the node says to a pod that was bound to it."""

    WELCOME = "welcome"
    REFUSED = "refused"
    #: there will be room once pods that are leaving are gone
    LATER = "later"


async def _admission(ctx: NodeContext, state: PodState) -> Admission:
    """Decided once; a pod that runs already was admitted by the kubelet before.

    A pod deleted without grace is gone from the API while its containers still stop, and the scheduler may give its
    place away at once. Upstream refuses the newcomer then; here it waits for the place it was promised.
    """
    if state.admitted:
        return Admission.WELCOME
    if state.observed.sandboxes:
        state.admitted = state.adopted = True
        return Admission.WELCOME
    if ctx.devices.awaits_plugin(state.pod):
        return Admission.LATER
    others = [pod for pod in ctx.active_pods() if pod.metadata.uid != state.uid]
    verdict = compute_refusal(state.pod, ctx.node(), others)
    if verdict is None:
        state.admitted = True  # already: others must count it while a device plugin is asked
        refusal = await ctx.devices.admit(state.pod, ctx.leaving_uids())
        if refusal is not None:
            state.admitted = False
            if refusal.later:
                return Admission.LATER
            verdict = Verdict(refusal.reason, refusal.message)
    if verdict is None:
        state.start_time = state.start_time or ctx.clock.now()
        return Admission.WELCOME
    leaving = {pod.metadata.uid for pod in ctx.leaving_pods()}
    staying = [pod for pod in others if pod.metadata.uid not in leaving]
    if len(staying) < len(others) and compute_refusal(state.pod, ctx.node(), staying) is None:
        return Admission.LATER
    state.verdict = verdict
    log.info("pod refused", pod=key_of(state.pod), reason=verdict.reason, message=verdict.message)
    ctx.recorder.event(state.pod, events.WARNING, verdict.reason, verdict.message)
    return Admission.REFUSED


def _past_deadline(ctx: NodeContext, state: PodState) -> bool:
    if not 0 < _deadline(state) <= ctx.clock.now():
        return False
    state.verdict = Verdict("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
    ctx.recorder.event(state.pod, events.NORMAL, events.DEADLINE_EXCEEDED, state.verdict.message)
    return True


def _deadline(state: PodState) -> float:
    seconds, started = state.pod.spec.active_deadline_seconds, state.pod.status.start_time
    begun = parse_time(started) if started else state.start_time
    return begun + seconds if seconds is not None and begun else 0.0


def _note_backing_off(ctx: NodeContext, state: PodState, actions: PodActions, now: float) -> None:
    """A crashed container that has to wait says so, in its status and in an event."""
    for name, due in actions.backing_off.items():
        last = state.observed.latest(name)
        held = state.not_before.get(name, 0.0) >= due  # it waits for something else
        if last is None or last.state != ContainerState.EXITED or held:
            continue
        delay = restart_delay(last)
        if delay <= 0 or ended_at(last) + delay <= now:
            continue
        where = f"restarting failed container={name} pod={describe(state.pod)}"
        waiting = Waiting("CrashLoopBackOff", f"back-off {format_duration(delay)} {where}")
        if state.waiting.get(name) != waiting:
            text = f"Back-off restarting failed container {name} in pod {describe(state.pod)}"
            container_recorder(ctx.recorder, state.pod, name)(events.WARNING, events.BACK_OFF, text)
        state.waiting[name] = waiting


async def _volumes(ctx: NodeContext, state: PodState) -> dict[str, Path] | None:
    """The pod's volumes, brought up to date; None when they are not ready: nothing may start then."""
    pod, ips = state.pod, state.observed.pod_ips
    if "mounts" not in ctx.capabilities or ctx.config.simulated:
        return {volume.name: Path("/dev/null") for volume in pod.spec.volumes}
    try:
        work = asyncio.ensure_future(ctx.volumes.set_up(pod, pod_facts(ctx, pod, ips)))
        volumes = await unless_stopping(state, work)
    except MountFailure as exc:
        tries = state.failures[_VOLUMES] = state.failures.get(_VOLUMES, 0) + 1
        state.not_before[_VOLUMES] = ctx.clock.now() + min(MOUNT_RETRY_FIRST * 2 ** (tries - 1), MOUNT_RETRY_MAX)
        ctx.recorder.event(pod, events.WARNING, events.FAILED_MOUNT, str(exc))
        log.info("volume not ready", pod=key_of(pod), volume=exc.volume, cause=exc.cause)
        return None
    state.failures.pop(_VOLUMES, None)
    state.not_before.pop(_VOLUMES, None)
    return volumes


# doing it ---------------------------------------------------------------------------------------------------------


async def _act(ctx: NodeContext, state: PodState, actions: PodActions, volumes: dict[str, Path]) -> None:
    if actions.kill_pod:
        await _stop_old_sandbox(ctx, state)
    async with asyncio.TaskGroup() as group:
        for kill in actions.to_kill:
            container = find_container(state.pod, kill.name)
            ctx.probes.unwatch(kill.container_id)
            grace = probe_grace(state.pod, container, kill.probe)
            sandbox = state.observed.sandbox
            stop = stop_container(ctx, state.pod, container, kill.container_id, sandbox, grace, kill.message)
            group.create_task(stop)
    sandbox = await _sandbox(ctx, state, actions)
    if sandbox is None:
        return
    for name in actions.starts:
        if state.stopping.is_set():
            raise Interrupted
        await _start(ctx, state, sandbox, name, actions, volumes)


async def _resize(ctx: NodeContext, state: PodState) -> None:
    """Give running containers the cpu and memory that the spec says now, if the node has room."""
    resizes = compute_resizes(state.pod, state.observed, state.resources)
    state.resize_pending = None
    if not resizes:
        return
    others = [pod for pod in ctx.active_pods() if pod.metadata.uid != state.uid]
    refusal = compute_fit(state.pod, ctx.node(), others)
    if refusal is not None:
        state.resize_pending = compute_pending(state.pod, ctx.node(), refusal.message)
        return
    for resize in resizes:
        if resize.restart:
            text = f"Container {resize.container.name} resize requires restart"
            grace, sandbox = float(grace_of(state.pod)), state.observed.sandbox
            await stop_container(ctx, state.pod, resize.container, resize.status.id, sandbox, grace, text)
            continue
        resources = compute_resources(state.pod, resize.container, ctx.node_memory)
        await ctx.runtime.update_resources(resize.status.id, resources)
        state.resources[resize.status.id] = resize.wanted
        log.info("container resized", pod=key_of(state.pod), container=resize.container.name)


async def _stop_old_sandbox(ctx: NodeContext, state: PodState) -> None:
    old = state.observed.sandbox
    if old is None:
        return
    ctx.recorder.event(
        state.pod, events.NORMAL, events.SANDBOX_CHANGED, "Pod sandbox changed, it will be killed and re-created."
    )
    await stop_all(ctx, state, float(grace_of(state.pod)))
    for sandbox in state.observed.sandboxes:
        await ctx.runtime.stop_sandbox(sandbox.id)


async def _sandbox(ctx: NodeContext, state: PodState, actions: PodActions) -> SandboxStatus | None:
    if not actions.create_sandbox:
        return state.observed.ready_sandbox
    pod = state.pod
    hostname, _ = pod_hostname(pod, ctx.config.cluster_dns.domain)
    started = state.start_time or ctx.clock.now()
    config = render_sandbox(
        pod, actions.sandbox_attempt, hostname, sandbox_dns(ctx, pod), str(log_directory(ctx, pod)), started
    )
    try:
        async with ctx.start_slots:
            if state.stopping.is_set():
                raise Interrupted
            return await ctx.runtime.run_sandbox(ctx.devices.mark(config))
    except RuntimeFault as exc:
        text = f"Failed to create pod sandbox: {exc}"
        ctx.recorder.event(pod, events.WARNING, events.FAILED_SANDBOX, text)
        log.warning("no sandbox", pod=key_of(pod), error=str(exc))
        state.not_before.update({name: ctx.clock.now() + RETRY / 5 for name in actions.starts})
        return None


async def _start(
    ctx: NodeContext, state: PodState, sandbox: SandboxStatus, name: str, actions: PodActions, volumes: dict[str, Path]
) -> None:
    container = find_container(state.pod, name)
    assert container is not None
    kind = "init" if name in actions.init_to_start else "container" if name in actions.to_start else "ephemeral"
    try:
        await start(ctx, state, sandbox, container, kind, volumes)
    except StartFailure as exc:
        state.waiting[name] = Waiting(exc.reason, exc.message)
        state.not_before[name] = ctx.clock.now() + exc.retry_after
        log.info("container not started", pod=key_of(state.pod), container=name, reason=exc.reason, error=exc.message)
        return
    state.waiting.pop(name, None)
    state.not_before.pop(name, None)
    await _forget_old(ctx, state, name)


async def _forget_old(ctx: NodeContext, state: PodState, name: str) -> None:
    """Of the dead containers of a name, the newest is kept: it is `lastState`, and `logs --previous`."""
    dead = [c for c in state.observed.history(name) if c.state != ContainerState.RUNNING]
    for old in dead[1:]:
        await ctx.runtime.remove_container(old.id)


def _next_wake(ctx: NodeContext, state: PodState, actions: PodActions) -> float:
    now = ctx.clock.now()
    times = [*actions.backing_off.values(), *state.not_before.values(), _deadline(state)]
    due = [at for at in times if at > now]
    return min(due, default=0.0)
