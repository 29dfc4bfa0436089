"""Events about a container: the reference names it by its place in the pod's spec.

Mirrors GenerateContainerRef of upstream pkg/kubelet/container/ref.go.
"""

from __future__ import annotations

from collections.abc import Callable

from minik8s.api import core
from minik8s.client.events import EventRecorder

#: type ("Normal" | "Warning"), reason, message
Record = Callable[[str, str, str], None]

_LISTS = {"container": "containers", "init": "initContainers", "ephemeral": "ephemeralContainers"}


def container_ref(pod: core.Pod, name: str, kind: str) -> core.ObjectReference:
    meta = pod.metadata
    return core.ObjectReference(
        api_version="v1",
        kind="Pod",
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version or None,
        field_path=f"spec.{_LISTS[kind]}{{{name}}}",
    )


def kind_of(pod: core.Pod, name: str) -> str:
    if any(container.name == name for container in pod.spec.init_containers):
        return "init"
    return "ephemeral" if any(c.name == name for c in pod.spec.ephemeral_containers) else "container"


def container_recorder(recorder: EventRecorder, pod: core.Pod, name: str, kind: str = "") -> Record:
    ref = container_ref(pod, name, kind or kind_of(pod, name))

    def record(type_: str, reason: str, message: str) -> None:
        recorder.event(ref, type_, reason, message)

    return record
