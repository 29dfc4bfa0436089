"""Stopping containers: preStop, the stop signal, SIGKILL; and all of a pod's in the right order.

Mirrors killContainer and killContainersWithSyncResult of upstream pkg/kubelet/kuberuntime/kuberuntime_container.go:
the preStop hook spends from the grace period; sidecars outlive the others and stop in reverse order.
"""

from __future__ import annotations

import asyncio

from minik8s.api import core
from minik8s.client.log import get_logger
from minik8s.kubelet import events
from minik8s.kubelet.container_config import grace_of
from minik8s.kubelet.context import NodeContext, PodState
from minik8s.kubelet.hooks import HookFailure, run_hook
from minik8s.kubelet.observed import find_container, is_sidecar, key_of
from minik8s.kubelet.probers import Target
from minik8s.kubelet.record import container_recorder
from minik8s.kubelet.runtimes.base import ContainerStatus, SandboxStatus

log = get_logger(__name__)

#: the stop signal always gets this much, even when preStop used the whole grace period
MIN_GRACE = 1.0
MIN_GRACE_AFTER_HOOK = 2.0


def kill_grace(pod: core.Pod, removed: bool = False) -> float:
    """The deletion's grace period, or the spec's."""
    deletion = pod.metadata.deletion_grace_period_seconds
    if deletion is not None:
        return max(float(deletion), MIN_GRACE)
    return MIN_GRACE if removed and pod.metadata.deletion_timestamp else float(grace_of(pod))


def probe_grace(pod: core.Pod, container: core.Container | None, probe: str) -> float:
    """A failed liveness or startup probe may have a grace period of its own."""
    spec = None
    if container is not None:
        spec = container.liveness_probe if probe == "liveness" else container.startup_probe if probe else None
    own = spec.termination_grace_period_seconds if spec else None
    return float(grace_of(pod) if own is None else own)


async def stop_container(
    ctx: NodeContext,
    pod: core.Pod,
    container: core.Container | None,
    container_id: str,
    sandbox: SandboxStatus | None,
    grace: float,
    message: str = "",
) -> None:
    """`container` is None when the spec is not known (any more): then there is no hook to run."""
    name = container.name if container else container_id[:12]
    begun = ctx.clock.monotonic()
    if container is not None:
        record = container_recorder(ctx.recorder, pod, name)
        record(events.NORMAL, events.KILLING, message or f"Stopping container {name}")
        hook = container.lifecycle.pre_stop if container.lifecycle else None
        if hook is not None and grace > 0:
            ip = sandbox.ip if sandbox else ""
            target = Target(container, container_id, ip or (ctx.host_ips[0] if ctx.host_ips else ""))
            await _pre_stop(ctx, pod, hook, target, grace)
            grace = max(grace - (ctx.clock.monotonic() - begun), MIN_GRACE_AFTER_HOOK)
    await ctx.runtime.stop_container(container_id, grace)
    log.debug("container stopped", pod=key_of(pod), container=name, seconds=round(ctx.clock.monotonic() - begun, 3))


async def _pre_stop(ctx: NodeContext, pod: core.Pod, hook: core.LifecycleHandler, target: Target, grace: float) -> None:
    record = container_recorder(ctx.recorder, pod, target.container.name)
    work = asyncio.ensure_future(run_hook(hook, target, ctx.runtime, ctx.clock))
    limit = asyncio.ensure_future(ctx.clock.sleep(grace))
    try:
        await asyncio.wait({work, limit}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        else:
            log.info("preStop hook did not end in time", pod=key_of(pod), container=target.container.name)
    except HookFailure as exc:
        record(events.WARNING, events.FAILED_PRE_STOP, f"PreStopHook failed: {exc}")
    finally:
        limit.cancel()
        work.cancel()


async def hurry_all(ctx: NodeContext, state: PodState, grace: float) -> None:
    """While `stop_all` is under way: the time left is shorter now. Hooks that run are not run again."""
    async with asyncio.TaskGroup() as group:
        for status in state.observed.running:
            group.create_task(ctx.runtime.stop_container(status.id, grace))


async def stop_all(ctx: NodeContext, state: PodState, grace: float) -> None:
    """Stop every running container of the pod; sidecars last, in reverse order."""
    pod, sandbox = state.pod, state.observed.sandbox
    running = [c for c in state.observed.containers if c.state in ("running", "unknown")]
    order = [c.name for c in pod.spec.init_containers if is_sidecar(c)]
    sidecars = sorted((c for c in running if c.name in order), key=lambda c: -order.index(c.name))
    others = [c for c in running if c.name not in order]
    begun = ctx.clock.monotonic()
    async with asyncio.TaskGroup() as group:
        for status in others:
            group.create_task(_stop(ctx, pod, status, sandbox, grace))
    for status in sidecars:
        left = max(grace - (ctx.clock.monotonic() - begun), MIN_GRACE)
        await _stop(ctx, pod, status, sandbox, left)


async def _stop(
    ctx: NodeContext, pod: core.Pod, status: ContainerStatus, sandbox: SandboxStatus | None, grace: float
) -> None:
    await stop_container(ctx, pod, find_container(pod, status.name), status.id, sandbox, grace)
