"""Which ReplicaSet carries the current template, which are old, and how revisions are numbered.

Mirrors FindNewReplicaSet, FindOldReplicaSets, SetNewReplicaSetAnnotations and getNewReplicaSet of upstream's
pkg/controller/deployment. Pure.

A revision is a number in an annotation. The new ReplicaSet has the highest; a rollback gives an old ReplicaSet a new
number, and the number it had goes into its revision-history.
"""

from collections.abc import Sequence

from minik8s.api import apps, core
from minik8s.api.meta import LabelSelector, ObjectMeta, parse_time
from minik8s.controllers.deployment.fenceposts import max_surge, wanted
from minik8s.controllers.hashing import compute_hash
from minik8s.controllers.owners import new_controller_ref

POD_TEMPLATE_HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
#: annotations of the Deployment that its ReplicaSets do not inherit
NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration", REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
}  # fmt: skip
MAX_HISTORY_CHARS = 2000


def by_age(replica_sets: Sequence[apps.ReplicaSet]) -> list[apps.ReplicaSet]:
    """Oldest first; the name tells twins apart."""

    def age(replica_set: apps.ReplicaSet) -> tuple[float, str]:
        created = replica_set.metadata.creation_timestamp
        return (parse_time(created) if created else 0.0, replica_set.metadata.name)

    return sorted(replica_sets, key=age)


def replicas_of(replica_set: apps.ReplicaSet) -> int:
    return 1 if replica_set.spec.replicas is None else replica_set.spec.replicas


def same_template(a: core.PodTemplateSpec, b: core.PodTemplateSpec) -> bool:
    """Equal but for the pod-template-hash label."""
    return _comparable(a) == _comparable(b)


def _comparable(template: core.PodTemplateSpec) -> dict[str, object]:
    data = template.to_dict()
    meta = data.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != POD_TEMPLATE_HASH}
    rest = {key: value for key, value in meta.items() if key not in ("labels", "creationTimestamp") and value}
    return {**data, "metadata": {**rest, "labels": labels}}


def find_new(deployment: apps.Deployment, replica_sets: Sequence[apps.ReplicaSet]) -> apps.ReplicaSet | None:
    """The oldest ReplicaSet with the Deployment's template, should an accident have made several."""
    wanted_template = _comparable(deployment.spec.template)
    for replica_set in by_age(replica_sets):
        if replica_set.spec.template is not None and _comparable(replica_set.spec.template) == wanted_template:
            return replica_set
    return None


def find_old(replica_sets: Sequence[apps.ReplicaSet], new: apps.ReplicaSet | None) -> list[apps.ReplicaSet]:
    return [rs for rs in replica_sets if new is None or rs.metadata.uid != new.metadata.uid]


def revision_of(meta: ObjectMeta) -> int:
    text = meta.annotations.get(REVISION, "")
    return int(text) if text.lstrip("-").isdigit() else 0


def next_revision(old: Sequence[apps.ReplicaSet]) -> int:
    return max((revision_of(rs.metadata) for rs in old), default=0) + 1


def replicas_annotations(deployment: apps.Deployment) -> dict[str, str]:
    """What the sizes of its ReplicaSets were decided for: read back to notice that the Deployment was scaled."""
    return {
        DESIRED_REPLICAS: str(wanted(deployment)),
        MAX_REPLICAS: str(wanted(deployment) + max_surge(deployment)),
    }


def compute_annotations(
    deployment: apps.Deployment, current: dict[str, str], revision: int, exists: bool
) -> dict[str, str]:
    """The annotations that the new ReplicaSet should have, given those it has."""
    copied = {key: value for key, value in deployment.metadata.annotations.items() if key not in NOT_COPIED}
    annotations = {**current, **copied}
    had = current.get(REVISION)
    former = int(had) if had and had.isdigit() else 0
    if former < revision:
        annotations[REVISION] = str(revision)
        if had:
            annotations[REVISION_HISTORY] = _extended_history(current.get(REVISION_HISTORY, ""), had)
    if not exists:
        annotations.update(replicas_annotations(deployment))
    return annotations


def _extended_history(history: str, revision: str) -> str:
    """The history with one more number; the oldest fall off where it grows too long."""
    numbers = [number for number in history.split(",") if number]
    while numbers and len(",".join([*numbers, revision])) > MAX_HISTORY_CHARS:
        numbers.pop(0)
    return ",".join([*numbers, revision])


def compute_new_replica_set(deployment: apps.Deployment, revision: int) -> apps.ReplicaSet:
    """The ReplicaSet for the current template, sized 0. Its name follows from the template, so there is only one."""
    template_hash = compute_hash(deployment.spec.template, deployment.status.collision_count)
    template = deployment.spec.template.model_copy(deep=True)
    template.metadata = template.metadata or ObjectMeta()
    template.metadata.labels = {**template.metadata.labels, POD_TEMPLATE_HASH: template_hash}
    selector = deployment.spec.selector.model_copy(deep=True) if deployment.spec.selector else LabelSelector()
    selector.match_labels = {**selector.match_labels, POD_TEMPLATE_HASH: template_hash}
    meta = ObjectMeta(
        name=f"{deployment.metadata.name}-{template_hash}",
        namespace=deployment.metadata.namespace,
        labels=dict(template.metadata.labels),
        annotations=compute_annotations(deployment, {}, revision, exists=False),
        owner_references=[new_controller_ref(deployment)],
    )
    spec = apps.ReplicaSetSpec(
        replicas=0, min_ready_seconds=deployment.spec.min_ready_seconds, selector=selector, template=template
    )
    return apps.ReplicaSet(metadata=meta, spec=spec)
