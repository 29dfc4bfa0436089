"""One cache of all pods for many simulated nodes: each sees only its own.

A thousand nodes with a watch each would be a load of their own, and a thousand handlers on one cache would each look at
every pod. Here one handler looks up the node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from minik8s.api import core
from minik8s.client.informer import Informer

OnPod = Callable[[str, core.Pod | None, core.Pod | None], None]


class PodCache(Protocol):
    """The part of an informer that a node needs."""

    @property
    def synced(self) -> bool: ...

    async def wait_synced(self) -> None: ...

    def list(self) -> list[core.Pod]: ...

    def add_handler(self, on_change: OnPod) -> None: ...


def node_index(pod: core.Pod) -> list[str]:
    return [pod.spec.node_name or ""]


class PodRouter:
    """Hands each change to the node that it concerns."""

    def __init__(self, informer: Informer[core.Pod]) -> None:
        self.informer = informer
        self.handlers: dict[str, OnPod] = {}
        informer.add_indexes({"node": node_index})
        informer.add_handler(self._route)

    def view(self, node: str) -> NodePods:
        return NodePods(self, node)

    def _route(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        if pod is not None and (handler := self.handlers.get(pod.spec.node_name or "")):
            handler(event, old, new)


class NodePods:
    """The pods of one node: a `PodCache`."""

    def __init__(self, router: PodRouter, node: str) -> None:
        self._router = router
        self._node = node

    @property
    def synced(self) -> bool:
        return self._router.informer.synced

    async def wait_synced(self) -> None:
        await self._router.informer.wait_synced()

    def list(self) -> list[core.Pod]:
        return self._router.informer.by_index("node", self._node)

    def add_handler(self, on_change: OnPod) -> None:
        self._router.handlers[self._node] = on_change
        for pod in self.list() if self.synced else []:
            on_change("ADDED", None, pod)
