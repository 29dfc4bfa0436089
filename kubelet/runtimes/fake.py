"""The fake runtime: containers that exist only as records. For tests, and for nodes that are simulated by the thousand.

Mirrors upstream's kubemark hollow node and pkg/kubelet/container/testing. What a container does is a `Behaviour`:
chosen by `FakeRuntime.behave("container name or image", Behaviour(...))`, or by the pod's annotation
`minik8s.io/fake` (JSON of the same fields), so that a whole simulated cluster can be programmed through the API.

All time comes from an injected clock: nothing sleeps really under a `VirtualClock`. State lives in this object alone:
a test of the kubelet's restart keeps the runtime and makes a new kubelet; a simulated node that restarts loses its
pods.

Faults for tests: `fail("create_container", error, times)`, `delay("run_sandbox", seconds)`, `available = False`.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import fields, replace

from minik8s.clock import Clock, SystemClock
from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.base import ContainerState as State
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour, FakeByteStream, FakeExecStream
from minik8s.kubelet.runtimes.fake_records import FakeContainer, FakeSandbox
from minik8s.kubelet.runtimes.logs import select

ANNOTATION = "minik8s.io/fake"
CAPABILITIES = frozenset({"network", "mounts", "users", "cgroups", "readonly-root", "gpus", "sysctls", "privileged"})


class FakeRuntime:
    """See the module's docstring."""

    name = "fake"

    def __init__(self, options: base.RuntimeOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.clock: Clock = clock or SystemClock()
        self.available = True
        self.calls: Counter[str] = Counter()
        self.sandboxes: dict[str, FakeSandbox] = {}
        self.containers: dict[str, FakeContainer] = {}
        self.images: dict[str, base.ImageInfo] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._faults: dict[str, list[Exception]] = {}
        self._delays: dict[str, float] = {}
        self._hub = base.EventHub()
        self._ids = itertools.count(1)
        self._free_ips: list[str] = []
        self._new_ips = _hosts(options.pod_cidr)

    # programming it -------------------------------------------------------------------------------------------------
    def behave(self, key: str, behaviour: Behaviour) -> None:
        """From now on, containers of this name (or image) that start behave so."""
        self._behaviours[key] = behaviour

    def fail(self, method: str, error: Exception, times: int = 1) -> None:
        """The next `times` calls of `method` raise `error`."""
        self._faults.setdefault(method, []).extend([error] * times)

    def delay(self, method: str, seconds: float) -> None:
        """Every call of `method` takes that long on the clock."""
        self._delays[method] = seconds

    def finish(self, container_id: str, exit_code: int = 0, reason: str = "") -> None:
        """Ends a running container, as if its process had."""
        container = self._container(container_id)
        if container.status.state is State.RUNNING:
            self._exited(container, exit_code, reason)

    def write_log(self, container_id: str, line: str, stream: int = 1) -> None:
        """Appends a line to a container's log."""
        self._container(container_id).append_log(self.clock.now(), line.encode(), stream)

    def crash_node(self) -> None:
        """Everything dies at once (a reboot); records stay, sandboxes are not ready."""
        for sandbox in list(self.sandboxes.values()):
            self._stop_sandbox(sandbox)
        self._hub.publish(base.RuntimeEvent(base.EventType.RESYNC))

    async def _enter(self, method: str) -> None:
        """Every call passes here: counted, delayed, failed as programmed."""
        self.calls[method] += 1
        if method in self._delays:
            await self.clock.sleep(self._delays[method])
        if not self.available:
            raise base.RuntimeUnavailable("the fake engine is down")
        if self._faults.get(method):
            raise self._faults[method].pop(0)

    # life cycle -----------------------------------------------------------------------------------------------------
    async def start(self) -> None:
        """→ base.Runtime."""
        await self._enter("start")

    async def close(self) -> None:
        """→ base.Runtime."""

    async def dismantle(self) -> None:
        """→ base.Runtime: nothing is on the host."""

    async def version(self) -> base.RuntimeVersion:
        """→ base.Runtime."""
        await self._enter("version")
        return base.RuntimeVersion("fake", "1.0.0", "1")

    async def capabilities(self) -> frozenset[str]:
        """→ base.Runtime; what it pretends to have."""
        return CAPABILITIES

    # sandboxes ------------------------------------------------------------------------------------------------------
    async def run_sandbox(self, config: base.SandboxConfig) -> base.SandboxStatus:
        """→ base.Runtime."""
        await self._enter("run_sandbox")
        for other in self.sandboxes.values():
            if (other.status.pod_uid, other.status.attempt) == (config.pod_uid, config.attempt):
                raise base.CreateContainerError(f"sandbox of {config.pod_name} attempt {config.attempt} exists")
        sandbox_id = f"fake-sandbox-{next(self._ids):08x}"
        ips = () if config.host_network else (self._take_ip(),)
        sandbox = FakeSandbox.create(sandbox_id, config, ips, self.clock.now(), self.options)
        self.sandboxes[sandbox_id] = sandbox
        self._publish(base.EventType.CONTAINER_STARTED, sandbox)
        return sandbox.status

    async def stop_sandbox(self, sandbox_id: str) -> None:
        """→ base.Runtime."""
        await self._enter("stop_sandbox")
        if sandbox := self.sandboxes.get(sandbox_id):
            self._stop_sandbox(sandbox)

    def _stop_sandbox(self, sandbox: FakeSandbox) -> None:
        for container in self._of_sandbox(sandbox.status.id):
            if container.status.state is State.RUNNING:
                self._exited(container, 137)
        if sandbox.status.state is base.SandboxState.READY:
            self._free_ips.extend(sandbox.status.ips)
            sandbox.status = replace(sandbox.status, state=base.SandboxState.NOT_READY, ips=())
            self._publish(base.EventType.CONTAINER_DIED, sandbox)

    async def remove_sandbox(self, sandbox_id: str) -> None:
        """→ base.Runtime."""
        await self._enter("remove_sandbox")
        if sandbox := self.sandboxes.get(sandbox_id):
            self._stop_sandbox(sandbox)
            for container in self._of_sandbox(sandbox_id):
                self._forget(container)
            del self.sandboxes[sandbox_id]
            self._publish(base.EventType.CONTAINER_REMOVED, sandbox)

    async def list_sandboxes(self, pod_uid: str = "") -> list[base.SandboxStatus]:
        """→ base.Runtime."""
        await self._enter("list_sandboxes")
        found = [s.status for s in self.sandboxes.values() if pod_uid in ("", s.status.pod_uid)]
        return found[::-1]

    async def sandbox_status(self, sandbox_id: str) -> base.SandboxStatus:
        """→ base.Runtime."""
        await self._enter("sandbox_status")
        return self._sandbox(sandbox_id).status

    # containers -----------------------------------------------------------------------------------------------------
    async def create_container(self, sandbox_id: str, config: base.ContainerConfig) -> str:
        """→ base.Runtime."""
        await self._enter("create_container")
        sandbox = self._sandbox(sandbox_id)
        if sandbox.status.state is not base.SandboxState.READY:
            raise base.CreateContainerError(f"sandbox {sandbox_id} is not running")
        for other in self._of_sandbox(sandbox_id):
            if (other.config.name, other.config.attempt) == (config.name, config.attempt):
                raise base.CreateContainerError(f"container {config.name} attempt {config.attempt} exists")
        if config.security.run_as_non_root and config.security.run_as_user == 0:
            raise base.CreateContainerConfigError("container's runAsUser breaks non-root policy")
        container_id = f"fake-{next(self._ids):08x}"
        behaviour = self._behaviour(sandbox, config)
        self.containers[container_id] = FakeContainer.create(
            container_id, sandbox.status, config, behaviour, self.clock.now(), self.options
        )
        return container_id

    def _behaviour(self, sandbox: FakeSandbox, config: base.ContainerConfig) -> Behaviour:
        for key in (f"{sandbox.status.pod_name}/{config.name}", config.name, config.image):
            if key in self._behaviours:
                return self._behaviours[key]
        text = config.annotations.get(ANNOTATION) or sandbox.status.annotations.get(ANNOTATION)
        if not text:
            return Behaviour()
        known = {f.name for f in fields(Behaviour)}
        return Behaviour(**{k: v for k, v in json.loads(text).items() if k in known})

    async def start_container(self, container_id: str) -> None:
        """→ base.Runtime."""
        await self._enter("start_container")
        container = self._container(container_id)
        if container.status.state is not State.CREATED:
            raise base.StartContainerError(f"container {container_id} is {container.status.state}")
        behaviour = container.behaviour
        if behaviour.start_delay:
            await self.clock.sleep(behaviour.start_delay)
        if behaviour.start_error:
            self._exited(container, 127, "ContainerCannotRun", behaviour.start_error)
            raise base.StartContainerError(behaviour.start_error)
        now = self.clock.now()
        container.status = replace(container.status, state=State.RUNNING, started_at=now, pid=1)
        for line in behaviour.log_lines:
            container.append_log(now, line.encode())
        if behaviour.run_for is not None:
            reason = "OOMKilled" if behaviour.oom_killed else ""
            code = 137 if behaviour.oom_killed else behaviour.exit_code
            container.timer = self.clock.call_later(behaviour.run_for, self._exited, container, code, reason)
        self._publish(base.EventType.CONTAINER_STARTED, container)

    def _exited(self, container: FakeContainer, code: int, reason: str = "", message: str = "") -> None:
        container.cancel_timer()
        container.status = replace(
            container.status,
            state=State.EXITED,
            exit_code=code,
            reason=reason or ("Completed" if code == 0 else "Error"),
            message=message,
            finished_at=self.clock.now(),
            pid=0,
        )
        container.wake()
        self._publish(base.EventType.CONTAINER_DIED, container)

    async def stop_container(self, container_id: str, grace: float) -> None:
        """→ base.Runtime."""
        await self._enter("stop_container")
        container = self.containers.get(container_id)
        if container is None or container.status.state is not State.RUNNING:
            return
        behaviour = container.behaviour
        takes = behaviour.stop_seconds if behaviour.stop_seconds is not None else grace
        if takes >= grace:
            takes, code = grace, 137
        else:
            code = behaviour.stop_exit_code
        if takes <= 0:
            self._exited(container, code)
            return
        container.cancel_timer()
        container.timer = self.clock.call_later(takes, self._exited, container, code)
        await container.ended.wait()

    async def remove_container(self, container_id: str) -> None:
        """→ base.Runtime."""
        await self._enter("remove_container")
        container = self.containers.get(container_id)
        if container is not None:
            if container.status.state is State.RUNNING:
                self._exited(container, 137)
            self._forget(container)
            self._publish(base.EventType.CONTAINER_REMOVED, container)

    def _forget(self, container: FakeContainer) -> None:
        container.cancel_timer()
        self.containers.pop(container.status.id, None)

    async def list_containers(self, pod_uid: str = "") -> list[base.ContainerStatus]:
        """→ base.Runtime."""
        await self._enter("list_containers")
        found = [c.status for c in self.containers.values() if pod_uid in ("", c.status.pod_uid)]
        return found[::-1]

    async def container_status(self, container_id: str) -> base.ContainerStatus:
        """→ base.Runtime."""
        await self._enter("container_status")
        return self._container(container_id).status

    async def update_resources(self, container_id: str, resources: base.Resources) -> None:
        """→ base.Runtime."""
        await self._enter("update_resources")
        container = self._container(container_id)
        container.config = replace(container.config, resources=resources)

    # images ---------------------------------------------------------------------------------------------------------
    async def image_status(self, image: str) -> base.ImageInfo | None:
        """→ base.Runtime: only what was pulled."""
        await self._enter("image_status")
        return self.images.get(image)

    async def pull_image(self, image: str, auth: base.ImageAuth | None = None) -> base.ImageInfo:
        """→ base.Runtime: everything can be pulled, unless `Behaviour.pull_error` says otherwise."""
        await self._enter("pull_image")
        behaviour = self._behaviours.get(image)
        if behaviour is not None and behaviour.pull_error:
            raise base.ImagePullError(behaviour.pull_error)
        info = base.ImageInfo(f"sha256:{abs(hash(image)):064x}", (image,), size=1 << 20, ref=f"fake://{image}")
        self.images[image] = info
        return info

    async def list_images(self) -> list[base.ImageInfo]:
        """→ base.Runtime."""
        await self._enter("list_images")
        return list(self.images.values())

    async def remove_image(self, image: str) -> None:
        """→ base.Runtime."""
        await self._enter("remove_image")
        if any(c.config.image == image for c in self.containers.values()):
            raise base.RuntimeFault(f"image {image} is in use", "ImageInUse")
        self.images.pop(image, None)

    # streams --------------------------------------------------------------------------------------------------------
    async def exec_sync(self, container_id: str, command: Sequence[str], timeout: float = 0) -> base.ExecResult:
        """→ base.Runtime: what `Behaviour.exec` says; else success, echoing the command."""
        await self._enter("exec_sync")
        container = self._running(container_id)
        if container.behaviour.exec_seconds:
            if timeout and container.behaviour.exec_seconds > timeout:
                await self.clock.sleep(timeout)
                raise TimeoutError(f"command {list(command)} timed out after {timeout:g} s")
            await self.clock.sleep(container.behaviour.exec_seconds)
        return container.behaviour.run_exec(command)

    async def exec(
        self, container_id: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False
    ) -> base.ExecStream:
        """→ base.Runtime: the result of `exec_sync`, then whatever is typed comes back when stdin is open."""
        await self._enter("exec")
        return FakeExecStream(self._running(container_id).behaviour.run_exec(command), echo=stdin)

    async def attach(self, container_id: str, *, stdin: bool = False, tty: bool = False) -> base.ExecStream:
        """→ base.Runtime: echoes."""
        await self._enter("attach")
        self._running(container_id)
        return FakeExecStream(base.ExecResult(0, b"", b""), echo=stdin)

    async def port_forward(self, sandbox_id: str, port: int) -> base.ByteStream:
        """→ base.Runtime: echoes."""
        await self._enter("port_forward")
        if self._sandbox(sandbox_id).status.state is not base.SandboxState.READY:
            raise ConnectionError(f"sandbox {sandbox_id} is not running")
        return FakeByteStream()

    async def logs(self, container_id: str, options: base.LogOptions) -> AsyncIterator[bytes]:
        """→ base.Runtime."""
        await self._enter("logs")
        container = self._container(container_id)
        position = len(container.log)
        for piece in select(container.log, options):
            yield piece
        rest = replace(options, tail=None)
        while options.follow and (container.status.state is not State.EXITED or position < len(container.log)):
            if position == len(container.log):
                await container.changed.wait()
            new, position = container.log[position:], len(container.log)
            for piece in select(new, rest):
                yield piece

    # figures and events ---------------------------------------------------------------------------------------------
    async def stats(self, pod_uid: str = "") -> list[base.ContainerStats]:
        """→ base.Runtime: `Behaviour.cpu_millis` and `.memory_bytes`."""
        await self._enter("stats")
        now = self.clock.now()
        return [
            c.stats(now)
            for c in self.containers.values()
            if c.status.state is State.RUNNING and pod_uid in ("", c.status.pod_uid)
        ]

    async def disk_usage(self, pod_uid: str = "") -> dict[str, int]:
        """→ base.Runtime: `Behaviour.disk_bytes`."""
        await self._enter("disk_usage")
        found = [c for c in self.containers.values() if pod_uid in ("", c.status.pod_uid)]
        return {c.status.id: c.behaviour.disk_bytes for c in found}

    def events(self) -> AsyncIterator[base.RuntimeEvent]:
        """→ base.Runtime."""
        return self._hub.subscribe()

    def _publish(self, kind: base.EventType, about: FakeSandbox | FakeContainer) -> None:
        self._hub.publish(about.event(kind))

    # look-ups -------------------------------------------------------------------------------------------------------
    def _sandbox(self, sandbox_id: str) -> FakeSandbox:
        if sandbox_id not in self.sandboxes:
            raise base.ContainerNotFound(f"no such sandbox: {sandbox_id}")
        return self.sandboxes[sandbox_id]

    def _container(self, container_id: str) -> FakeContainer:
        if container_id not in self.containers:
            raise base.ContainerNotFound(f"no such container: {container_id}")
        return self.containers[container_id]

    def _running(self, container_id: str) -> FakeContainer:
        container = self._container(container_id)
        if container.status.state is not State.RUNNING:
            raise base.ContainerNotFound(f"container {container_id} is not running")
        return container

    def _of_sandbox(self, sandbox_id: str) -> list[FakeContainer]:
        return [c for c in self.containers.values() if c.status.sandbox_id == sandbox_id]

    def _take_ip(self) -> str:
        return self._free_ips.pop(0) if self._free_ips else next(self._new_ips)


def _hosts(cidr: str) -> Iterator[str]:
    """Addresses of the range but the first (the node's); past its end it goes on: these pods are not routed anyway."""
    start = int(ipaddress.ip_network(cidr, strict=False).network_address)
    return (str(ipaddress.ip_address(start + i)) for i in itertools.count(2))
