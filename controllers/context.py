"""What every controller is given: the client, shared informers, event recorders, the clock and the options.

Mirrors ControllerContext in upstream's cmd/kube-controller-manager/app/controllermanager.go. One informer per kind is
shared by all controllers; each names the indexes that it needs, under names that mean the same everywhere:
`controller` (controllers.owners.controller_index), `node` (spec.nodeName).
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from minik8s.client.events import EventRecorder
from minik8s.client.informer import Informer, InformerFactory
from minik8s.client.rest import Client
from minik8s.clock import Clock
from minik8s.controllers.options import Options

Index = Callable[[Any], Iterable[str]]


class Context:
    """Shared by all controllers of one process."""

    def __init__(
        self,
        client: Client,
        options: Options | None = None,
        clock: Clock | None = None,
        recorder_factory: Callable[[Client, str], EventRecorder] = EventRecorder,
    ) -> None:
        self.client = client
        self.options = options or Options()
        self.clock: Clock = clock or client.clock
        self.informers = InformerFactory(client)
        self._recorder_factory = recorder_factory
        self._in_use: list[Informer[Any]] = []
        self._recorders: dict[str, EventRecorder] = {}

    def informer(
        self, model: Any, indexes: Mapping[str, Index] | None = None, namespace: str = "", field_selector: str = ""
    ) -> Informer[Any]:
        """The shared informer of a kind, or of a selection of it."""
        informer = self.informers.informer(model, namespace, field_selector=field_selector, indexes=indexes or {})
        if informer not in self._in_use:
            self._in_use.append(informer)
        return informer

    def all_informers(self) -> list[Informer[Any]]:
        """Those that controllers asked for."""
        return list(self._in_use)

    def root_ca(self) -> bytes:
        """The certificate bundle to hand to pods: --root-ca-file, or what our own kubeconfig trusts."""
        path = self.options.root_ca_file
        return Path(path).read_bytes() if path else self.client.config.ca_data

    def recorder(self, component: str) -> EventRecorder:
        """Events under a controller's own name, as upstream's (`replicaset-controller`, …)."""
        if component not in self._recorders:
            self._recorders[component] = self._recorder_factory(self.client, component)
        return self._recorders[component]

    async def close(self) -> None:
        """Write the events that are still queued."""
        for recorder in self._recorders.values():
            await recorder.close()
