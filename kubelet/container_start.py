"""Starting one container: image, environment, files, create, start, postStart.

Mirrors startContainer of upstream pkg/kubelet/kuberuntime/kuberuntime_container.go. Raises StartFailure, whose reason
and message stand in the container's waiting state.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from minik8s.api import core
from minik8s.kubelet import events
from minik8s.kubelet.actions import next_backoff
from minik8s.kubelet.container_config import ContainerInputs, grace_of, render_container
from minik8s.kubelet.container_kill import stop_container
from minik8s.kubelet.context import NodeContext, PodState, unless_stopping
from minik8s.kubelet.downward import PodFacts
from minik8s.kubelet.env import ConfigError, EnvSources, compute_env, references
from minik8s.kubelet.hooks import HookFailure, run_hook
from minik8s.kubelet.images import ImageProblem, credentials
from minik8s.kubelet.objects import Key, ObjectsUnavailable
from minik8s.kubelet.observed import all_containers, restart_count
from minik8s.kubelet.pod_files import log_path, write_pod_files
from minik8s.kubelet.probers import Target
from minik8s.kubelet.record import Record, container_recorder
from minik8s.kubelet.runtimes.base import (
    ContainerConfig,
    ContainerState,
    ImageAuth,
    RuntimeFault,
    SandboxStatus,
    StartContainerError,
)
from minik8s.kubelet.security import compute_security
from minik8s.kubelet.service_env import compute_service_env, select_services

SERVICES_TIMEOUT = 10.0
RETRY = 10.0


class StartFailure(Exception):
    def __init__(self, reason: str, message: str, retry_after: float = RETRY) -> None:
        super().__init__(message)
        self.reason, self.message, self.retry_after = reason, message, retry_after


def env_references(pod: core.Pod) -> set[Key]:
    """The config maps and secrets that the containers' environments and image pulls read."""
    namespace = pod.metadata.namespace
    keys: set[Key] = set()
    for container in all_containers(pod):
        found = references(container)
        keys |= {(core.ConfigMap, namespace, name) for name in found.config_maps}
        keys |= {(core.Secret, namespace, name) for name in found.secrets}
    return keys | {(core.Secret, namespace, ref.name) for ref in pod.spec.image_pull_secrets if ref.name}


def pod_facts(ctx: NodeContext, pod: core.Pod, ips: tuple[str, ...]) -> PodFacts:
    return PodFacts(
        pod,
        node_name=ctx.config.node_name,
        host_ip=ctx.host_ips[0] if ctx.host_ips else "",
        host_ips=ctx.host_ips,
        pod_ips=ctx.host_ips if pod.spec.host_network else ips,
        allocatable=ctx.node().status.allocatable,
    )


async def start(
    ctx: NodeContext,
    state: PodState,
    sandbox: SandboxStatus,
    container: core.Container,
    kind: str,
    volumes: dict[str, Path],
) -> str:
    """Make the container run; its id. `kind`: "container" | "init" | "ephemeral"."""
    pod = state.pod

    record = container_recorder(ctx.recorder, pod, container.name, kind)
    try:
        auth = await _pull_secrets(ctx, pod, container)
        pull = asyncio.ensure_future(ctx.images.ensure(state.uid, container, auth, record))
        image = await unless_stopping(state, pull)
        config = await _config(ctx, state, sandbox, container, kind, volumes, image.id or container.image or "", record)
    except ImageProblem as exc:
        raise StartFailure(exc.reason, exc.message, exc.retry_after) from exc
    except (ConfigError, ObjectsUnavailable) as exc:
        record(events.WARNING, events.FAILED, f"Error: {exc}")
        raise StartFailure("CreateContainerConfigError", str(exc)) from exc
    half_made = state.observed.latest(container.name)
    if half_made is not None and half_made.state == ContainerState.CREATED:
        await ctx.runtime.remove_container(half_made.id)
    container_id = await _create_and_start(ctx, sandbox, config, record)
    await _post_start(ctx, state, sandbox, container, container_id, record)
    return container_id


async def _create_and_start(ctx: NodeContext, sandbox: SandboxStatus, config: ContainerConfig, record: Record) -> str:
    async with ctx.start_slots:
        try:
            container_id = await ctx.runtime.create_container(sandbox.id, config)
        except RuntimeFault as exc:
            record(events.WARNING, events.FAILED, f"Error: {exc}")
            raise StartFailure(exc.reason, str(exc)) from exc
        record(events.NORMAL, events.CREATED, f"Created container: {config.name}")
        try:
            await ctx.runtime.start_container(container_id)
        except StartContainerError as exc:
            record(events.WARNING, events.FAILED, f"Error: {exc}")
            # it exists, as exited: the crash back-off times the next attempt
            raise StartFailure("RunContainerError", str(exc), 0.0) from exc
        except RuntimeFault as exc:
            record(events.WARNING, events.FAILED, f"Error: {exc}")
            raise StartFailure(exc.reason, str(exc)) from exc
    record(events.NORMAL, events.STARTED, f"Started container {config.name}")
    return container_id


async def _post_start(
    ctx: NodeContext,
    state: PodState,
    sandbox: SandboxStatus,
    container: core.Container,
    container_id: str,
    record: Record,
) -> None:
    hook = container.lifecycle.post_start if container.lifecycle else None
    if hook is None:
        return
    target = Target(container, container_id, sandbox.ip or (ctx.host_ips[0] if ctx.host_ips else ""))
    try:
        await unless_stopping(state, asyncio.ensure_future(run_hook(hook, target, ctx.runtime, ctx.clock)))
    except HookFailure as exc:
        record(events.WARNING, events.FAILED_POST_START, f"PostStartHook failed: {exc}")
        await stop_container(
            ctx, state.pod, container, container_id, sandbox, grace_of(state.pod), "FailedPostStartHook"
        )
        raise StartFailure("PostStartHookError", str(exc), 0.0) from exc


async def _pull_secrets(ctx: NodeContext, pod: core.Pod, container: core.Container) -> list[ImageAuth]:
    found: list[ImageAuth] = []
    for ref in pod.spec.image_pull_secrets:
        secret = await ctx.objects.get(core.Secret, pod.metadata.namespace, ref.name) if ref.name else None
        if secret is not None:
            found += credentials(secret, container.image or "")
    return found


async def _config(
    ctx: NodeContext,
    state: PodState,
    sandbox: SandboxStatus,
    container: core.Container,
    kind: str,
    volumes: dict[str, Path],
    image: str,
    record: Record,
) -> ContainerConfig:
    pod = state.pod
    attempt = _attempt(state, container.name)
    seccomp = str(ctx.config.root_dir / "seccomp")
    security = compute_security(pod, container, seccomp, _ephemeral_target(state, container))
    inputs = ContainerInputs(
        env=await _environment(ctx, pod, container, sandbox, record),
        image=container.image or image,
        kind=kind,
        attempt=attempt,
        backoff=next_backoff(state.observed, container.name),
        security=security,
        volumes=volumes,
        files=write_pod_files(ctx, pod, container, sandbox, attempt),
        log_path=log_path(ctx, pod, container.name, attempt),
        node_memory=ctx.node_memory,
    )
    return await ctx.devices.equip(state.uid, render_container(pod, container, inputs))


def _attempt(state: PodState, name: str) -> int:
    """One more than the last; if the runtime has no record, the API's status remembers."""
    last = state.observed.latest(name)
    if last is not None:
        # one that was made and never started (a kubelet died in between) was no attempt
        return restart_count(last) + (last.state != ContainerState.CREATED)
    status = state.pod.status
    for old in (*status.container_statuses, *status.init_container_statuses, *status.ephemeral_container_statuses):
        if old.name == name and old.container_id:
            return old.restart_count + 1
    return 0


def _ephemeral_target(state: PodState, container: core.Container) -> str:
    for ephemeral in state.pod.spec.ephemeral_containers:
        if ephemeral.name == container.name and ephemeral.target_container_name:
            target = state.observed.latest(ephemeral.target_container_name)
            return target.id if target else ""
    return ""


async def _environment(
    ctx: NodeContext, pod: core.Pod, container: core.Container, sandbox: SandboxStatus, record: Record
) -> dict[str, str]:
    try:
        await asyncio.wait_for(ctx.services.wait_synced(), SERVICES_TIMEOUT)
    except TimeoutError as exc:
        raise ConfigError("services have not yet been read at least once, cannot construct envvars") from exc
    namespace, wanted = pod.metadata.namespace, references(container)
    links = pod.spec.enable_service_links is not False
    result = compute_env(
        container,
        EnvSources(
            pod_facts(ctx, pod, sandbox.ips),
            {name: await ctx.objects.get(core.ConfigMap, namespace, name) for name in wanted.config_maps},
            {name: await ctx.objects.get(core.Secret, namespace, name) for name in wanted.secrets},
            compute_service_env(select_services(_services(ctx, namespace), namespace, links)),
        ),
    )
    for source, name, keys in result.skipped:
        listed = ", ".join(keys)
        text = f"Keys [{listed}] from the EnvFrom {source} {namespace}/{name} were skipped since they are considered"
        record(events.WARNING, events.INVALID_ENV_NAMES, f"{text} invalid environment variable names.")
    return result.variables


def _services(ctx: NodeContext, namespace: str) -> list[core.Service]:
    always = ctx.services.get("default/kubernetes")
    own = ctx.services.list(namespace)
    return own if namespace == "default" or always is None else [*own, always]
