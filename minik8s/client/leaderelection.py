"""Leader election on a Lease: of several processes of a kind, one works, the others wait.

Mirrors client-go tools/leaderelection. Whoever holds the lease renews it every `retry_period`; the others watch its
record and may take it once it has not changed for `lease_duration` *by their own clock* (clocks of different machines
are never compared). A leader that cannot renew for `renew_deadline` stops being one before the others may start; its
process should exit, since work in flight cannot be called back safely.

Invariant: lease_duration > renew_deadline > retry_period × 1.2, so that two never lead at once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from minik8s.api.coordination import Lease
from minik8s.api.meta import ObjectMeta, format_micro_time
from minik8s.api.status import ApiError, NotFound
from minik8s.client.log import get_logger
from minik8s.client.rest import Client
from minik8s.clock import wait_for

log = get_logger(__name__)

JITTER = 1.2


class LeadershipLost(Exception):
    """The lease could not be renewed in time: stop at once."""


class LeaderElector:
    """Competes for one Lease."""

    def __init__(
        self,
        client: Client,
        lease_name: str,
        identity: str,
        namespace: str = "kube-system",
        lease_duration: float = 15,
        renew_deadline: float = 10,
        retry_period: float = 2,
    ) -> None:
        if not lease_duration > renew_deadline > retry_period * JITTER:
            raise ValueError("leader election needs lease_duration > renew_deadline > retry_period × 1.2")
        self.client, self.lease_name, self.identity, self.namespace = client, lease_name, identity, namespace
        self.lease_duration, self.renew_deadline, self.retry_period = lease_duration, renew_deadline, retry_period
        self._observed: tuple[str | None, ...] = ()
        self._observed_at = float("-inf")
        self._leading = False

    @property
    def is_leader(self) -> bool:
        return self._leading

    async def run(self, main: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease, then run `main` while holding it; release it at the end.

        Raises LeadershipLost (and has cancelled `main`) if the lease was lost meanwhile.
        """
        await self._acquire()
        work = asyncio.ensure_future(main())
        renewal = asyncio.ensure_future(self._renew())
        try:
            await asyncio.wait({work, renewal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, renewal):
                task.cancel()
            results = await asyncio.gather(work, renewal, return_exceptions=True)
            if self._leading:
                await self._release()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _acquire(self) -> None:
        log.info("waiting to lead", lease=f"{self.namespace}/{self.lease_name}", identity=self.identity)
        while not await self._try():
            await self.client.clock.sleep(self.retry_period * (1 + JITTER * random.random()))
        self._leading = True
        log.info("leading", lease=f"{self.namespace}/{self.lease_name}", identity=self.identity)

    async def _renew(self) -> None:
        while True:
            await self.client.clock.sleep(self.retry_period)
            try:
                await wait_for(self.client.clock, self._renew_until_done(), self.renew_deadline)
            except TimeoutError:
                self._leading = False
                message = f"lease {self.namespace}/{self.lease_name} not renewed within {self.renew_deadline:g} s"
                raise LeadershipLost(message) from None

    async def _renew_until_done(self) -> None:
        while not await self._try():
            await self.client.clock.sleep(self.retry_period)

    async def _try(self) -> bool:
        try:
            return await self._try_once()
        except (ApiError, OSError) as error:
            log.warning("leader election failed", lease=self.lease_name, error=str(error))
            return False

    async def _try_once(self) -> bool:
        now = format_micro_time(self.client.clock.now())
        try:
            lease = await self.client.get(Lease, self.lease_name, self.namespace)
        except NotFound:
            lease = Lease(metadata=ObjectMeta(name=self.lease_name, namespace=self.namespace))
            self._claim(lease, now, transitions=0)
            self._observe(await self.client.create(lease))
            return True
        self._observe(lease)
        holder = lease.spec.holder_identity or ""
        if holder and holder != self.identity and not self._expired(lease):
            return False
        changed = lease.model_copy(deep=True)
        if holder == self.identity:
            changed.spec.renew_time = now
        else:
            self._claim(changed, now, transitions=(lease.spec.lease_transitions or 0) + 1)
        changed.spec.lease_duration_seconds = int(self.lease_duration)
        self._observe(await self.client.update(changed))
        return True

    def _claim(self, lease: Lease, now: str, transitions: int) -> None:
        spec = lease.spec
        spec.holder_identity, spec.acquire_time, spec.renew_time = self.identity, now, now
        spec.lease_duration_seconds, spec.lease_transitions = int(self.lease_duration), transitions

    def _observe(self, lease: Lease) -> None:
        spec = lease.spec
        record = (spec.holder_identity, spec.renew_time, spec.acquire_time)
        if record != self._observed:
            self._observed, self._observed_at = record, self.client.clock.monotonic()

    def _expired(self, lease: Lease) -> bool:
        duration = lease.spec.lease_duration_seconds or self.lease_duration
        return self.client.clock.monotonic() >= self._observed_at + duration

    async def _release(self) -> None:
        self._leading = False
        try:
            lease = (await self.client.get(Lease, self.lease_name, self.namespace)).model_copy(deep=True)
            if lease.spec.holder_identity != self.identity:
                return
            lease.spec.holder_identity, lease.spec.lease_duration_seconds = "", 1
            await self.client.update(lease)
        except (ApiError, OSError) as error:
            log.warning("lease not released, it will expire", lease=self.lease_name, error=str(error))
