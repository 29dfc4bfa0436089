"""Objects for tests, in one line each."""

from typing import Any

from minik8s.api import apps, core
from minik8s.api.meta import LabelSelector, ObjectMeta, OwnerReference, format_time

LABELS = {"app": "web"}
START = 1_767_225_600.0


def template(image: str = "web:1", labels: dict[str, str] | None = None) -> core.PodTemplateSpec:
    spec = core.PodSpec(containers=[core.Container(name="web", image=image)])
    return core.PodTemplateSpec(metadata=ObjectMeta(labels=labels or dict(LABELS)), spec=spec)


def replica_set(name: str = "web", replicas: int = 1, **status: Any) -> apps.ReplicaSet:
    spec = apps.ReplicaSetSpec(
        replicas=replicas, selector=LabelSelector(match_labels=dict(LABELS)), template=template()
    )
    meta = ObjectMeta(name=name, namespace="default", uid=f"uid-{name}", creation_timestamp=format_time(START))
    return apps.ReplicaSet(metadata=meta, spec=spec, status=apps.ReplicaSetStatus(**status))


def deployment(name: str = "web", replicas: int = 3, image: str = "web:1", **spec: Any) -> apps.Deployment:
    body = apps.DeploymentSpec(
        replicas=replicas, selector=LabelSelector(match_labels=dict(LABELS)), template=template(image), **spec
    )
    meta = ObjectMeta(name=name, namespace="default", uid=f"uid-{name}", generation=1)
    return apps.Deployment(metadata=meta, spec=body)


def rolling(surge: int | str, unavailable: int | str) -> apps.DeploymentStrategy:
    update = apps.RollingUpdateDeployment(max_surge=surge, max_unavailable=unavailable)
    return apps.DeploymentStrategy(type="RollingUpdate", rolling_update=update)


def pod(
    name: str = "web-1", *, ready: bool | None = None, node: str = "", phase: str = "", age: float = 0, ip: str = "",
    owner: Any = None, restarts: int = 0, deleting: bool = False, labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None, ready_age: float = 0,
) -> core.Pod:  # fmt: skip
    meta = ObjectMeta(
        name=name, namespace="default", uid=f"uid-{name}", labels=LABELS if labels is None else labels,
        annotations=annotations or {}, creation_timestamp=format_time(START - age),
        deletion_timestamp=format_time(START) if deleting else None,
    )  # fmt: skip
    if owner is not None:
        meta.owner_references = [owner_ref(owner)]
    status = core.PodStatus(phase=phase or ("Running" if ready is not None else "Pending"))
    if ready is not None:
        since = format_time(START - ready_age)
        status.conditions = [
            core.PodCondition(type="Ready", status="True" if ready else "False", last_transition_time=since)
        ]
    if ip:
        status.pod_ip, status.pod_ips = ip, [core.PodIP(ip=ip)]
    if restarts:
        status.container_statuses = [
            core.ContainerStatus(name="web", image="i", image_id="", ready=True, restart_count=restarts)
        ]
    return core.Pod(metadata=meta, spec=core.PodSpec(containers=[], node_name=node or None), status=status)


def owner_ref(owner: Any, controller: bool = True) -> OwnerReference:
    return OwnerReference(
        api_version=owner.api_version, kind=owner.kind, name=owner.metadata.name, uid=owner.metadata.uid,
        controller=controller, block_owner_deletion=True,
    )  # fmt: skip
