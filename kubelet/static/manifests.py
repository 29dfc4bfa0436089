"""From a manifest to the pod that the kubelet runs.

Mirrors applyDefaults of upstream pkg/kubelet/config/common.go. The API server never sees these pods, so what it would
have defaulted is defaulted here, as far as the kubelet looks at it. A static pod's uid is the hash of its content and
node: a changed manifest is another pod, an unchanged one is found again after a restart.

Leaves out: validation beyond the types; manifests by URL.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pydantic

from minik8s.api import core
from minik8s.api.meta import OwnerReference
from minik8s.client.log import get_logger
from minik8s.kubelet.images import pull_policy

log = get_logger(__name__)

SOURCE, HASH, MIRROR = "kubernetes.io/config.source", "kubernetes.io/config.hash", "kubernetes.io/config.mirror"
_PRIORITIES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def read_directory(directory: Path, node: str) -> dict[str, core.Pod]:
    """Uid → pod. A file that cannot be read or is no pod is left aside, and said so."""
    found = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            pod = parse_manifest(path.read_text(), node)
        except (OSError, ValueError, pydantic.ValidationError) as exc:
            log.warning("manifest not usable", file=path.name, error=str(exc).splitlines()[0])
            continue
        found[pod.metadata.uid] = pod
    return found


def fingerprint(directory: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a file comes, goes or is written."""
    if not directory.is_dir():
        return ()
    stats = [(path.name, path.stat()) for path in sorted(directory.iterdir()) if path.is_file()]
    return tuple((name, info.st_mtime_ns, info.st_size) for name, info in stats)


def parse_manifest(text: str, node: str) -> core.Pod:
    """Raises ValueError (pydantic's too) when it is no Pod."""
    import yaml  # lazily: most kubelets have no manifests

    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ValueError(f"no YAML: {exc}") from exc
    if not isinstance(data, dict) or data.get("kind") != "Pod":
        raise ValueError("not a Pod")
    return make_static(core.Pod.from_dict(data), node, text)


def make_static(pod: core.Pod, node: str, text: str) -> core.Pod:
    if not pod.metadata.name or not pod.spec.containers:
        raise ValueError("a pod needs a name and a container")
    meta, spec = pod.metadata, pod.spec
    digest = hashlib.md5(f"host:{node}\n{text}".encode(), usedforsecurity=False).hexdigest()
    meta.uid = digest
    meta.name = f"{meta.name}-{node}"
    meta.namespace = meta.namespace or "default"
    meta.annotations = {**meta.annotations, SOURCE: "file", HASH: digest}
    spec.node_name = node
    spec.tolerations = [*spec.tolerations, core.Toleration(operator="Exists", effect="NoExecute")]
    spec.priority = _PRIORITIES.get(spec.priority_class_name or "", spec.priority)
    _default(spec)
    return pod


def _default(spec: core.PodSpec) -> None:
    spec.restart_policy = spec.restart_policy or "Always"
    spec.dns_policy = spec.dns_policy or "ClusterFirst"
    if spec.termination_grace_period_seconds is None:
        spec.termination_grace_period_seconds = 30
    for container in [*spec.containers, *spec.init_containers]:
        container.image_pull_policy = pull_policy(container)
        for port in container.ports:
            port.protocol = port.protocol or "TCP"
            if spec.host_network and not port.host_port:
                port.host_port = port.container_port
        for probe in (container.liveness_probe, container.readiness_probe, container.startup_probe):
            if probe is not None:
                _default_probe(probe)
    for volume in spec.volumes:
        if not volume.model_dump(exclude={"name"}, exclude_none=True):
            volume.empty_dir = core.EmptyDirVolumeSource()


def _default_probe(probe: core.Probe) -> None:
    probe.period_seconds = probe.period_seconds or 10
    probe.timeout_seconds = probe.timeout_seconds or 1
    probe.success_threshold = probe.success_threshold or 1
    probe.failure_threshold = probe.failure_threshold or 3
    if probe.http_get is not None:
        probe.http_get.path = probe.http_get.path or "/"
        probe.http_get.scheme = probe.http_get.scheme or "HTTP"


def is_mirror(pod: core.Pod) -> bool:
    return MIRROR in pod.metadata.annotations


def render_mirror(pod: core.Pod, node: core.Node) -> core.Pod:
    """What the API shows of a static pod; owned by its node, so that it goes with it."""
    data: dict[str, Any] = pod.to_dict()
    mirror = core.Pod.from_dict({"metadata": {}, "spec": data["spec"]})
    mirror.metadata.name, mirror.metadata.namespace = pod.metadata.name, pod.metadata.namespace
    mirror.metadata.labels = dict(pod.metadata.labels)
    mirror.metadata.annotations = {**pod.metadata.annotations, MIRROR: pod.metadata.uid}
    mirror.metadata.owner_references = [
        OwnerReference(api_version="v1", kind="Node", name=node.metadata.name, uid=node.metadata.uid, controller=True)
    ]
    return mirror
