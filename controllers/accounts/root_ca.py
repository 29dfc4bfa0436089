"""A ConfigMap `kube-root-ca.crt` in every namespace, so that pods can tell the API server from an impostor.

Mirrors upstream's pkg/controller/certificates/rootcacertpublisher/publisher.go.
"""

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists, ApiError
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.pod_control import is_namespace_terminating

NAME = "kube-root-ca.crt"
DATA_KEY = "ca.crt"
DESCRIPTION = {
    "kubernetes.io/description": (
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
        "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of "
        "Kubernetes clusters."
    )
}


class RootCAPublisher(Controller):
    """Keys are namespaces."""

    name = "root-ca-cert-publisher"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.root_ca = context.root_ca().decode()
        self.namespaces: Informer[core.Namespace] = self.use(context.informer(core.Namespace))
        self.maps: Informer[core.ConfigMap] = self.use(
            context.informer(core.ConfigMap, field_selector=f"metadata.name={NAME}")
        )
        self.namespaces.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.maps.add_handler(self._on_map)

    def _on_map(self, event: str, old: core.ConfigMap | None, new: core.ConfigMap | None) -> None:
        current = new or old
        if current is not None and current.metadata.name == NAME:
            self.enqueue(current.metadata.namespace)

    async def reconcile(self, key: str) -> float | None:
        namespace = self.namespaces.get(key)
        if namespace is None or namespace.status.phase == "Terminating" or namespace.metadata.deletion_timestamp:
            return None
        current = self.maps.get(f"{key}/{NAME}")
        data = {DATA_KEY: self.root_ca}
        if current is not None:
            annotated = DESCRIPTION.items() <= current.metadata.annotations.items()
            if current.data == data and annotated:
                return None
            changed = current.model_copy(deep=True)
            changed.data = data
            changed.metadata.annotations = {**changed.metadata.annotations, **DESCRIPTION}
            await self.client.update(changed)
            return None
        await self._create(key, data)
        return None

    async def _create(self, namespace: str, data: dict[str, str]) -> None:
        meta = ObjectMeta(name=NAME, namespace=namespace, annotations=dict(DESCRIPTION))
        try:
            await self.client.create(core.ConfigMap(metadata=meta, data=data))
        except AlreadyExists:
            pass
        except ApiError as error:
            if not is_namespace_terminating(error):
                raise
