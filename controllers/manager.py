"""The controller manager: every controller in one process, over one set of informers.

Mirrors upstream's cmd/kube-controller-manager/app (NewControllerDescriptors, Run). The table below is the list of what
there is; `--controllers` picks from it, by upstream's old short names or the long ones of v1.28 and later.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from minik8s.client.controller import Controller
from minik8s.client.log import get_logger
from minik8s.controllers.context import Context
from minik8s.controllers.options import Options

log = get_logger(__name__)


@dataclass(frozen=True)
class Descriptor:
    """One entry of the table; the module is imported only if the controller runs."""

    name: str
    long_name: str
    factory: str  # "module:name", a callable of Context
    by_default: bool = True

    def enabled(self, options: Options) -> bool:
        """Either name may be given, on or off; off wins over `*`."""
        names = (self.name, self.long_name)
        if any(f"-{name}" in options.controllers for name in names):
            return any(name in options.controllers for name in names)
        return any(options.enabled(name, self.by_default) for name in names)

    def build(self, context: Context) -> Controller:
        module, _, name = self.factory.partition(":")
        controller = getattr(import_module(f"minik8s.controllers.{module}"), name)(context)
        assert isinstance(controller, Controller)
        return controller


CONTROLLERS = (
    Descriptor("serviceaccount-token", "serviceaccount-token-controller", "accounts.tokens:TokenController"),
    Descriptor("serviceaccount", "serviceaccount-controller", "accounts.serviceaccounts:ServiceAccountController"),
    Descriptor("root-ca-cert-publisher", "root-ca-certificate-publisher-controller",
    "accounts.root_ca:RootCAPublisher"), Descriptor("namespace", "namespace-controller",
    "namespace.controller:NamespaceController"), Descriptor("replicaset", "replicaset-controller",
    "replicas.controller:new_replica_set_controller"), Descriptor("replicationcontroller",
    "replicationcontroller-controller",
               "replicas.controller:new_replication_controller"),
    Descriptor("deployment", "deployment-controller", "deployment.controller:DeploymentController"),
    Descriptor("endpoint", "endpoints-controller", "endpoints.endpoints_controller:EndpointsController"),
    Descriptor("endpointslice", "endpointslice-controller", "endpoints.slice_controller:EndpointSliceController"),
    Descriptor("endpointslicemirroring", "endpointslice-mirroring-controller",
               "endpoints.mirroring:EndpointSliceMirroringController"),
    Descriptor("nodelifecycle", "node-lifecycle-controller", "nodelifecycle.monitor:NodeLifecycleController"),
    Descriptor("taint-eviction-controller", "taint-eviction-controller",
               "nodelifecycle.eviction:TaintEvictionController"),
    Descriptor("podgc", "pod-garbage-collector-controller", "podgc:PodGarbageCollector"),
    Descriptor("daemonset", "daemonset-controller", "daemonset.controller:DaemonSetController"),
    Descriptor("statefulset", "statefulset-controller", "statefulset.controller:StatefulSetController"),
    Descriptor("job", "job-controller", "job.controller:JobController"),
    Descriptor("cronjob", "cronjob-controller", "cronjob.controller:CronJobController"),
    Descriptor("ttl-after-finished", "ttl-after-finished-controller",
               "ttl_after_finished:TTLAfterFinishedController"),
    Descriptor("resourcequota", "resourcequota-controller", "quota.controller:ResourceQuotaController"),
    Descriptor("csrsigning", "certificatesigningrequest-signing-controller", "certificates.signing:SigningController"),
    Descriptor("csrcleaner", "certificatesigningrequest-cleaner-controller", "certificates.cleaner:CleanerController"),
    Descriptor("disruption", "disruption-controller", "disruption:DisruptionController"),
    Descriptor("persistentvolume-binder", "persistentvolume-binder-controller", "volumes.binder:VolumeBinder"),
    Descriptor("persistentvolume-expander", "persistentvolume-expander-controller",
               "volumes.expansion:VolumeExpander"),
    Descriptor("pvc-protection", "persistentvolumeclaim-protection-controller", "volumes.protection:ClaimProtection"),
    Descriptor("pv-protection", "persistentvolume-protection-controller", "volumes.protection:VolumeProtection"),
    Descriptor("ephemeral-volume", "ephemeral-volume-controller", "volumes.ephemeral:EphemeralVolumes"),
    Descriptor("local-path-provisioner", "local-path-provisioner", "volumes.provisioner:LocalPathProvisioner"),
    Descriptor("garbagecollector", "garbage-collector-controller", "garbagecollector.controller:GarbageCollector"),
)  # fmt: skip


class UnknownController(Exception):
    """--controllers names something that is not in the table."""


def check_names(options: Options, table: Iterable[Descriptor] = CONTROLLERS) -> None:
    """Refuse a name that no controller has: it would silently change nothing."""
    known = {"*"} | {name for entry in table for name in (entry.name, entry.long_name)}
    unknown = [name for name in options.controllers if name.removeprefix("-") not in known | IGNORED_NAMES]
    if unknown:
        raise UnknownController(f'"{unknown[0]}" is not in the list of known controllers')


#: upstream's controllers that have no counterpart here: naming them is no mistake
IGNORED_NAMES = {
    "attachdetach", "bootstrapsigner", "bootstrap-signer-controller", "clusterrole-aggregation", "csrapproving",
    "certificatesigningrequest-approving-controller", "horizontalpodautoscaling",
    "horizontal-pod-autoscaler-controller",
    "nodeipam", "node-ipam-controller", "route", "service", "storage-version-gc", "tokencleaner",
    "token-cleaner-controller", "ttl",
    "cloud-node-lifecycle", "resource-claim-controller", "service-cidr-controller",
}  # fmt: skip


class Manager:
    """Builds the controllers that the options ask for, and runs them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.controllers: list[Controller] = []

    @property
    def synced(self) -> bool:
        """Every cache has had its first list. What the server does not serve holds up its own controllers only."""
        return all(informer.synced or not informer.served for informer in self.context.all_informers())

    async def run(self) -> None:
        """Until cancelled, or until one of them fails in a way it cannot survive."""
        for entry in CONTROLLERS:
            if entry.enabled(self.context.options):
                self.controllers.append(entry.build(self.context))
        await self.context.client.wait_for_server()
        log.info("starting controllers", count=len(self.controllers))
        try:
            async with asyncio.TaskGroup() as tasks:
                self.context.informers.start(tasks)
                for controller in self.controllers:
                    tasks.create_task(controller.run(), name=controller.name)
        finally:
            await self.context.close()

    def describe(self) -> dict[str, Any]:
        """Controller → keys waiting, for /metrics and tests."""
        return {controller.name: len(controller.queue) for controller in self.controllers}
