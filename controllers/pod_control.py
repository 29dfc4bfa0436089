"""Creating and deleting pods on behalf of a controller, with the events users look for.

Mirrors RealPodControl in upstream's pkg/controller/controller_utils.go.
"""

from typing import Any

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import ApiError, Conflict, NotFound
from minik8s.client.events import EventRecorder
from minik8s.client.rest import Client
from minik8s.controllers.owners import new_controller_ref

#: the cause with which the server refuses new objects in a namespace that is going
NAMESPACE_TERMINATING = "NamespaceTerminating"
#: a pod name's limit, less the five characters that generateName adds
MAX_PREFIX = 253


def is_namespace_terminating(error: BaseException | None) -> bool:
    if not isinstance(error, ApiError):
        return False
    causes = (error.details or {}).get("causes") or []
    return any(cause.get("reason") == NAMESPACE_TERMINATING for cause in causes)


def compute_pod(template: core.PodTemplateSpec, owner: Any, name: str = "", node_name: str = "") -> core.Pod:
    """The pod that `owner`'s template describes; without a name, the server makes one up from the owner's."""
    source = template.metadata or ObjectMeta()
    prefix = f"{owner.metadata.name}-"
    meta = ObjectMeta(
        namespace=owner.metadata.namespace,
        labels=dict(source.labels),
        annotations=dict(source.annotations),
        finalizers=list(source.finalizers),
        owner_references=[new_controller_ref(owner)],
    )
    if name:
        meta.name = name
    else:
        meta.generate_name = prefix if len(prefix) <= MAX_PREFIX else owner.metadata.name
    spec = template.spec.model_copy(deep=True) if template.spec is not None else core.PodSpec(containers=[])
    if node_name:
        spec.node_name = node_name
    return core.Pod(metadata=meta, spec=spec)


class PodControl:
    """Writes pods and tells the owner's events about it."""

    def __init__(self, client: Client, recorder: EventRecorder) -> None:
        self._client = client
        self._recorder = recorder

    async def create(self, pod: core.Pod, owner: Any) -> core.Pod:
        try:
            created = await self._client.create(pod)
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {created.metadata.name}")
        return created

    async def delete(self, pod: core.Pod, owner: Any) -> bool:
        """Delete that very pod (its uid is a precondition). False: it was gone, so nobody will see it go."""
        meta = pod.metadata
        try:
            await self._client.delete(core.Pod, meta.name, meta.namespace, uid=meta.uid)
        except (NotFound, Conflict):  # gone, or a namesake with another uid
            return False
        except ApiError as error:
            self._recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self._recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {meta.name}")
        return True
