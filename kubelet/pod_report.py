"""From what was observed of a pod to its status at the API server, and to its probes.

The part of upstream's syncPod that calls generateAPIPodStatus and the status manager, and probeManager.AddPod.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.kubelet.container_status import ContainerFacts
from minik8s.kubelet.context import NodeContext, PodState
from minik8s.kubelet.observed import find_container
from minik8s.kubelet.pod_files import termination_message
from minik8s.kubelet.probers import Target
from minik8s.kubelet.runtimes.base import ContainerState, ContainerStatus
from minik8s.kubelet.status import NodeFacts, StatusFacts, compute_pod_status, compute_rejection, is_terminal


async def report(ctx: NodeContext, state: PodState) -> core.PodStatus:
    """Compute the pod's status and hand it to the status manager."""
    if _ended_before_us(ctx, state):
        return state.pod.status
    if not state.ended:
        _probe_running(ctx, state)
    await _read_messages(ctx, state)
    status = _status(ctx, state)
    ctx.metrics.pod_status(state.uid, status.phase)
    if not state.removed:
        ctx.statuses.set(state.pod, status)
    return status


def _ended_before_us(ctx: NodeContext, state: PodState) -> bool:
    """A former kubelet said the last word (refused it, say), and nothing is left here that could add to it."""
    nothing = not state.observed.sandboxes and not state.observed.containers
    return nothing and is_terminal(state.pod.status) and ctx.statuses.get(state.uid) is None


def _status(ctx: NodeContext, state: PodState) -> core.PodStatus:
    pod = _with_last_status(ctx, state)
    if state.verdict is not None and not state.observed.sandboxes and not pod.status.container_statuses:
        return compute_rejection(pod, state.verdict, ctx.clock.now())
    facts = StatusFacts(
        node=NodeFacts(ctx.host_ips),
        containers=ContainerFacts(
            runtime_name=ctx.runtime.name,
            waiting=state.waiting,
            messages=state.messages,
            readiness=ctx.probes.results("readiness", state.uid),
            startup=ctx.probes.results("startup", state.uid),
            ended=state.ended,
            resources=state.resources,
        ),
        resize_pending=state.resize_pending,
        verdict=state.verdict,
        start_time=state.start_time,
        ended=state.ended,
    )
    return compute_pod_status(pod, state.observed, facts, ctx.clock.now())


def _with_last_status(ctx: NodeContext, state: PodState) -> core.Pod:
    """The pod with what was last said of it: newer than what the informer shows; others' conditions from the API."""
    last = ctx.statuses.get(state.uid)
    if last is None:
        return state.pod
    own = {condition.type for condition in last.conditions}
    others = [condition for condition in state.pod.status.conditions if condition.type not in own]
    return state.pod.model_copy(update={"status": last.model_copy(update={"conditions": [*last.conditions, *others]})})


def _probe_running(ctx: NodeContext, state: PodState) -> None:
    running = {status.id: status for status in state.observed.running}
    ctx.probes.keep_only(state.uid, set(running))
    ip = state.observed.sandbox.ip if state.observed.sandbox else ""
    for status in running.values():
        container = find_container(state.pod, status.name)
        if container is None:
            continue
        target = Target(container, status.id, ip or (ctx.host_ips[0] if ctx.host_ips else ""))
        was_ready = _was_ready(ctx, state, status)
        ctx.probes.watch(state.pod, target, status.started_at, adopted=was_ready is not None)
        if was_ready:
            ctx.probes.seed_ready(status.id)


def _was_ready(ctx: NodeContext, state: PodState, status: ContainerStatus) -> bool | None:
    """What the API says of a container that a former kubelet started; None for one of ours."""
    if not state.adopted:
        return None
    said = f"{ctx.runtime.name}://{status.id}"
    for old in (*state.pod.status.container_statuses, *state.pod.status.init_container_statuses):
        if old.container_id == said:
            return old.ready
    return None


async def _read_messages(ctx: NodeContext, state: PodState) -> None:
    for status in state.observed.containers:
        if status.state == ContainerState.EXITED and status.id not in state.messages:
            state.messages[status.id] = await termination_message(ctx, status)
