"""Asks every node for its figures, every 15 seconds, through the API server's node proxy.

Mirrors metrics-server pkg/scraper/scraper.go. Upstream goes to the kubelets itself; through the proxy the add-on needs
no way to the nodes and no certificate that kubelets know. A node that is new is asked twice in quick succession, since
usage needs two points.
"""

from __future__ import annotations

import asyncio
import time

from minik8s.addons.metrics.exposition import parse_page
from minik8s.addons.metrics.usage import Store
from minik8s.api import core
from minik8s.api.status import ApiError
from minik8s.client.informer import Informer
from minik8s.client.rest import Client
from minik8s.component import get_logger

log = get_logger(__name__)

AT_A_TIME = 16
TIMEOUT_SECONDS = 10.0
SOON_SECONDS = 1.5
#: a kubelet's server comes up after its node is ready: so often it is asked again soon
PATIENCE = 5


class Scraper:
    """`run` until cancelled. `rounds`: how many times all nodes were asked."""

    def __init__(self, client: Client, store: Store) -> None:
        self._client, self._store = client, store
        self.nodes: Informer[core.Node] = Informer(client, core.Node)
        self.nodes.add_handler(self._on_node)
        self._woken = asyncio.Event()
        self._limit = asyncio.Semaphore(AT_A_TIME)
        self._failures: dict[str, int] = {}
        self.rounds = 0

    def _on_node(self, event: str, old: core.Node | None, new: core.Node | None) -> None:
        if event == "ADDED" or (new is not None and old is not None and _is_ready(new) and not _is_ready(old)):
            self._woken.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.nodes.run())
            await self.nodes.wait_synced()
            while True:
                self._woken.clear()
                await self.scrape_all()
                await self._pause()

    async def _pause(self) -> None:
        soon = any(
            self._store.has_one_point(name) or 0 < self._failures.get(name, 0) < PATIENCE for name in self._names()
        )
        try:
            async with asyncio.timeout(SOON_SECONDS if soon else self._store.resolution):
                await self._woken.wait()
        except TimeoutError:
            return

    def _names(self) -> set[str]:
        return {node.metadata.name or "" for node in self.nodes.list()}

    async def scrape_all(self) -> None:
        names = self._names()
        self._store.keep_only(names)
        self._failures = {name: count for name, count in self._failures.items() if name in names}
        async with asyncio.TaskGroup() as group:
            for name in sorted(names):
                group.create_task(self._scrape(name))
        self.rounds += 1

    async def _scrape(self, name: str) -> None:
        try:
            async with self._limit, asyncio.timeout(TIMEOUT_SECONDS):
                answer = await self._client.request("GET", f"/api/v1/nodes/{name}/proxy/metrics/resource")
        except (ApiError, OSError, TimeoutError) as exc:
            failures = self._failures[name] = self._failures.get(name, 0) + 1
            if failures == PATIENCE:
                log.warning("node not scraped", node=name, error=str(exc) or type(exc).__name__)
            return
        self._failures.pop(name, None)
        self._store.add(name, parse_page(answer.body.decode("utf-8", "replace"), time.time()))


def _is_ready(node: core.Node) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in node.status.conditions)
