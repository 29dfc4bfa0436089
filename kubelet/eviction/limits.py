"""Pods that have outgrown their own limits: an emptyDir's sizeLimit, ephemeral-storage of the pod or a container. Pure.

Mirrors localStorageEviction of upstream pkg/kubelet/eviction/eviction_manager.go, message by message.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.api.quantity import Quantity
from minik8s.kubelet.eviction.ranking import PodUsage

RESOURCE = "ephemeral-storage"


def is_limited(pod: core.Pod) -> bool:
    """Has it to be measured at all?"""
    if any(volume.empty_dir and volume.empty_dir.size_limit for volume in pod.spec.volumes):
        return True
    return any(_limit(container) for container in [*pod.spec.containers, *pod.spec.init_containers])


def compute_breach(pod: core.Pod, usage: PodUsage) -> str:
    """Why the pod has to go; "" when it keeps its limits."""
    return _empty_dirs(pod, usage) or _pod(pod, usage) or _containers(pod, usage)


def _empty_dirs(pod: core.Pod, usage: PodUsage) -> str:
    for volume in pod.spec.volumes:
        limit = volume.empty_dir.size_limit if volume.empty_dir else None
        used = usage.empty_dirs.get(volume.name, usage.memory_dirs.get(volume.name, 0))
        if limit and used > Quantity.parse(limit).value() > 0:
            return f'Usage of EmptyDir volume "{volume.name}" exceeds the limit "{limit}". '
    return ""


def _pod(pod: core.Pod, usage: PodUsage) -> str:
    """Only when every container has a limit is there one of the pod."""
    limits = [_limit(container) for container in pod.spec.containers]
    if not all(limits):
        return ""
    total = sum(limits)
    if usage.disk > total:
        return f"Pod ephemeral local storage usage exceeds the total limit of containers {_format(pod, total)}. "
    return ""


def _containers(pod: core.Pod, usage: PodUsage) -> str:
    for container in [*pod.spec.containers, *pod.spec.init_containers]:
        limit = _limit(container)
        if limit and usage.container_disk.get(container.name, 0) > limit:
            text = _text(container)
            return f'Container {container.name} exceeded its local ephemeral storage limit "{text}". '
    return ""


def _text(container: core.Container) -> str:
    return container.resources.limits.get(RESOURCE, "") if container.resources else ""


def _limit(container: core.Container) -> int:
    text = _text(container)
    return Quantity.parse(text).value() if text else 0


def _format(pod: core.Pod, total: int) -> str:
    """The sum as written, when one container has it all."""
    texts = [_text(container) for container in pod.spec.containers]
    return texts[0] if len(texts) == 1 else str(total)
