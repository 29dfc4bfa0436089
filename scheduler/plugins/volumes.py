"""Volumes: claims that are bound must be reachable from the node, others must be bindable.

Mirrors the part of plugins/volumebinding that needs no driver: bound claims' node affinity; claims that wait for their
first consumer, bound to a fitting free volume or left to the provisioner by the `selected-node` annotation (binder.py
writes it). Left out: CSI attach limits, storage capacity, zone labels of volumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minik8s.api.quantity import parse_bytes
from minik8s.scheduler.framework import Reason, Verdict
from minik8s.scheduler.listers import Listers, Object
from minik8s.scheduler.matches import selector_of
from minik8s.scheduler.model import SchedPod
from minik8s.scheduler.plugins.node_affinity import match_any
from minik8s.scheduler.snapshot import Bools, Snapshot

NODE_CONFLICT = "node(s) had volume node affinity conflict"
NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
TAKEN = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"


class VolumeBinding:
    """Where the pod's claims can be used."""

    name = "VolumeBinding"

    def __init__(self, listers: Listers) -> None:
        self._listers = listers

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        if not pod.claims:
            return None
        unreachable = np.zeros(snapshot.size, np.bool_)
        unbindable = unreachable.copy()
        for name in pod.claims:
            claim = self._listers.claims.get(f"{pod.namespace}/{name}")
            problem = self._problem(name, claim)
            if problem or claim is None:
                return Verdict(whole=problem)
            if is_bound(claim):
                unreachable |= ~reachable(self._listers.volumes[claim["spec"]["volumeName"]], snapshot)
            else:
                unbindable |= ~self._bindable(claim, snapshot)
        return Verdict(
            [Reason(NODE_CONFLICT, unreachable, resolvable=False), Reason(NO_VOLUME, unbindable & ~unreachable, False)]
        )

    def _problem(self, name: str, claim: Object | None) -> str:
        """What is wrong with a claim whatever the node."""
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if claim["metadata"].get("deletionTimestamp"):
            return f'persistentvolumeclaim "{name}" is being deleted'
        volume = claim["spec"].get("volumeName")
        if is_bound(claim):
            return "" if volume in self._listers.volumes else f'persistentvolume "{volume}" not found'
        return "" if self.waits(claim) else UNBOUND

    def waits(self, claim: Object) -> bool:
        """Is the claim bound only when its first pod is placed?"""
        name = claim["spec"].get("storageClassName")
        found = self._listers.classes.get(name or "")
        return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"

    def _bindable(self, claim: Object, snapshot: Snapshot) -> Bools:
        storage_class = self._listers.classes[claim["spec"]["storageClassName"]]
        found = np.zeros(snapshot.size, np.bool_)
        if storage_class.get("provisioner") != NO_PROVISIONER:
            topologies = storage_class.get("allowedTopologies") or []
            if not topologies:
                return snapshot.alive.copy()
            found = _in_topologies(topologies, snapshot)
        for volume in self._listers.volumes.values():
            if suits(volume, claim):
                found |= reachable(volume, snapshot)
        return found


class VolumeRestrictions:
    """A ReadWriteOncePod claim is one pod's at a time. Mirrors that part of plugins/volumerestrictions."""

    name = "VolumeRestrictions"

    def __init__(self, listers: Listers) -> None:
        self._listers = listers

    def filter(self, pod: SchedPod, snapshot: Snapshot) -> Verdict | None:
        sole = {name for name in pod.claims if self._is_sole(f"{pod.namespace}/{name}")}
        if not sole:
            return None
        for other in snapshot.pods.values():
            if other.namespace == pod.namespace and other.key != pod.key and not sole.isdisjoint(other.claims):
                return Verdict([Reason(TAKEN, snapshot.alive.copy())])
        return None

    def _is_sole(self, key: str) -> bool:
        claim = self._listers.claims.get(key)
        return claim is not None and "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ())


def is_bound(claim: Object) -> bool:
    """Bound, and the binding complete on the claim's side."""
    annotations = claim["metadata"].get("annotations") or {}
    phase = (claim.get("status") or {}).get("phase")
    return bool(claim["spec"].get("volumeName")) and (BIND_COMPLETED in annotations or phase == "Bound")


def reachable(volume: Object, snapshot: Snapshot) -> Bools:
    """The nodes that a volume's node affinity allows."""
    required = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms")
    return snapshot.alive.copy() if not required else match_any(required, snapshot)


def suits(volume: Object, claim: Object) -> bool:
    """Could this free volume be bound to the claim: class, size, access modes, mode, labels?"""
    have, want = volume["spec"], claim["spec"]
    ref = have.get("claimRef")
    meta = claim["metadata"]
    if ref and (ref.get("name"), ref.get("namespace")) != (meta["name"], meta.get("namespace")):
        return False
    if ref and ref.get("uid") and ref["uid"] != meta.get("uid"):
        return False  # released by an earlier claim of this name
    if volume["metadata"].get("deletionTimestamp") or (have.get("storageClassName") or "") != want["storageClassName"]:
        return False
    if not set(want.get("accessModes") or ()) <= set(have.get("accessModes") or ()):
        return False
    if (have.get("volumeMode") or "Filesystem") != (want.get("volumeMode") or "Filesystem"):
        return False
    wanted = ((want.get("resources") or {}).get("requests") or {}).get("storage", "0")
    if parse_bytes((have.get("capacity") or {}).get("storage", "0")) < parse_bytes(wanted):
        return False
    selector = want.get("selector")
    return selector is None or selector_of(selector).matches(volume["metadata"].get("labels") or {})


def _in_topologies(topologies: list[Mapping[str, Any]], snapshot: Snapshot) -> Bools:
    terms = [
        {"matchExpressions": [{**e, "operator": "In"} for e in topology.get("matchLabelExpressions") or ()]}
        for topology in topologies
    ]
    return match_any(terms, snapshot)
