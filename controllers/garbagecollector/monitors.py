"""One metadata-only cache per resource that the server has, following discovery.

Mirrors the monitors of upstream's pkg/controller/garbagecollector/graph_builder.go and its Sync loop.

Invariant: a resource counts as gone only if a discovery that succeeded does not list it; its objects then leave the
graph as removed, since the server has deleted them with their kind.
"""

import asyncio
from collections.abc import Callable

from minik8s.api.status import ApiError
from minik8s.client.informer import Informer
from minik8s.client.log import get_logger
from minik8s.client.resources import Resource
from minik8s.client.rest import Client
from minik8s.clock import wait_for
from minik8s.controllers.garbagecollector.graph import Node, node_of

log = get_logger(__name__)

RESYNC = 30.0
#: not worth following: they own nothing and nobody owns them for long
IGNORED = {"events", "events.events.k8s.io"}
NEEDED_VERBS = frozenset({"delete", "list", "watch"})

OnChange = Callable[[str, Node | None, Node | None], None]


def monitorable(resources: list[Resource]) -> dict[str, Resource]:
    """By group resource (`deployments.apps`): everything that can be listed, watched and deleted."""
    return {
        item.group_resource: item
        for item in resources
        if item.verbs >= NEEDED_VERBS and item.group_resource not in IGNORED
    }


class Monitors:
    """Keeps the caches, and answers which resource a kind is."""

    def __init__(self, client: Client, on_change: OnChange) -> None:
        self._client = client
        self._on_change = on_change
        self._running: dict[str, tuple[Resource, Informer[Node], asyncio.Task[None]]] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self.ready = asyncio.Event()

    def resource_for(self, api_version: str, kind: str) -> Resource | None:
        """By group and kind; the version of a reference may be an old one."""
        return self._by_kind.get((api_version.rpartition("/")[0], kind))

    async def run(self) -> None:
        """Follow discovery until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._sync(tasks)
                    await self._client.clock.sleep(RESYNC if self.ready.is_set() else 1.0)
        finally:
            self.ready.clear()

    async def _sync(self, tasks: asyncio.TaskGroup) -> None:
        try:
            resources = await self._client.discover()
        except (ApiError, OSError) as error:
            log.warning("discovery failed", error=str(error))
            return
        if not resources:
            return  # an answer without any resource is no answer
        self._by_kind = {(item.group, item.kind): item for item in resources}
        wanted = monitorable(resources)
        for name in self._running.keys() - wanted.keys():
            self._stop(name)
        fresh = [item for name, item in wanted.items() if name not in self._running]
        for resource in fresh:
            self._start(tasks, resource)
        if fresh:
            await self._wait([self._running[item.group_resource][1] for item in fresh])
        self.ready.set()

    def _start(self, tasks: asyncio.TaskGroup, resource: Resource) -> None:
        informer: Informer[Node] = Informer(self._client, resource, project=node_of)
        informer.add_handler(self._on_change)
        task = tasks.create_task(informer.run(), name=f"gc-{resource.group_resource}")
        self._running[resource.group_resource] = (resource, informer, task)

    def _stop(self, name: str) -> None:
        _, informer, task = self._running.pop(name)
        task.cancel()
        for node in informer.list():
            self._on_change("DELETED", node, None)

    async def _wait(self, informers: list[Informer[Node]]) -> None:
        """Hold the workers until new caches are full; a resource that never answers must not hold them for ever."""
        self.ready.clear()
        try:
            await wait_for(self._client.clock, asyncio.gather(*(item.wait_synced() for item in informers)), RESYNC)
        except TimeoutError:
            late = [item.resource.group_resource for item in informers if not item.synced]
            log.warning("some resources cannot be listed; going on without them", resources=",".join(late))
