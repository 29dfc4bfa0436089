"""Pods, sinks and caches for the watch cache's tests and benches."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from minik8s.apiserver.cache.interface import ResourceInfo


def pod_fields(obj: dict[str, Any]) -> dict[str, str]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return {"spec.nodeName": spec.get("nodeName", ""), "status.phase": status.get("phase", "")}


PODS = ResourceInfo("/registry/pods/", "v1", "Pod", namespaced=True, fields=pod_fields)
NODES = ResourceInfo("/registry/minions/", "v1", "Node", namespaced=False)
EVENTS = ResourceInfo("/registry/events/", "v1", "Event", namespaced=True, ttl=1)


def pod(name: str, namespace: str = "default", node: str = "", **labels: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node} if node else {}}


class Sink:
    """A connection that takes everything, or (stuck) nothing."""

    def __init__(self, stuck: bool = False) -> None:
        self.chunks: list[bytes] = []
        self.stuck = stuck
        self.closed = False
        self._changed = asyncio.Event()

    def push(self, chunk: bytes) -> None:
        assert not self.closed
        self.chunks.append(chunk)
        self._changed.set()

    def buffered(self) -> int:
        return sum(map(len, self.chunks)) if self.stuck else 0

    async def drain(self) -> None:
        while self.stuck:
            self._changed.clear()
            await self._changed.wait()

    def unstick(self) -> None:
        self.stuck = False
        self._changed.set()

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        self._changed.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in b"".join(self.chunks).splitlines()]

    @property
    def summary(self) -> list[tuple[str, str]]:
        return [(event["type"], event["object"]["metadata"].get("name", "")) for event in self.events]

    async def wait_for(self, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            while len(self.events) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.events
