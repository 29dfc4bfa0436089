"""From a change of a pod to the Services it may concern: shared by the Endpoints and the EndpointSlice controller.

Mirrors podEndpointsChanged and GetServicesToUpdateOnPodChange in upstream's staging/src/k8s.io/endpointslice/util.
"""

from collections.abc import Callable

from minik8s.api import core
from minik8s.client.informer import Informer
from minik8s.controllers.endpoints.targets import fingerprint, label_key
from minik8s.controllers.selecting import matcher_of_map


class ServiceWatch:
    """Enqueues Services by key."""

    def __init__(
        self, services: Informer[core.Service], pods: Informer[core.Pod], enqueue: Callable[[str], None]
    ) -> None:
        self._services = services
        self._pods = pods
        self._enqueue = enqueue

    def on_service(self, event: str, old: core.Service | None, new: core.Service | None) -> None:
        service = new or old
        assert service is not None
        self._enqueue(f"{service.metadata.namespace}/{service.metadata.name}")

    def on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        if old is not None and new is not None and fingerprint(old) == fingerprint(new):
            return
        changed = [pod for pod in (old, new) if pod is not None]
        if not any(pod.metadata.labels for pod in changed):
            return
        for service in self._services.list(changed[0].metadata.namespace):
            matches = matcher_of_map(service.spec.selector)
            if any(matches(pod.metadata.labels) for pod in changed):
                self._enqueue(f"{service.metadata.namespace}/{service.metadata.name}")

    def pods_of(self, service: core.Service) -> list[core.Pod]:
        """The pods that the Service selects: by the index of one label, then by all of them."""
        if not service.spec.selector:
            return []
        matches = matcher_of_map(service.spec.selector)
        key, value = max(service.spec.selector.items(), key=lambda pair: len(pair[0]) + len(pair[1]))
        candidates = self._pods.by_index("label", label_key(service.metadata.namespace, key, value))
        return [pod for pod in candidates if matches(pod.metadata.labels)]
