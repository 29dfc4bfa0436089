"""Whether an image is pulled, and what is said when it cannot be.

Mirrors upstream pkg/kubelet/images/image_manager.go: IfNotPresent, Always, Never; failed pulls back off from 10 s to
5 min per pod and image; every step is an event.

Leaves out: credential providers and registries' token refresh; `imagePullSecrets` are read as docker config JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Protocol

from minik8s.api import core
from minik8s.clock import Clock
from minik8s.kubelet import events
from minik8s.kubelet.backoff import Backoff
from minik8s.kubelet.record import Record
from minik8s.kubelet.runtimes.base import ImageAuth, ImageInfo, ImagePullError, InvalidImageName, RuntimeFault

#: pulls at a time; more only makes each of them slower
PARALLEL_PULLS = 4


class ImageRuntime(Protocol):
    async def image_status(self, image: str) -> ImageInfo | None: ...

    async def pull_image(self, image: str, auth: ImageAuth | None = None) -> ImageInfo: ...


class ImageProblem(Exception):
    """The container has to wait: `reason` and the text stand in its status."""

    def __init__(self, reason: str, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.reason, self.message, self.retry_after = reason, message, retry_after


def pull_policy(container: core.Container) -> str:
    """The API server defaults it; a static pod's manifest may not say."""
    if container.image_pull_policy:
        return container.image_pull_policy
    _, _, last = (container.image or "").rpartition("/")
    tagged = ":" in last or "@" in last
    return "IfNotPresent" if tagged and not last.endswith(":latest") else "Always"


class ImageManager:
    def __init__(self, runtime: ImageRuntime, clock: Clock, on_pulled: Callable[[str], None] | None = None) -> None:
        """`on_pulled` gets the id of every image that was not here before."""
        self._on_pulled = on_pulled
        self._runtime = runtime
        self._clock = clock
        self._backoff = Backoff()
        self._slots = asyncio.Semaphore(PARALLEL_PULLS)

    async def ensure(self, uid: str, container: core.Container, auth: list[ImageAuth], record: Record) -> ImageInfo:
        """The image, pulled if need be. Raises ImageProblem."""
        image, policy = container.image or "", pull_policy(container)
        present = await self._inspect(image, record)
        if present is not None and policy != "Always":
            record(events.NORMAL, events.PULLED, f'Container image "{image}" already present on machine')
            return present
        if policy == "Never":
            text = f'Container image "{image}" is not present with pull policy of Never'
            if present is not None:
                return present
            record(events.WARNING, events.NEVER_PULL, text)
            raise ImageProblem("ErrImageNeverPull", text, 10.0)
        return await self._pull(f"{uid}_{image}", image, auth, record, known=present is not None)

    async def _inspect(self, image: str, record: Record) -> ImageInfo | None:
        try:
            return await self._runtime.image_status(image)
        except InvalidImageName as exc:
            text = f'Failed to apply default image tag "{image}": {exc}'
            record(events.WARNING, events.INSPECT_FAILED, text)
            raise ImageProblem("InvalidImageName", text, 60.0) from exc
        except RuntimeFault as exc:
            text = f'Failed to inspect image "{image}": {exc}'
            record(events.WARNING, events.INSPECT_FAILED, text)
            raise ImageProblem("ImageInspectError", text, 10.0) from exc

    async def _pull(self, key: str, image: str, auth: list[ImageAuth], record: Record, known: bool) -> ImageInfo:
        remaining = self._backoff.remaining(key, self._clock.now())
        if remaining > 0:
            text = f'Back-off pulling image "{image}"'
            record(events.NORMAL, events.BACK_OFF, text)
            raise ImageProblem("ImagePullBackOff", text, remaining)
        record(events.NORMAL, events.PULLING, f'Pulling image "{image}"')
        begun = self._clock.monotonic()
        try:
            async with self._slots:
                info = await self._pull_with(image, auth)
        except ImagePullError as exc:
            self._backoff.failed(key, self._clock.now())
            text = f'Failed to pull image "{image}": {exc}'
            record(events.WARNING, events.FAILED, text)
            record(events.WARNING, events.FAILED, f"Error: {exc.reason}")
            # a short while in which the status says why, before it says that we wait
            raise ImageProblem(exc.reason, text, 2.0) from exc
        self._backoff.forget(key)
        if self._on_pulled is not None and not known:
            self._on_pulled(info.id)
        took = self._clock.monotonic() - begun
        text = f'Successfully pulled image "{image}" in {took:.3f}s ({took:.3f}s including waiting). '
        record(events.NORMAL, events.PULLED, f"{text}Image size: {info.size} bytes.")
        return info

    async def _pull_with(self, image: str, auth: list[ImageAuth]) -> ImageInfo:
        """Try each credential that fits, then none."""
        failure: ImagePullError | None = None
        for credential in [*auth, None]:
            try:
                return await self._runtime.pull_image(image, credential)
            except ImagePullError as exc:
                failure = failure or exc
        assert failure is not None
        raise failure


def registry_of(image: str) -> str:
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def credentials(secret: core.Secret, image: str) -> list[ImageAuth]:
    """What a kubernetes.io/dockerconfigjson (or dockercfg) secret says for this image's registry."""
    if ".dockerconfigjson" in secret.data:
        entries = json.loads(base64.b64decode(secret.data[".dockerconfigjson"])).get("auths", {})
    elif ".dockercfg" in secret.data:
        entries = json.loads(base64.b64decode(secret.data[".dockercfg"]))
    else:
        return []
    wanted = registry_of(image)
    return [_auth(server, entry) for server, entry in entries.items() if _matches(server, wanted)]


def _matches(server: str, registry: str) -> bool:
    host = server.removeprefix("https://").removeprefix("http://").split("/")[0]
    return host == registry or (registry == "docker.io" and host in ("index.docker.io", "registry-1.docker.io"))


def _auth(server: str, entry: dict[str, str]) -> ImageAuth:
    user, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth") and not user:
        user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
    return ImageAuth(user, password, server, entry.get("identitytoken", ""))
