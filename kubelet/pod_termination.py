"""The end of a pod: stop it, then take away all it had on this node.

Mirrors syncTerminatingPod and syncTerminatedPod of upstream pkg/kubelet/kubelet.go (1.22+). Two steps, because they end
differently: the containers of a finished pod stay as records (their logs may be read) until the pod is deleted, while
its sandbox, volumes and devices are given back at once.
"""

from __future__ import annotations

import asyncio
import shutil

from minik8s.client.log import get_logger
from minik8s.kubelet.container_kill import MIN_GRACE, hurry_all, kill_grace, stop_all
from minik8s.kubelet.context import NodeContext, PodState
from minik8s.kubelet.observed import key_of
from minik8s.kubelet.pod_files import log_directory
from minik8s.kubelet.pod_report import report
from minik8s.kubelet.pod_sync import observe

log = get_logger(__name__)


async def stop_pod(ctx: NodeContext, state: PodState) -> None:
    """Stop every container; a shorter grace period that arrives meanwhile holds from then on."""
    ctx.probes.stop_liveness(state.uid)
    await observe(ctx, state)
    if state.observed.running and not state.removed:
        await report(ctx, state)
    stops: set[asyncio.Task[None]] = set()
    grace = float("inf")
    try:
        while True:
            wanted = kill_grace(state.pod, state.removed)
            if state.eviction_grace is not None:
                wanted = min(wanted, max(state.eviction_grace, MIN_GRACE))
            if wanted < grace:
                stop = hurry_all if stops else stop_all
                grace = wanted
                stops.add(asyncio.create_task(stop(ctx, state, grace)))
            state.changed.clear()
            changed = asyncio.create_task(state.changed.wait())
            done, _ = await asyncio.wait({*stops, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            finished = done & stops
            if finished:
                for task in finished:
                    task.result()
                break
    finally:
        for task in stops:
            task.cancel()
    for sandbox in state.observed.sandboxes:
        await ctx.runtime.stop_sandbox(sandbox.id)
    ctx.probes.keep_only(state.uid, set())
    state.ended = True
    # Before the end is reported: whoever reads that report may place the next pod on these devices at once.
    ctx.devices.release(state.uid)
    await observe(ctx, state)
    await report(ctx, state)


async def release_pod(ctx: NodeContext, state: PodState) -> None:
    """Give volumes back (devices went when the last container stopped). The records of containers stay."""
    ctx.objects.forget(state.uid)
    await ctx.volumes.tear_down(state.uid)


async def remove_pod(ctx: NodeContext, state: PodState) -> None:
    """Take away what is left: records of containers, sandboxes, logs."""
    await observe(ctx, state)
    for container in state.observed.containers:
        await ctx.runtime.remove_container(container.id)
    for sandbox in state.observed.sandboxes:
        await ctx.runtime.remove_sandbox(sandbox.id)
    logs = log_directory(ctx, state.pod)
    if logs.is_dir():
        await asyncio.to_thread(shutil.rmtree, logs, True)
    log.debug("pod removed", pod=key_of(state.pod))
