"""The loop: any change marks dirty; after a short settle the rules are rendered and the difference applied.

Mirrors ``pkg/proxy/iptables/proxier.go`` (OnServiceUpdate … syncProxyRules) and ``pkg/util/async`` (the bounded
frequency runner). A failed sync is tried again with growing pauses; every ``sync_period`` the kernel is checked for
somebody having flushed our chains.

Invariants: nothing is written before services and slices are both known whole; one sync at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from minik8s.api import core, discovery
from minik8s.client.informer import Informer
from minik8s.component import get_logger
from minik8s.proxy import rules
from minik8s.proxy.iptables import Iptables, IptablesError, forget_udp_connections
from minik8s.proxy.model import ServicePort, compute_service_ports
from minik8s.proxy.userspace import UserspaceProxy

log = get_logger(__name__)

#: Changes come in bursts (a service, then its slices); waiting this long joins them into one sync.
SETTLE_SECONDS = 0.03
#: Upstream's --iptables-sync-period.
SYNC_PERIOD = 30.0
#: Pauses after failed syncs: first, and at most.
RETRY_SECONDS = (0.5, 30.0)


class Backend(Protocol):
    """What carries rules out."""

    async def sync(self, before: list[ServicePort], after: list[ServicePort]) -> int:
        """Make the machine serve ``after``; ``before`` was served until now. Returns a size for the log."""

    async def check(self) -> bool:
        """Whether what was synced is still in place."""


class IptablesBackend:
    """Rules in the kernel."""

    def __init__(self, cluster_cidr: str = "", masquerade_all: bool = False) -> None:
        self.iptables = Iptables()
        self.cluster_cidr = cluster_cidr
        self.masquerade_all = masquerade_all

    async def sync(self, before: list[ServicePort], after: list[ServicePort]) -> int:
        try:
            size = await self.iptables.apply_rules(rules.render(after, self.cluster_cidr, self.masquerade_all))
        except IptablesError:
            self.iptables.forget()
            raise
        await forget_udp_connections(compute_stale_udp(before, after))
        return size

    async def check(self) -> bool:
        intact = await self.iptables.is_intact()
        if not intact:
            self.iptables.forget()
        return intact


class UserspaceBackend:
    """Listening sockets."""

    def __init__(self) -> None:
        self.proxy = UserspaceProxy()

    async def sync(self, before: list[ServicePort], after: list[ServicePort]) -> int:
        return await self.proxy.apply_rules(after)

    async def check(self) -> bool:
        return True


def compute_stale_udp(before: list[ServicePort], after: list[ServicePort]) -> list[tuple[str, int]]:
    """UDP addresses with an endpoint that went away, or with the first one that came; pure.

    The second case: a client that sent while there was none has an entry that leads nowhere.
    """
    old = {(sp.key, sp.cluster_ip): sp for sp in before if sp.protocol == "udp"}
    stale: list[tuple[str, int]] = []
    for sp in after:
        if sp.protocol != "udp":
            continue
        previous = old.pop((sp.key, sp.cluster_ip), None)
        known = set(previous.cluster_endpoints) if previous else set()
        now = set(sp.cluster_endpoints)
        if (known - now) or (now and not known):
            stale += [(address, sp.port) for address in (sp.cluster_ip, *sp.external_addresses)]
    stale += [(sp.cluster_ip, sp.port) for sp in old.values()]
    return stale


class ProxyLoop:
    """Watches services and slices, and keeps the backend in step.

    ``ready`` turns true with the first complete sync.
    """

    def __init__(
        self,
        services: Informer[core.Service],
        slices: Informer[discovery.EndpointSlice],
        backend: Backend,
        node_name: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.services, self.slices = services, slices
        self.backend, self.node_name, self.sleep = backend, node_name, sleep
        self.served: list[ServicePort] = []
        self.dirty = asyncio.Event()
        self.ready = False
        for informer in (services, slices):
            informer.add_handler(lambda *_: self.dirty.set())

    async def run(self) -> None:
        """Sync for ever."""
        await asyncio.gather(self.services.wait_synced(), self.slices.wait_synced())
        self.dirty.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sync_loop())
            group.create_task(self._check_loop())

    async def _sync_loop(self) -> None:
        pause = RETRY_SECONDS[0]
        while True:
            await self.dirty.wait()
            await self.sleep(SETTLE_SECONDS)
            self.dirty.clear()
            try:
                await self.sync()
            except Exception as error:  # noqa: BLE001 - the worker's one broad except: whatever failed is tried again, later
                log.warning("sync failed", error=str(error), retry_after=pause)
                await self.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])
                self.dirty.set()
            else:
                pause = RETRY_SECONDS[0]

    async def _check_loop(self) -> None:
        while True:
            await self.sleep(SYNC_PERIOD)
            if self.ready and not await self.backend.check():
                log.warning("our chains were flushed by somebody; writing them anew")
                self.dirty.set()

    async def sync(self) -> None:
        """Render what the caches hold and apply it."""
        wanted = compute_service_ports(self.services.list(), self.slices.list(), self.node_name)
        if self.ready and wanted == self.served and await self.backend.check():
            return
        size = await self.backend.sync(self.served, wanted)
        self.served, self.ready = wanted, True
        log.debug("synced", service_ports=len(wanted), size=size)
