"""Claims and volumes that are in use are not removed under their users.

Mirrors upstream's pkg/controller/volume/pvcprotection and pvprotection. Admission puts the finalizers on; these take
them off once the object is to be deleted and nobody uses it. That no pod uses a claim is confirmed by a live list: a
pod that the cache does not show yet would lose its data.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.pods import is_finished
from minik8s.controllers.volumes.names import CLAIM_PROTECTION, VOLUME_PROTECTION


def claims_of(pod: core.Pod) -> list[str]:
    """Names of the claims that the pod mounts; an ephemeral volume's is named after pod and volume."""
    names = []
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim:
            names.append(volume.persistent_volume_claim.claim_name)
        elif volume.ephemeral:
            names.append(f"{pod.metadata.name}-{volume.name}")
    return names


def claim_index(pod: core.Pod) -> list[str]:
    """Index function: `namespace/claim`."""
    return [f"{pod.metadata.namespace}/{name}" for name in claims_of(pod)]


def uses(pod: core.Pod, claim: core.PersistentVolumeClaim) -> bool:
    """It has the claim mounted, or will: it was placed, and has not ended."""
    return bool(pod.spec.node_name) and not is_finished(pod) and claim.metadata.name in claims_of(pod)


class ClaimProtection(Controller):
    name = "pvc-protection"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.claims: Informer[core.PersistentVolumeClaim] = self.use(context.informer(core.PersistentVolumeClaim))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"claim": claim_index}))
        self.claims.add_handler(lambda event, old, new: self.enqueue(new) if new is not None else None)
        self.pods.add_handler(self._on_pod)

    def _on_pod(self, event: str, old: core.Pod | None, new: core.Pod | None) -> None:
        pod = new or old
        if pod is not None and (event == "DELETED" or is_finished(pod)):
            for key in claim_index(pod):
                self.queue.add(key)

    async def reconcile(self, key: str) -> float | None:
        claim = self.claims.get(key)
        if claim is None:
            return None
        held = CLAIM_PROTECTION in claim.metadata.finalizers
        if claim.metadata.deletion_timestamp is None:
            if not held:  # made while admission was off
                await self._set(claim, [*claim.metadata.finalizers, CLAIM_PROTECTION])
            return None
        if held and not await self._is_used(key, claim):
            await self._set(claim, [one for one in claim.metadata.finalizers if one != CLAIM_PROTECTION])
        return None

    async def _is_used(self, key: str, claim: core.PersistentVolumeClaim) -> bool:
        if any(uses(pod, claim) for pod in self.pods.by_index("claim", key)):
            return True
        live = await self.client.list(core.Pod, namespace=claim.metadata.namespace or "")
        return any(uses(pod, claim) for pod in live.items)

    async def _set(self, claim: core.PersistentVolumeClaim, finalizers: list[str]) -> None:
        changed = claim.model_copy(deep=True)
        changed.metadata.finalizers = finalizers
        await self.client.update(changed)


class VolumeProtection(Controller):
    name = "pv-protection"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client)
        self.volumes: Informer[core.PersistentVolume] = self.use(context.informer(core.PersistentVolume))
        self.volumes.add_handler(lambda event, old, new: self.enqueue(new) if new is not None else None)

    async def reconcile(self, key: str) -> float | None:
        volume = self.volumes.get(key)
        if volume is None:
            return None
        held = VOLUME_PROTECTION in volume.metadata.finalizers
        going = volume.metadata.deletion_timestamp is not None
        changed = volume.model_copy(deep=True)
        if not going and not held:
            changed.metadata.finalizers.append(VOLUME_PROTECTION)
        elif going and held and volume.status.phase != "Bound":
            changed.metadata.finalizers.remove(VOLUME_PROTECTION)
        else:
            return None
        await self.client.update(changed)
        return None
