"""A ServiceAccount named `default` in every namespace.

Mirrors upstream's pkg/controller/serviceaccount/serviceaccounts_controller.go.
"""

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists, ApiError
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.pod_control import is_namespace_terminating

DEFAULT = "default"


class ServiceAccountController(Controller):
    """Keys are namespaces."""

    name = "serviceaccount"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.namespaces: Informer[core.Namespace] = self.use(context.informer(core.Namespace))
        self.accounts: Informer[core.ServiceAccount] = self.use(context.informer(core.ServiceAccount))
        self.namespaces.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.accounts.add_handler(self._on_account)

    def _on_account(self, event: str, old: core.ServiceAccount | None, new: core.ServiceAccount | None) -> None:
        if event == "DELETED" and old is not None and old.metadata.name == DEFAULT:
            self.enqueue(old.metadata.namespace)

    async def reconcile(self, key: str) -> float | None:
        namespace = self.namespaces.get(key)
        if namespace is None or namespace.metadata.deletion_timestamp is not None:
            return None
        if namespace.status.phase == "Terminating" or self.accounts.get(f"{key}/{DEFAULT}") is not None:
            return None
        try:
            await self.client.create(core.ServiceAccount(metadata=ObjectMeta(name=DEFAULT, namespace=key)))
        except AlreadyExists:
            pass
        except ApiError as error:
            if not is_namespace_terminating(error):
                raise
        return None
