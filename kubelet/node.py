"""The node's own objects: its Node, kept up to date, and its Lease, which says that it lives.

Mirrors upstream pkg/kubelet/kubelet_node_status.go and component-helpers' lease controller. The Lease is renewed every
10 seconds; the much larger status is written when something changed, and every 5 minutes.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from minik8s.api import coordination, core, meta
from minik8s.api.status import AlreadyExists, ApiError, NotFound
from minik8s.client.events import EventRecorder
from minik8s.client.informer import Informer
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.kubelet import events
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.devices.manager import DeviceManager
from minik8s.kubelet.eviction.thresholds import amounts, crossed, pressures
from minik8s.kubelet.machine import Machine, Usage, default_ip, read_machine, read_usage
from minik8s.kubelet.node_status import NodeInputs, compute_node_status, is_worth_telling
from minik8s.kubelet.runtimes.base import ImageInfo, Runtime, RuntimeFault
from minik8s.kubelet.volumes.local_path import ROOT_ANNOTATION, local_path_root

log = get_logger(__name__)

LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40
CHECK_SECONDS = 10.0
#: what is left of memory and disk is measured once in this time, for all nodes that a process plays
USAGE_SECONDS = 5.0
#: upstream's eviction-pressure-transition-period
PRESSURE_SECONDS = 300.0


class NodeReporter:
    """`register` once, then `run`."""

    def __init__(
        self,
        config: KubeletConfig,
        client: Client,
        clock: Clock,
        runtime: Runtime,
        devices: DeviceManager,
        recorder: EventRecorder,
        nodes: Informer[core.Node] | None = None,
    ) -> None:
        """`nodes`: a shared cache that somebody else runs."""
        self._config = config
        self._client = client
        self._clock = clock
        self._runtime = runtime
        self._devices = devices
        self._poked = asyncio.Event()
        devices.on_change = self._poked.set
        self._recorder = recorder
        self.machine: Machine = read_machine(_disk(config))
        self.addresses: tuple[str, ...] = (config.node_ip or default_ip(),)
        self._runtime_version = f"{config.runtime}://unknown"
        self._told_at = 0.0
        self._pressed: dict[str, float] = {}
        self._node = core.Node()
        own: Informer[core.Node] = Informer(client, core.Node, field_selector=f"metadata.name={config.node_name}")
        self._informer, self._owns_informer = (own, True) if nodes is None else (nodes, False)

    def node(self) -> core.Node:
        """Labels and taints as the API has them, status as it is known here."""
        seen = self._informer.get(self._config.node_name) if self._informer.synced else None
        return seen.model_copy(update={"status": self._node.status}) if seen else self._node

    # registration ---------------------------------------------------------------------------------------------------
    async def register(self) -> None:
        """Make or take over the Node object; tried until it works."""
        pause = 0.2
        while True:
            try:
                await self._register()
                break
            except (ApiError, OSError) as exc:
                log.warning("node not registered yet", node=self._config.node_name, error=str(exc))
                await self._clock.sleep(pause)
                pause = min(pause * 2, 7.0)
        self._recorder.event(self._ref(), events.NORMAL, events.NODE_STARTING, "Starting kubelet.")

    async def _register(self) -> None:
        wanted = self._new_node(await self._status())
        try:
            self._node = await self._client.create(wanted)
            log.info("node registered", node=self._config.node_name)
        except AlreadyExists:
            body = {"metadata": {"labels": wanted.metadata.labels, "annotations": wanted.metadata.annotations}}
            self._node = await self._client.patch(core.Node, self._config.node_name, "", body, type="merge")
        # the answer to a create has no status where status is a subresource
        await self._tell(await self._status())

    def _new_node(self, status: core.NodeStatus) -> core.Node:
        config = self._config
        node = core.Node(status=status)
        node.metadata.name = config.node_name
        node.metadata.labels = {
            "beta.kubernetes.io/arch": self.machine.architecture,
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": self.machine.architecture,
            "kubernetes.io/hostname": config.node_name,
            "kubernetes.io/os": "linux",
            **config.node_labels,
        }
        node.metadata.annotations = {"volumes.kubernetes.io/controller-managed-attach-detach": "true"}
        if not config.simulated:
            node.metadata.annotations[ROOT_ANNOTATION] = str(local_path_root(config.root_dir))
        node.spec.taints = [core.Taint(key=key, value=value or None, effect=effect)
                            for key, value, effect in config.taints]  # fmt: skip
        return node

    # status ---------------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            if self._owns_informer:
                group.create_task(self._informer.run())
            group.create_task(self._keep_status())
            group.create_task(self._keep_lease())

    async def _keep_status(self) -> None:
        while True:
            await self._wait(CHECK_SECONDS)
            try:
                new = await self._status()
                due = self._clock.now() - self._told_at >= self._config.status_report_seconds
                if due or is_worth_telling(self._node.status, new):
                    await self._tell(new)
            except NotFound:
                await self.register()  # somebody deleted the node: it lives, so it says so
            except (ApiError, OSError) as exc:
                log.warning("node status not written", node=self._config.node_name, error=str(exc))

    async def _wait(self, seconds: float) -> None:
        """So long, or until something changed that the node must tell at once."""
        timer = self._clock.call_later(seconds, self._poked.set)
        try:
            await self._poked.wait()
        finally:
            timer.cancel()
            self._poked.clear()

    async def _tell(self, status: core.NodeStatus) -> None:
        before = {c.type: c.status for c in self._node.status.conditions}
        body = {"status": status.to_dict()}
        body["status"]["addresses"] = [{"$patch": "replace"}, *body["status"]["addresses"]]
        answer = await self._client.patch(
            core.Node, self._config.node_name, "", body, type="strategic", subresource="status"
        )
        self._node = answer.model_copy(update={"status": status})
        self._told_at = self._clock.now()
        ready = next(c.status for c in status.conditions if c.type == "Ready")
        if before.get("Ready") != ready:
            reason = events.NODE_READY if ready == "True" else events.NODE_NOT_READY
            self._recorder.event(
                self._ref(), events.NORMAL, reason, f"Node {self._config.node_name} status is now: {reason}"
            )

    async def _status(self) -> core.NodeStatus:
        trouble = ""
        images: tuple[ImageInfo, ...] = ()
        try:
            version = await self._runtime.version()
            self._runtime_version = f"{version.name}://{version.version}"
            images = tuple(await self._runtime.list_images())
        except RuntimeFault as exc:
            trouble = f"container runtime is down: {exc}"
        usage = read_usage(_disk(self._config), int(self._clock.monotonic() / USAGE_SECONDS))
        inputs = NodeInputs(
            name=self._config.node_name,
            machine=self.machine,
            usage=usage,
            addresses=self.addresses,
            port=self._config.port,
            max_pods=self._config.max_pods,
            runtime_version=self._runtime_version,
            runtime_trouble=trouble,
            images=images,
            devices=self._devices.figures(),
            pressures=self._pressures(usage),
        )
        return compute_node_status(inputs, self._node.status.conditions, meta.format_time(self._clock.now()))

    def _pressures(self, usage: Usage) -> frozenset[str]:
        """What the node is short of, or was a while ago: a condition that came and went would bring the pods back."""
        now = self._clock.now()
        for name in pressures(crossed(self._config.eviction, amounts(usage, self.machine))):
            self._pressed[name] = now
        return frozenset(name for name, at in self._pressed.items() if now - at < PRESSURE_SECONDS)

    def _ref(self) -> core.ObjectReference:
        # upstream's events about nodes carry the name as uid
        return core.ObjectReference(api_version="v1", kind="Node", name=self._config.node_name,
                                    uid=self._config.node_name)  # fmt: skip

    # lease ----------------------------------------------------------------------------------------------------------
    async def _keep_lease(self) -> None:
        while True:
            pause = self._config.lease_seconds
            try:
                await self._renew()
            except (ApiError, OSError) as exc:
                log.warning("lease not renewed", node=self._config.node_name, error=str(exc))
                pause = min(2.0, pause)
            await self._clock.sleep(pause)

    async def _renew(self) -> None:
        name = self._config.node_name
        spec = {
            "holderIdentity": name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": meta.format_micro_time(self._clock.now()),
        }
        try:
            await self._client.patch(coordination.Lease, name, LEASE_NAMESPACE, {"spec": spec}, type="merge")
        except NotFound:
            lease = coordination.Lease.from_dict({"spec": spec})
            lease.metadata.name, lease.metadata.namespace = name, LEASE_NAMESPACE
            lease.metadata.owner_references = [
                meta.OwnerReference(api_version="v1", kind="Node", name=name, uid=self._node.metadata.uid)
            ]
            await self._client.create(lease)


def _disk(config: KubeletConfig) -> Path:
    """Simulated nodes of one process lie side by side on one disk."""
    return config.root_dir.parent if config.simulated else config.root_dir
