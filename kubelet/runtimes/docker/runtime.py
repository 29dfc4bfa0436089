"""The Docker runtime: pods are a pause container, and the rest in its namespaces.

Mirrors pkg/kubelet/dockershim. Speed matters (one container's start here is about 0.3 s of the engine's own time): one
list call for a whole node, an inspect per container and state, kept until an event says otherwise; stops and streams
hold no thread.

Leaves out: log files in the CRI layout (the engine keeps the logs), CNI (the pod's network is the engine's bridge).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from minik8s.client.log import get_logger
from minik8s.kubelet.runtimes import base, pause
from minik8s.kubelet.runtimes.docker import config as render
from minik8s.kubelet.runtimes.docker import inspect as parse
from minik8s.kubelet.runtimes.docker.engine import Engine, EngineError
from minik8s.kubelet.runtimes.docker.execution import Execution
from minik8s.kubelet.runtimes.docker.hairpin import allow_hairpin
from minik8s.kubelet.runtimes.docker.images import DockerImages
from minik8s.kubelet.runtimes.docker.streams import demultiplex
from minik8s.kubelet.runtimes.netns import open_in_pod

log = get_logger(__name__)
RECONNECT_SECONDS = 0.5
CAPABILITIES = frozenset({
    "network", "pid-namespace", "mounts", "users", "cgroups", "images", "readonly-root", "gpus", "sysctls",
    "privileged",
})  # fmt: skip


class DockerRuntime:
    """See the module's docstring."""

    name = "docker"

    def __init__(self, options: base.RuntimeOptions) -> None:
        self.options = options
        self.engine = Engine(options.max_threads, options.env.get("DOCKER_HOST", ""))
        self.images = DockerImages(self.engine)
        self._execution = Execution(self.engine)
        self._hub = base.EventHub()
        self._watcher: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._places: dict[str, render.Place] = {}
        self._statuses: dict[str, base.ContainerStatus] = {}
        self._least_oom_score = -1000

    # life cycle -----------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """→ base.Runtime."""
        await self.version()
        await self.images.ensure(self.options.pause_image, pause.build_root_tar, pause.image_changes())
        if not may_lower_oom_score():
            self._least_oom_score = 0
        self._watcher = asyncio.create_task(self._watch(), name="docker-events")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), 5)

    async def close(self) -> None:
        """→ base.Runtime."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        self.engine.close()

    async def dismantle(self) -> None:
        """→ base.Runtime: the pause image stays, everything else went with its pods."""

    async def version(self) -> base.RuntimeVersion:
        """→ base.Runtime."""
        answer = await self.engine.call(lambda client: client.version(api_version=False))
        return base.RuntimeVersion("docker", answer.get("Version", ""), answer.get("ApiVersion", ""))

    async def capabilities(self) -> frozenset[str]:
        """→ base.Runtime."""
        return CAPABILITIES

    # sandboxes ------------------------------------------------------------------------------------------------------
    async def run_sandbox(self, config: base.SandboxConfig) -> base.SandboxStatus:
        """→ base.Runtime."""
        name = render.container_name("POD", config.pod_name, config.pod_namespace, config.pod_uid, config.attempt)
        while True:
            body = render.render_sandbox(config, self.options, self._least_oom_score)
            identifier = await self._create(name, body)
            try:
                await self.engine.call(self._starter(identifier))
            except base.RuntimeFault as exc:
                with contextlib.suppress(base.RuntimeFault):
                    await self._remove(identifier)
                if self._learns_oom_limit(exc):
                    continue
                raise _as_create_error(exc) from exc
            place = await self._place(identifier)
            if not place.status.host_network:
                allow_hairpin(place.pid)
            return place.status

    @staticmethod
    def _starter(identifier: str) -> Callable[[Any], None]:
        return lambda client: client.start(identifier)

    def _learns_oom_limit(self, exc: base.RuntimeFault) -> bool:
        """An engine without CAP_SYS_RESOURCE may not protect from the OOM killer: do without, once and for all."""
        if "oom_score_adj" not in exc.message or self._least_oom_score == 0:
            return False
        self._least_oom_score = 0
        return True

    async def _create(self, name: str, body: dict[str, Any]) -> str:
        """A container of that name; a left-over of a crash that never ran makes room."""
        for last in (False, True):
            try:
                answer = await self.engine.call(lambda client: client.create_container_from_config(body, name))
                return str(answer["Id"])
            except EngineError as exc:
                if exc.status != 409 or last or not await self._remove_unstarted(name):
                    raise _as_create_error(exc) from exc
            except base.ContainerNotFound as exc:  # the image, or the sandbox whose namespaces it joins
                raise _as_create_error(exc) from exc
        raise AssertionError("not reached")

    async def _remove_unstarted(self, name: str) -> bool:
        try:
            info = await self.engine.call(lambda client: client.inspect_container(name))
        except base.ContainerNotFound:
            return True
        if info["State"]["Status"] not in ("created", "dead", "removing"):
            return False
        await self._remove(info["Id"])
        return True

    async def _place(self, sandbox_id: str) -> render.Place:
        """The sandbox, inspected once and kept until an event."""
        place = self._places.get(sandbox_id)
        if place is None:
            info = await self.engine.call(lambda client: client.inspect_container(sandbox_id))
            place = parse.parse_place(info)
            self._places[sandbox_id] = place
        return place

    async def stop_sandbox(self, sandbox_id: str) -> None:
        """→ base.Runtime."""
        inside = await self._list({base.LABEL_SANDBOX_ID: sandbox_id})
        running = [entry["Id"] for entry in inside if entry["State"] == "running"]
        await asyncio.gather(*(self._kill(identifier) for identifier in [*running, sandbox_id]))

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """→ base.Runtime."""
        inside = await self._list({base.LABEL_SANDBOX_ID: sandbox_id})
        await asyncio.gather(*(self._remove(entry["Id"]) for entry in inside))
        await self._remove(sandbox_id)

    async def list_sandboxes(self, pod_uid: str = "") -> list[base.SandboxStatus]:
        """→ base.Runtime."""
        entries = await self._list({base.LABEL_KIND: "sandbox"}, pod_uid)
        places = []
        for entry in entries:
            known = self._places.get(entry["Id"])
            if known and (known.status.state is base.SandboxState.READY) != (entry["State"] == "running"):
                del self._places[entry["Id"]]
            places.append(self._or_gone(self._place(entry["Id"])))
        return [place.status for place in await asyncio.gather(*places) if place is not None]

    async def sandbox_status(self, sandbox_id: str) -> base.SandboxStatus:
        """→ base.Runtime: always asks the engine."""
        self._places.pop(sandbox_id, None)
        return (await self._place(sandbox_id)).status

    # containers -----------------------------------------------------------------------------------------------------
    async def create_container(self, sandbox_id: str, config: base.ContainerConfig) -> str:
        """→ base.Runtime."""
        place = await self._place(sandbox_id)
        if config.security.run_as_non_root:
            await self._verify_non_root(config)
        status = place.status
        name = render.container_name(config.name, status.pod_name, status.pod_namespace, status.pod_uid, config.attempt)
        try:
            body = render.render_container(place, config, self.options, self._least_oom_score)
        except (OSError, ValueError) as exc:
            message = f"cannot load seccomp profile {config.security.seccomp}: {exc}"
            raise base.CreateContainerConfigError(message) from exc
        return await self._create(name, body)

    async def _verify_non_root(self, config: base.ContainerConfig) -> None:
        """Upstream's kuberuntime/security_context.go, message and all."""
        user = config.security.run_as_user
        if user == 0:
            raise base.CreateContainerConfigError("container's runAsUser breaks non-root policy")
        if user is not None:
            return
        image = await self.images.status(config.image)
        name = (image.user if image else "").split(":")[0]
        if name in ("", "0", "root"):
            raise base.CreateContainerConfigError("container has runAsNonRoot and image will run as root")
        if not name.isdigit():
            raise base.CreateContainerConfigError(
                f"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root"
            )

    async def start_container(self, container_id: str) -> None:
        """→ base.Runtime."""
        try:
            await self.engine.call(lambda client: client.start(container_id))
        except EngineError as exc:
            self._statuses.pop(container_id, None)
            self._learns_oom_limit(exc)
            raise base.StartContainerError(exc.message) from exc
        self._statuses.pop(container_id, None)

    async def stop_container(self, container_id: str, grace: float) -> None:
        """→ base.Runtime."""
        if grace <= 0:
            await self._kill(container_id)
            return
        with contextlib.suppress(base.ContainerNotFound):
            await self.engine.post(f"/containers/{container_id}/stop", {"t": math.ceil(grace)})

    async def _kill(self, container_id: str) -> None:
        """SIGKILL, and wait; nothing happens to what is dead."""
        with contextlib.suppress(base.ContainerNotFound):
            try:
                await self.engine.post(f"/containers/{container_id}/kill", {"signal": "KILL"})
            except EngineError as exc:
                if exc.status != 409:  # 409: it does not run
                    raise
                return
            await self.engine.post(f"/containers/{container_id}/wait", {"condition": "not-running"})

    async def remove_container(self, container_id: str) -> None:
        """→ base.Runtime."""
        await self._remove(container_id)

    async def _remove(self, identifier: str) -> None:
        self._places.pop(identifier, None)
        self._statuses.pop(identifier, None)
        with contextlib.suppress(base.ContainerNotFound):
            try:
                await self.engine.call(lambda client: client.remove_container(identifier, v=True, force=True))
            except EngineError as exc:
                if exc.status != 409:  # removal is under way already
                    raise

    async def list_containers(self, pod_uid: str = "") -> list[base.ContainerStatus]:
        """→ base.Runtime."""
        entries = await self._list({base.LABEL_KIND: "container"}, pod_uid)
        found = await asyncio.gather(*(self._or_gone(self._status(e["Id"], e["State"])) for e in entries))
        return [status for status in found if status is not None]

    async def container_status(self, container_id: str) -> base.ContainerStatus:
        """→ base.Runtime: always asks the engine."""
        self._statuses.pop(container_id, None)
        return await self._status(container_id, "")

    async def _status(self, container_id: str, engine_state: str) -> base.ContainerStatus:
        """The container, inspected once per state and kept until an event or another state in a list."""
        known = self._statuses.get(container_id)
        if known is not None and (known.state is base.ContainerState.RUNNING) == (engine_state == "running"):
            return known
        info = await self.engine.call(lambda client: client.inspect_container(container_id))
        status = parse.parse_container(info, await self.images.ref(info["Image"]))
        if status.state is not base.ContainerState.CREATED:
            self._statuses[container_id] = status
        return status

    async def _or_gone(self, work: Any) -> Any:
        """None for what vanished between the list and the inspect."""
        try:
            return await work
        except base.ContainerNotFound:
            return None

    async def _list(self, labels: dict[str, str], pod_uid: str = "") -> list[dict[str, Any]]:
        wanted = {base.LABEL_NODE: self.options.node_name, base.LABEL_CLUSTER: self.options.cluster_id, **labels}
        if pod_uid:
            wanted[base.LABEL_POD_UID] = pod_uid
        filters = {"label": [f"{key}={value}" for key, value in wanted.items()]}
        entries: list[dict[str, Any]] = await self.engine.call(
            lambda client: client.containers(all=True, filters=filters)
        )
        return [entry for entry in entries if entry["State"] != "removing"]

    async def update_resources(self, container_id: str, resources: base.Resources) -> None:
        """→ base.Runtime."""
        fields = render.render_resources(resources)

        def work(client: Any) -> None:
            client._result(client._post_json(client._url("/containers/{0}/update", container_id), data=fields))

        await self.engine.call(work)

    # images ---------------------------------------------------------------------------------------------------------
    async def image_status(self, image: str) -> base.ImageInfo | None:
        """→ base.Runtime."""
        return await self.images.status(image)

    async def pull_image(self, image: str, auth: base.ImageAuth | None = None) -> base.ImageInfo:
        """→ base.Runtime."""
        return await self.images.pull(image, auth)

    async def list_images(self) -> list[base.ImageInfo]:
        """→ base.Runtime."""
        return await self.images.all()

    async def remove_image(self, image: str) -> None:
        """→ base.Runtime."""
        await self.images.remove(image)

    # streams --------------------------------------------------------------------------------------------------------
    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: float = 0) -> base.ExecResult:
        """→ base.Runtime."""
        return await self._execution.run(container_id, command, timeout)

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> base.ExecStream:
        """→ base.Runtime."""
        return await self._execution.open(container_id, command, stdin=stdin, tty=tty)

    async def attach(self, container_id: str, *, stdin: bool = False, tty: bool = False) -> base.ExecStream:
        """→ base.Runtime."""

        async def exit_code() -> int:
            return (await self.container_status(container_id)).exit_code

        return await self._execution.attach(container_id, stdin, tty, exit_code)

    async def port_forward(self, sandbox_id: str, port: int) -> base.ByteStream:
        """→ base.Runtime."""
        place = await self._place(sandbox_id)
        return await open_in_pod(place.pid if self.engine.local else 0, place.status.ip, port)

    async def logs(self, container_id: str, options: base.LogOptions) -> AsyncIterator[bytes]:
        """→ base.Runtime."""
        status = await self._status(container_id, "running")
        query: dict[str, Any] = {
            "stdout": int(options.stdout),
            "stderr": int(options.stderr),
            "follow": int(options.follow),
            "timestamps": int(options.timestamps),
            "tail": "all" if options.tail is None else options.tail,
        }
        if options.since is not None:
            query["since"] = f"{options.since:.9f}"
        source = self.engine.stream(f"/containers/{container_id}/logs", query)
        async for piece in demultiplex(source, status.labels.get(render.LABEL_TTY) == "true"):
            yield piece

    # figures and events ---------------------------------------------------------------------------------------------
    async def stats(self, pod_uid: str = "") -> list[base.ContainerStats]:
        """→ base.Runtime: containers, and sandboxes (for the network's counters)."""
        entries = [entry for entry in await self._list({}, pod_uid) if entry["State"] == "running"]

        async def one(identifier: str) -> base.ContainerStats:
            raw = await self.engine.call(lambda client: client.stats(identifier, stream=False, one_shot=True))
            return parse.parse_stats(identifier, raw, time.time())

        found = await asyncio.gather(*(self._or_gone(one(entry["Id"])) for entry in entries))
        return [stats for stats in found if stats is not None]

    async def disk_usage(self, pod_uid: str = "") -> dict[str, int]:
        """→ base.Runtime: the engine walks the layers."""
        labels = [f"{base.LABEL_NODE}={self.options.node_name}", f"{base.LABEL_CLUSTER}={self.options.cluster_id}"]
        labels += [f"{base.LABEL_POD_UID}={pod_uid}"] if pod_uid else []
        query = {"label": labels}
        entries = await self.engine.call(lambda client: client.containers(all=True, size=True, filters=query))
        return {entry["Id"]: entry.get("SizeRw", 0) for entry in entries}

    def events(self) -> AsyncIterator[base.RuntimeEvent]:
        """→ base.Runtime."""
        return self._hub.subscribe()

    async def _watch(self) -> None:
        """Follows the engine's events for ever. Whenever the stream stands (again), everything must be looked at."""
        labels = [f"{base.LABEL_NODE}={self.options.node_name}", f"{base.LABEL_CLUSTER}={self.options.cluster_id}"]
        query = {"filters": json.dumps({"type": ["container"], "label": labels})}
        while True:
            try:
                rest = b""
                async for piece in self.engine.stream("/events", query, self._resync):
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in filter(None, lines):
                        self._on_event(json.loads(line))
            except base.RuntimeFault as exc:
                log.warning("the engine's events were cut", error=exc.message)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _resync(self) -> None:
        self._places.clear()
        self._statuses.clear()
        self._connected.set()
        self._hub.publish(base.RuntimeEvent(base.EventType.RESYNC))

    def _on_event(self, raw: dict[str, Any]) -> None:
        event = parse.parse_event(raw)
        if event is None:
            return
        identifier = event.container_id or event.sandbox_id
        self._statuses.pop(identifier, None)
        if not event.container_id:
            self._places.pop(identifier, None)
        self._hub.publish(event)


def may_lower_oom_score(path: Path = Path("/proc/self/oom_score_adj")) -> bool:
    """Whether this machine lets us protect a process from the OOM killer; tried on ourselves, and put back."""
    try:
        before = path.read_text()
        path.write_text("-999")
        path.write_text(before)
    except OSError:
        return False
    return True


def _as_create_error(exc: base.RuntimeFault) -> base.RuntimeFault:
    return exc if isinstance(exc, base.RuntimeUnavailable) else base.CreateContainerError(exc.message)
