"""Generic ephemeral volumes: the claim that a pod's template asks for, owned by the pod.

Mirrors upstream's pkg/controller/volume/ephemeral. The claim is named after pod and volume; the garbage collector
removes it with the pod. A claim of that name that is not the pod's is a conflict that only people can solve.
"""

from __future__ import annotations

from contextlib import suppress

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists, Conflict
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.owners import is_controlled_by, new_controller_ref
from minik8s.controllers.volumes.protection import claim_index


def render_claim(pod: core.Pod, volume: core.Volume) -> core.PersistentVolumeClaim:
    assert volume.ephemeral is not None and volume.ephemeral.volume_claim_template is not None
    template = volume.ephemeral.volume_claim_template
    return core.PersistentVolumeClaim(
        metadata=ObjectMeta(
            name=f"{pod.metadata.name}-{volume.name}",
            namespace=pod.metadata.namespace,
            labels=dict(template.metadata.labels),
            annotations=dict(template.metadata.annotations),
            owner_references=[new_controller_ref(pod)],
        ),
        spec=template.spec.model_copy(deep=True),
    )


class EphemeralVolumes(Controller):
    name = "ephemeral-volume"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.recorder = context.recorder("ephemeral_volume")
        self.claims: Informer[core.PersistentVolumeClaim] = self.use(context.informer(core.PersistentVolumeClaim))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"claim": claim_index}))
        self.pods.add_handler(self._on_pod)
        self.claims.add_handler(self._on_claim)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        if new is not None and any(volume.ephemeral for volume in new.spec.volumes):
            self.enqueue(new)

    def _on_claim(
        self, event: str, old: core.PersistentVolumeClaim | None, new: core.PersistentVolumeClaim | None
    ) -> None:
        if event == "DELETED" and old is not None:
            for pod in self.pods.by_index("claim", f"{old.metadata.namespace}/{old.metadata.name}"):
                self._on_pod("MODIFIED", None, pod)

    async def reconcile(self, key: str) -> float | None:
        pod = self.pods.get(key)
        if pod is None or pod.metadata.deletion_timestamp is not None:
            return None
        for volume in pod.spec.volumes:
            if volume.ephemeral:
                await self._ensure(pod, volume)
        return None

    async def _ensure(self, pod: core.Pod, volume: core.Volume) -> None:
        wanted = render_claim(pod, volume)
        found = self.claims.get(f"{pod.metadata.namespace}/{wanted.metadata.name}")
        if found is None:
            with suppress(AlreadyExists):
                await self.client.create(wanted)
        elif not is_controlled_by(found.metadata, pod.metadata):
            claim = f"{wanted.metadata.namespace}/{wanted.metadata.name}"
            text = f"PVC {claim} was not created for pod {pod.metadata.name} (pod is not owner)"
            self.recorder.event(pod, "Warning", "ConflictingPVC", text)
            raise Conflict.of("persistentvolumeclaims", wanted.metadata.name, "pod is not owner")
