"""The pod of an ordinal: name, hostname, labels, claims. Pure.

Mirrors upstream's pkg/controller/statefulset/stateful_set_utils.go.
"""

import re

from minik8s.api import apps, core
from minik8s.controllers.history import HASH_LABEL
from minik8s.controllers.pod_control import compute_pod

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
_ORDINAL = re.compile(r"^(.*)-([0-9]+)$")


def ordinal_of(pod: core.Pod) -> int:
    """-1 for a name that has none."""
    found = _ORDINAL.match(pod.metadata.name)
    return int(found.group(2)) if found else -1


def is_member(owner: apps.StatefulSet, pod: core.Pod) -> bool:
    """Its name is one that this set gives."""
    found = _ORDINAL.match(pod.metadata.name)
    return found is not None and found.group(1) == owner.metadata.name


def pod_name(owner: apps.StatefulSet, ordinal: int) -> str:
    return f"{owner.metadata.name}-{ordinal}"


def claim_name(claim: core.PersistentVolumeClaim, owner: apps.StatefulSet, ordinal: int) -> str:
    return f"{claim.metadata.name}-{owner.metadata.name}-{ordinal}"


def compute_claims(owner: apps.StatefulSet, ordinal: int) -> list[core.PersistentVolumeClaim]:
    """The claims of an ordinal, labelled as the set selects."""
    claims = []
    for template in owner.spec.volume_claim_templates:
        claim = template.model_copy(deep=True)
        claim.metadata.name, claim.metadata.namespace = claim_name(template, owner, ordinal), owner.metadata.namespace
        claim.metadata.labels = {**claim.metadata.labels, **owner.spec.selector.match_labels}
        claims.append(claim)
    return claims


def compute_stateful_pod(
    owner: apps.StatefulSet, template: core.PodTemplateSpec, revision: str, ordinal: int
) -> core.Pod:
    """The pod of an ordinal, of one revision's template."""
    name = pod_name(owner, ordinal)
    pod = compute_pod(template, owner, name=name)
    pod.metadata.labels |= {POD_NAME: name, POD_INDEX: str(ordinal), HASH_LABEL: revision}
    pod.spec.hostname, pod.spec.subdomain = name, owner.spec.service_name or None
    claimed = {
        template.metadata.name: claim_name(template, owner, ordinal) for template in owner.spec.volume_claim_templates
    }
    volumes = [
        core.Volume(name=volume, persistent_volume_claim=core.PersistentVolumeClaimVolumeSource(claim_name=claim))
        for volume, claim in claimed.items()
    ]
    pod.spec.volumes = [*(volume for volume in pod.spec.volumes if volume.name not in claimed), *volumes]
    return pod


def start_ordinal(owner: apps.StatefulSet) -> int:
    return (owner.spec.ordinals.start or 0) if owner.spec.ordinals is not None else 0


def wanted(owner: apps.StatefulSet) -> int:
    return 1 if owner.spec.replicas is None else owner.spec.replicas


def ordinals(owner: apps.StatefulSet) -> range:
    return range(start_ordinal(owner), start_ordinal(owner) + wanted(owner))


def partition(owner: apps.StatefulSet) -> int:
    """Ordinals below it keep the old revision."""
    strategy = owner.spec.update_strategy
    rolling = strategy.rolling_update if strategy is not None else None
    return (rolling.partition or 0) if rolling is not None else 0


def revision_of(pod: core.Pod) -> str:
    return pod.metadata.labels.get(HASH_LABEL, "")
