"""The event recorder: tell people what happened to an object, never holding up the one who tells.

Mirrors client-go tools/record (core/v1 Events). `event` puts into a bounded queue and returns; tasks correlate
(correlator.py) and write. A full queue, or a server that stays away, costs events, never work.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from minik8s.api.base import Model
from minik8s.api.meta import format_time
from minik8s.api.status import ApiError, NotFound
from minik8s.client.correlator import Correlator, Plan
from minik8s.client.log import get_logger
from minik8s.client.resources import Resource, resolve_object
from minik8s.client.rest import Client

log = get_logger(__name__)

EVENTS = Resource("", "v1", "events", "Event")  # as dicts: nobody looks at them here
WRITERS, QUEUE_MAX = 4, 1000
MAX_TRIES, RETRY_SECONDS = 12, 10.0


class EventRecorder:
    """Records events in the name of one component."""

    def __init__(self, client: Client, component: str, host: str = "") -> None:
        self._client = client
        self._source = {"component": component, **({"host": host} if host else {})}
        self._instance = host
        self._correlator = Correlator()
        self._queues: list[asyncio.Queue[dict[str, Any]]] = [asyncio.Queue(QUEUE_MAX) for _ in range(WRITERS)]
        self._tasks: list[asyncio.Task[None]] = []

    def event(self, obj: Any, type: str, reason: str, message: str, *, field_path: str = "") -> None:
        """Record an event about an object, or an ObjectReference (model or dict). Never blocks, never raises."""
        ref = reference(obj)
        if field_path:
            ref["fieldPath"] = field_path
        try:
            # one object's events stay in one queue, and so in order
            queue = self._queues[hash((ref.get("namespace"), ref.get("name"))) % WRITERS]
            queue.put_nowait(self._make(ref, type, reason, message))
        except asyncio.QueueFull:
            log.debug("event dropped, the queue is full", object=ref.get("name"), reason=reason)
            return
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._run(queue), name="event-recorder") for queue in self._queues]

    async def flush(self) -> None:
        """Until everything recorded so far is written or given up."""
        await asyncio.gather(*(queue.join() for queue in self._queues))

    async def close(self, timeout: float = 2.0) -> None:
        """Write what is queued, for at most `timeout` seconds of real time, and stop."""
        try:
            async with asyncio.timeout(timeout):
                await self.flush()
        except TimeoutError:
            log.debug("events left unwritten", count=sum(queue.qsize() for queue in self._queues))
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _make(self, ref: dict[str, str], type: str, reason: str, message: str) -> dict[str, Any]:
        now = format_time(self._client.clock.now())
        namespace = ref.get("namespace") or "default"
        suffix = f"{time.time_ns() & 0xFFFFFFFFFFFF:012x}{random.getrandbits(16):04x}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{ref.get('name', '')}.{suffix}", "namespace": namespace},
            "involvedObject": ref,
            "type": type,
            "reason": reason,
            "message": message[:1024],
            "source": self._source,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._instance,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }

    async def _run(self, queue: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            event = await queue.get()
            try:
                plan = self._correlator.plan(event, self._client.clock.monotonic())
                if plan is not None:
                    await self._write(plan)
            except Exception as error:  # noqa: BLE001 - the loop's one broad except: an event is never worth a crash
                log.warning("event lost", object=event["involvedObject"].get("name"), error=str(error))
            finally:
                queue.task_done()

    async def _write(self, plan: Plan) -> None:
        for attempt in range(MAX_TRIES):
            try:
                self._correlator.written(plan, await self._write_once(plan))
                return
            except ApiError as error:  # the server said no: saying it again will not help
                if error.code not in (429, 500, 502, 503, 504):
                    log.debug("event refused", reason=plan.event["reason"], error=error.message)
                    return
            except OSError as error:
                log.debug("event not written yet", attempt=attempt, error=str(error))
            await self._client.clock.sleep(RETRY_SECONDS * (random.random() if attempt == 0 else 1))

    async def _write_once(self, plan: Plan) -> dict[str, Any]:
        namespace = plan.event["metadata"]["namespace"]
        if plan.patch:
            try:
                return await self._client.patch(EVENTS, plan.patch_name, namespace, plan.patch)
            except NotFound:
                self._correlator.forget(plan)
                name = f"{plan.event['involvedObject'].get('name', '')}.{random.getrandbits(64):016x}"
                plan.event["metadata"] = {"name": name, "namespace": namespace}
        return await self._client.create(plan.event, target=EVENTS)


def reference(obj: Any) -> dict[str, str]:
    """The ObjectReference of an object; a reference (model or dict without metadata) stays what it is."""
    data: Mapping[str, Any] = obj.to_dict() if isinstance(obj, Model) and not hasattr(obj, "metadata") else {}
    if isinstance(obj, Mapping) and "metadata" not in obj:
        data = obj
    if data:
        return {key: str(value) for key, value in data.items() if value}
    if isinstance(obj, Mapping):
        meta, version, kind = obj["metadata"], obj.get("apiVersion", ""), obj.get("kind", "")
    else:
        resource = resolve_object(obj)
        meta, version, kind = obj.metadata.to_dict(), resource.group_version, resource.kind
    ref = {"kind": kind, "apiVersion": version}
    for field in ("namespace", "name", "uid", "resourceVersion"):
        if meta.get(field):
            ref[field] = meta[field]
    return ref
