"""What the kubelet's HTTP server may ask about the node's pods: implements kubelet/server's `PodSource`."""

from __future__ import annotations

from minik8s.api import core
from minik8s.kubelet.pod_worker import PodWorker
from minik8s.kubelet.runtimes.base import ContainerState
from minik8s.kubelet.sync_loop import SyncLoop


class WorkerPods:
    """A view on the workers of one node."""

    def __init__(self, loop: SyncLoop) -> None:
        self._loop = loop

    def pods(self) -> list[core.Pod]:
        """Every pod of the node, with the status as it is known here."""
        return [self._with_status(worker) for worker in self._loop.workers.values()]

    def find(self, namespace: str, name: str) -> core.Pod | None:
        worker = self._worker(namespace, name)
        return self._with_status(worker) if worker else None

    def container_id(self, pod: core.Pod, container_name: str, previous: bool = False) -> str:
        """The newest container of that name, or the one before it. KeyError when there is none."""
        worker = self._loop.workers[pod.metadata.uid]
        made = [c for c in worker.state.observed.history(container_name) if c.state != ContainerState.CREATED]
        index = 1 if previous else 0
        if len(made) <= index:
            raise KeyError(container_name)
        return made[index].id

    def sandbox_id(self, pod: core.Pod) -> str:
        """ "" when the pod has none that is ready."""
        worker = self._loop.workers.get(pod.metadata.uid)
        sandbox = worker.state.observed.ready_sandbox if worker else None
        return sandbox.id if sandbox else ""

    def _worker(self, namespace: str, name: str) -> PodWorker | None:
        found = [
            worker
            for worker in self._loop.workers.values()
            if (worker.state.pod.metadata.namespace, worker.state.pod.metadata.name) == (namespace, name)
        ]
        # a pod of the same name that came later wins over the one that is being stopped
        return max(found, key=lambda worker: worker.state.pod.metadata.creation_timestamp or "", default=None)

    def _with_status(self, worker: PodWorker) -> core.Pod:
        pod = worker.state.pod
        status = self._loop.status_of(pod.metadata.uid)
        return pod.model_copy(update={"status": status}) if status else pod
