"""The loop that keeps one Endpoints object per Service with a selector.

Mirrors upstream's pkg/controller/endpoint/endpoints_controller.go.

Invariants
    - A Service without a selector is somebody else's business: its Endpoints (default/kubernetes among them) stay as
      they are, until the Service itself goes.
    - After a restart, only leftovers that carry this controller's label are cleared away.
"""

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import ApiError, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.endpoints.service_watch import ServiceWatch
from minik8s.controllers.endpoints.subsets import OVER_CAPACITY, compute_subsets, truncate
from minik8s.controllers.endpoints.targets import HEADLESS_LABEL, is_headless, label_index
from minik8s.controllers.pod_control import is_namespace_terminating

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"


def compute_endpoints(service: core.Service, pods: list[core.Pod], current: core.Endpoints | None) -> core.Endpoints:
    """The Endpoints that a Service should have; equal to `current` where nothing is to be done. Pure."""
    subsets = compute_subsets(service, pods)
    truncated = truncate(subsets)
    meta = (
        current.metadata.model_copy(deep=True)
        if current is not None
        else ObjectMeta(name=service.metadata.name, namespace=service.metadata.namespace)
    )
    meta.labels = {key: value for key, value in service.metadata.labels.items() if key != HEADLESS_LABEL}
    meta.labels[MANAGED_BY] = MANAGER
    if is_headless(service):
        meta.labels[HEADLESS_LABEL] = ""
    meta.annotations = {key: value for key, value in meta.annotations.items() if key != OVER_CAPACITY}
    if truncated:
        meta.annotations[OVER_CAPACITY] = "truncated"
    return core.Endpoints(metadata=meta, subsets=subsets)


class EndpointsController(Controller):
    name = "endpoint"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.recorder = context.recorder("endpoint-controller")
        self.services: Informer[core.Service] = self.use(context.informer(core.Service))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"label": label_index}))
        self.endpoints: Informer[core.Endpoints] = self.use(context.informer(core.Endpoints))
        self.watch = ServiceWatch(self.services, self.pods, self.enqueue)
        self.services.add_handler(self.watch.on_service)
        self.pods.add_handler(self.watch.on_pod)
        self.endpoints.add_handler(self._on_endpoints)

    def _on_endpoints(self, event: str, old: core.Endpoints | None, new: core.Endpoints | None) -> None:
        """Ours was deleted, changed by hand, or outlived its Service: look again."""
        endpoints = new or old
        assert endpoints is not None
        if event == "DELETED" or endpoints.metadata.labels.get(MANAGED_BY) == MANAGER:
            self.enqueue(endpoints)

    async def reconcile(self, key: str) -> float | None:
        service, current = self.services.get(key), self.endpoints.get(key)
        if service is None:
            await self._delete(current)
            return None
        if not service.spec.selector or service.spec.type == "ExternalName":
            return None
        desired = compute_endpoints(service, self.watch.pods_of(service), current)
        if current is None or desired != current:
            await self._write(service, desired, exists=current is not None)
        return None

    async def _delete(self, current: core.Endpoints | None) -> None:
        if current is None:
            return
        try:
            meta = current.metadata
            await self.client.delete(core.Endpoints, meta.name, meta.namespace, uid=meta.uid)
        except NotFound:
            pass

    async def _write(self, service: core.Service, desired: core.Endpoints, exists: bool) -> None:
        try:
            await (self.client.update(desired) if exists else self.client.create(desired))
        except ApiError as error:
            if is_namespace_terminating(error):
                return
            if error.code not in (404, 409):
                reason, verb = ("FailedToUpdateEndpoint", "update") if exists else ("FailedToCreateEndpoint", "create")
                name = f"{service.metadata.namespace}/{service.metadata.name}"
                text = f"Failed to {verb} endpoint {name}: {error.message}"
                self.recorder.event(desired, "Warning", reason, text)
            raise
