"""The loop: for a namespace with a deletionTimestamp, delete its content until none is left, then finalize.

Mirrors upstream's pkg/controller/namespace/namespace_controller.go. The content is read live, never from a cache: this
is the one place where "I see none" leads to something that cannot be undone.
"""

from contextlib import suppress

from minik8s.api import core
from minik8s.api.status import NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.namespace.conditions import Progress, compute_conditions
from minik8s.controllers.namespace.content import delete_content

FINALIZER = "kubernetes"
#: between passes while pods end (their deletion wakes us earlier) or finalizers do their work
MAX_WAIT = 2.0


class NamespaceController(Controller):
    name = "namespace"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 10))
        self.namespaces: Informer[core.Namespace] = self.use(context.informer(core.Namespace))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod))
        self.namespaces.add_handler(self._on_namespace)
        self.pods.add_handler(self._on_pod)

    def _on_namespace(self, event: str, old: core.Namespace | None, new: core.Namespace | None) -> None:
        if new is not None and new.metadata.deletion_timestamp is not None:
            self.enqueue(new)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        """The last pod went: do not wait out its grace period."""
        if event != "DELETED" or old is None:
            return
        namespace = self.namespaces.get(old.metadata.namespace)
        if namespace is not None and namespace.metadata.deletion_timestamp is not None:
            self.enqueue(namespace)

    async def reconcile(self, key: str) -> float | None:
        cached = self.namespaces.get(key)
        if cached is None or cached.metadata.deletion_timestamp is None:
            return None
        try:
            namespace = await self.client.get(core.Namespace, key)
        except NotFound:
            return None
        if namespace.metadata.deletion_timestamp is None or FINALIZER not in namespace.spec.finalizers:
            return None
        namespace = await self._mark_terminating(namespace)
        progress = await delete_content(self.client, namespace)
        namespace = await self._publish(namespace, progress)
        if progress.finished:
            await self._finalize(namespace)
            return None
        return min(MAX_WAIT, progress.estimate / 2 + 1) if progress.estimate else 1.0

    async def _mark_terminating(self, namespace: core.Namespace) -> core.Namespace:
        if namespace.status.phase == "Terminating":
            return namespace
        status = namespace.status.model_copy(update={"phase": "Terminating"})
        return await self.client.update_status(namespace.model_copy(update={"status": status}))

    async def _publish(self, namespace: core.Namespace, progress: Progress) -> core.Namespace:
        conditions = compute_conditions(namespace.status.conditions, progress, self.clock.now())
        if conditions == namespace.status.conditions:
            return namespace
        status = namespace.status.model_copy(update={"conditions": conditions})
        return await self.client.update_status(namespace.model_copy(update={"status": status}))

    async def _finalize(self, namespace: core.Namespace) -> None:
        """Take our finalizer off; the server removes the namespace when none is left."""
        finalizers = [name for name in namespace.spec.finalizers if name != FINALIZER]
        spec = namespace.spec.model_copy(update={"finalizers": finalizers})
        final = namespace.model_copy(update={"spec": spec})
        with suppress(NotFound):
            await self.client.update_subresource(core.Namespace, namespace.metadata.name, "", "finalize", final)
