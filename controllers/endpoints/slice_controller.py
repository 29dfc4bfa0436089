"""The loop that keeps the EndpointSlices of every Service with a selector.

Mirrors upstream's pkg/controller/endpointslice/endpointslice_controller.go. When a Service goes, the garbage collector
takes its slices, by their owner reference.
"""

from minik8s.api import core, discovery
from minik8s.api.status import ApiError
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.endpoints.service_watch import ServiceWatch
from minik8s.controllers.endpoints.slice_endpoints import MANAGED_BY, MANAGER, SERVICE_NAME, ZONE, compute_plan
from minik8s.controllers.endpoints.slice_writer import SliceWriter
from minik8s.controllers.endpoints.targets import label_index
from minik8s.controllers.pod_control import is_namespace_terminating


def service_index(current: discovery.EndpointSlice) -> list[str]:
    """Index function: slices by the manager and the Service they belong to."""
    labels = current.metadata.labels
    return [f"{labels.get(MANAGED_BY, '')}/{current.metadata.namespace}/{labels.get(SERVICE_NAME, '')}"]


class EndpointSliceController(Controller):
    name = "endpointslice"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.limit = context.options.max_endpoints_per_slice
        self.recorder = context.recorder("endpoint-slice-controller")
        self.writer = SliceWriter(self.client)
        self.services: Informer[core.Service] = self.use(context.informer(core.Service))
        self.nodes: Informer[core.Node] = self.use(context.informer(core.Node))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"label": label_index}))
        self.slices: Informer[discovery.EndpointSlice] = self.use(
            context.informer(discovery.EndpointSlice, {"service": service_index})
        )
        self.watch = ServiceWatch(self.services, self.pods, self.enqueue)
        self.services.add_handler(self.watch.on_service)
        self.pods.add_handler(self.watch.on_pod)
        self.slices.add_handler(self._on_slice)
        self.nodes.add_handler(self._on_node)

    def _on_slice(self, event: str, old: discovery.EndpointSlice | None, new: discovery.EndpointSlice | None) -> None:
        for current in (old, new):
            if current is None or current.metadata.labels.get(MANAGED_BY) != MANAGER:
                continue
            name = current.metadata.labels.get(SERVICE_NAME)
            if name:
                key = f"{current.metadata.namespace}/{name}"
                self.writer.observe(key, event, current)
                self.enqueue(key)

    def _on_node(self, event: str, old: core.Node | None, new: core.Node | None) -> None:
        """A node's zone stands in every endpoint on it."""
        before = old.metadata.labels.get(ZONE) if old is not None else None
        after = new.metadata.labels.get(ZONE) if new is not None else None
        if before != after:
            for service in self.services.list():
                self.enqueue(service)

    def _zone_of(self, node_name: str) -> str | None:
        node = self.nodes.get(node_name)
        return node.metadata.labels.get(ZONE) if node is not None else None

    async def reconcile(self, key: str) -> float | None:
        service = self.services.get(key)
        if service is None:
            self.writer.forget(key)
            return None
        if service.metadata.deletion_timestamp is not None or service.spec.type == "ExternalName":
            return None
        if not service.spec.selector or not self.writer.may_act(key):
            return None  # not ours, or woken again by the event that is still missing
        existing = self.slices.by_index("service", f"{MANAGER}/{key}")
        plan = compute_plan(service, self.watch.pods_of(service), existing, self._zone_of, self.limit)
        try:
            await self.writer.apply(key, plan)
        except ApiError as error:
            if is_namespace_terminating(error):
                return None
            if error.code not in (404, 409):
                text = f"Error updating Endpoint Slices for Service {key}: {error.message}"
                self.recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", text)
            raise
        return None
