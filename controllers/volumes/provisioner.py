"""Makes volumes of our own class on demand: a directory of the node that the claim's first pod was placed on.

Mirrors what Rancher's local-path-provisioner does for k3s, and the protocol of upstream's sig-storage-lib
external-provisioner: claims marked with our name and a selected node get a PersistentVolume, bound beforehand, that is
reachable from that node only. The directory is the kubelet's business (kubelet/volumes/local_path.py): made when it is
first mounted, removed when the volume goes. A node whose kubelet does not say where it keeps such volumes (a simulated
one, upstream's) gets a hostPath below DEFAULT_ROOT, which nobody cleans up.

The class `standard`, marked default, is made once when there is none of ours yet.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists
from minik8s.api.storage import StorageClass
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.volumes import matching
from minik8s.controllers.volumes.binding import reference
from minik8s.controllers.volumes.names import (
    BIND_COMPLETED,
    DEFAULT_CLASS,
    HOSTNAME,
    LOCAL_PATH,
    LOCAL_PATH_FINALIZER,
    LOCAL_PATH_NODE,
    LOCAL_PATH_ROOT,
    PROVISIONED_BY,
    SELECTED_NODE,
    STORAGE_PROVISIONER,
)

DEFAULT_ROOT = "/var/lib/minik8s/local-path"
#: key that stands for "see that the class is there"; no claim has a name like it
CLASS_KEY = "storageclass"


def volume_name(claim: core.PersistentVolumeClaim) -> str:
    """Upstream's: told from the claim's uid, so that a second attempt finds what the first made."""
    return f"pvc-{claim.metadata.uid}"


def render_class() -> StorageClass:
    return StorageClass(
        metadata=ObjectMeta(name="standard", annotations={DEFAULT_CLASS[0]: "true"}),
        provisioner=LOCAL_PATH,
        reclaim_policy="Delete",
        volume_binding_mode="WaitForFirstConsumer",
        allow_volume_expansion=True,
    )


def render_volume(
    claim: core.PersistentVolumeClaim, storage_class: StorageClass, node: core.Node
) -> core.PersistentVolume:
    """The volume for a claim, on a node."""
    root, name = node.metadata.annotations.get(LOCAL_PATH_ROOT), volume_name(claim)
    requests = claim.spec.resources.requests if claim.spec.resources else {}
    hostname = node.metadata.labels.get(HOSTNAME, node.metadata.name)
    here = core.NodeSelectorRequirement(key=HOSTNAME, operator="In", values=[hostname])
    term = core.NodeSelectorTerm(match_expressions=[here])
    return core.PersistentVolume(
        metadata=ObjectMeta(
            name=name,
            labels={LOCAL_PATH_NODE: node.metadata.name},
            annotations={PROVISIONED_BY: LOCAL_PATH},
            finalizers=[LOCAL_PATH_FINALIZER] if root else [],
        ),
        spec=core.PersistentVolumeSpec(
            capacity={"storage": requests.get("storage", "0")},
            access_modes=list(claim.spec.access_modes),
            claim_ref=reference(claim),
            host_path=core.HostPathVolumeSource(path=f"{root or DEFAULT_ROOT}/{name}", type="DirectoryOrCreate"),
            node_affinity=core.VolumeNodeAffinity(required=core.NodeSelector(node_selector_terms=[term])),
            persistent_volume_reclaim_policy=storage_class.reclaim_policy or "Delete",
            storage_class_name=storage_class.metadata.name,
            volume_mode=matching.mode(claim.spec),
        ),
    )


def refusal(claim: core.PersistentVolumeClaim) -> str:
    """Why no directory can be what the claim asks for; "" when it can."""
    if matching.mode(claim.spec) == "Block":
        return "Block volumes are not supported by local-path"
    if set(claim.spec.access_modes) - {"ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany", "ReadOnlyMany"}:
        return f"unknown access mode in {claim.spec.access_modes}"
    if claim.spec.selector is not None:
        return "claim.Spec.Selector is not supported"
    if claim.spec.data_source is not None or claim.spec.data_source_ref is not None:
        return "claim.Spec.DataSource is not supported"
    return ""


class LocalPathProvisioner(Controller):
    name = "local-path-provisioner"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.recorder = context.recorder(LOCAL_PATH)
        self.claims: Informer[core.PersistentVolumeClaim] = self.use(context.informer(core.PersistentVolumeClaim))
        self.volumes: Informer[core.PersistentVolume] = self.use(context.informer(core.PersistentVolume))
        self.classes: Informer[StorageClass] = self.use(context.informer(StorageClass))
        self.nodes: Informer[core.Node] = self.use(context.informer(core.Node))
        self.claims.add_handler(lambda event, old, new: self.enqueue(new) if new is not None else None)
        self.volumes.add_handler(self._on_volume)
        self.nodes.add_handler(self._on_node)
        self.queue.add(CLASS_KEY)

    def _on_volume(self, event: str, old: core.PersistentVolume | None, new: core.PersistentVolume | None) -> None:
        if new is not None and new.metadata.deletion_timestamp and LOCAL_PATH_FINALIZER in new.metadata.finalizers:
            self.queue.add(f"//{new.metadata.name}")

    def _on_node(self, event: str, old: core.Node | None, new: core.Node | None) -> None:
        if event == "DELETED":
            for volume in self.volumes.list():
                self._on_volume("MODIFIED", None, volume)

    async def reconcile(self, key: str) -> float | None:
        if key == CLASS_KEY:
            await self._ensure_class()
        elif key.startswith("//"):
            await self._let_go(key[2:])
        else:
            claim = self.claims.get(key)
            if claim is not None and self._is_ours(claim):
                await self._provision(claim)
        return None

    async def _ensure_class(self) -> None:
        """Only where no class is ours: who removed or renamed it meant that."""
        if any(one.provisioner == LOCAL_PATH for one in self.classes.list()):
            return
        made = render_class()
        if matching.default_class(self.classes.list()) is not None:
            made.metadata.annotations = {}  # another is the default already
        try:
            await self.client.create(made)
        except AlreadyExists:
            return

    def _is_ours(self, claim: core.PersistentVolumeClaim) -> bool:
        annotations = claim.metadata.annotations
        if annotations.get(STORAGE_PROVISIONER) != LOCAL_PATH or claim.metadata.deletion_timestamp:
            return False
        return not claim.spec.volume_name and BIND_COMPLETED not in annotations

    async def _provision(self, claim: core.PersistentVolumeClaim) -> None:
        storage_class = self.classes.get(matching.class_of_claim(claim))
        if storage_class is None or self.volumes.get(volume_name(claim)) is not None:
            return
        why = refusal(claim)
        place = claim.metadata.annotations.get(SELECTED_NODE, "")
        node = self.nodes.get(place) if place else self._sole_node()
        if not why and node is None:
            why = f'node "{place}" not found' if place else "configuration error, no node was specified"
        if why or node is None:
            text = f'failed to provision volume with StorageClass "{storage_class.metadata.name}": {why}'
            self.recorder.event(claim, "Warning", "ProvisioningFailed", text)
            await self._reschedule(claim)
            return
        key = f"{claim.metadata.namespace}/{claim.metadata.name}"
        text = f'External provisioner is provisioning volume for claim "{key}"'
        self.recorder.event(claim, "Normal", "Provisioning", text)
        try:
            made = await self.client.create(render_volume(claim, storage_class, node))
        except AlreadyExists:
            return
        self.recorder.event(
            claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {made.metadata.name}"
        )

    def _sole_node(self) -> core.Node | None:
        """A class that binds at once names no node: good enough where there is only one."""
        nodes = self.nodes.list()
        return nodes[0] if len(nodes) == 1 else None

    async def _reschedule(self, claim: core.PersistentVolumeClaim) -> None:
        """Take the scheduler's choice back, so that it chooses again."""
        if SELECTED_NODE in claim.metadata.annotations:
            changed = claim.model_copy(deep=True)
            del changed.metadata.annotations[SELECTED_NODE]
            await self.client.update(changed)

    async def _let_go(self, name: str) -> None:
        """A volume of a node that is gone: no kubelet will ever remove the directory."""
        volume = self.volumes.get(name)
        if volume is None or self.nodes.get(volume.metadata.labels.get(LOCAL_PATH_NODE, "")) is not None:
            return
        changed = volume.model_copy(deep=True)
        changed.metadata.finalizers = [one for one in changed.metadata.finalizers if one != LOCAL_PATH_FINALIZER]
        await self.client.update(changed)
