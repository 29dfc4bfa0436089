"""What may go wrong in a runtime: one tree, whose `reason` stands in a waiting container's status.

The reasons are upstream's (pkg/kubelet/container/sync_result.go, pkg/kubelet/images/types.go).
"""

from __future__ import annotations


class RuntimeFault(Exception):
    """Base of the runtime's errors. `reason` is what stands in a waiting container's status."""

    reason = "RunContainerError"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if reason is not None:
            self.reason = reason


class RuntimeUnavailable(RuntimeFault):
    """The engine did not answer: retry; nothing may be concluded from it."""

    reason = "RuntimeUnavailable"


class ContainerNotFound(RuntimeFault):
    """No such sandbox or container."""

    reason = "ContainerNotFound"


class CreateContainerError(RuntimeFault):
    """The runtime refuses to make the container (bad mount, name in use, ...)."""

    reason = "CreateContainerError"


class CreateContainerConfigError(RuntimeFault):
    """The configuration itself is impossible (no such user, runAsNonRoot with root, ...)."""

    reason = "CreateContainerConfigError"


class StartContainerError(RuntimeFault):
    """The container exists and could not be started (no such executable, ...); it is then `exited` with code 127,
    126 or 128 and reason `ContainerCannotRun`, as with upstream's dockershim."""

    reason = "RunContainerError"


class ImagePullError(RuntimeFault):
    """The image could not be pulled. The kubelet turns repeated ones into ImagePullBackOff."""

    reason = "ErrImagePull"


class InvalidImageName(ImagePullError):
    """The image reference cannot be parsed."""

    reason = "InvalidImageName"


class NotSupported(RuntimeFault):
    """This runtime cannot do that; the message says what and why."""

    reason = "NotSupported"
