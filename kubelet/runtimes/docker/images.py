"""Images of the Docker engine: look up, pull, list, remove, and make our own from memory.

Mirrors pkg/kubelet/dockershim/docker_image.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.docker.engine import Engine, EngineError
from minik8s.kubelet.runtimes.docker.inspect import parse_image


class DockerImages:
    """The engine's images."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._refs: dict[str, str] = {}  # image id → what stands in a container's imageID

    async def status(self, image: str) -> base.ImageInfo | None:
        """None when it is not here."""
        try:
            info = parse_image(await self._engine.call(lambda client: client.inspect_image(image)))
        except base.ContainerNotFound:
            return None
        except EngineError as exc:
            raise base.InvalidImageName(f"Failed to apply default image tag {image!r}: {exc.message}") from exc
        self._refs[info.id] = info.ref
        return info

    async def ref(self, image_id: str) -> str:
        """The imageID of a container, looked up once per image."""
        if image_id not in self._refs:
            info = await self.status(image_id)
            self._refs[image_id] = info.ref if info else f"docker://{image_id}"
        return self._refs[image_id]

    async def pull(self, image: str, auth: base.ImageAuth | None) -> base.ImageInfo:
        """Pulls; the registry's words when it cannot."""

        def work(client: Any) -> None:
            from docker.utils import parse_repository_tag

            repository, tag = parse_repository_tag(image)
            config = None
            if auth is not None:
                config = {"username": auth.username, "password": auth.password, "serveraddress": auth.server}
                config = {"identitytoken": auth.identity_token} if auth.identity_token else config
            for line in client.pull(repository, tag or "latest", stream=True, decode=True, auth_config=config):
                if "error" in line:
                    raise base.ImagePullError(str(line["error"]))

        try:
            await self._engine.call(work)
        except (EngineError, base.ContainerNotFound) as exc:
            if "invalid reference format" in exc.message:
                raise base.InvalidImageName(exc.message) from exc
            message = f"rpc error: code = Unknown desc = Error response from daemon: {exc.message}"
            raise base.ImagePullError(message) from exc
        info = await self.status(image)
        if info is None:
            raise base.ImagePullError(f"image {image} vanished after it was pulled")
        return info

    async def all(self) -> list[base.ImageInfo]:
        """Tagged or not."""

        def work(client: Any) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = client.images()
            return found

        return [parse_image({**info, "Config": None}) for info in await self._engine.call(work)]

    async def remove(self, image: str) -> None:
        """An image in use is an error; one that is gone is not."""
        try:
            await self._engine.call(lambda client: client.remove_image(image))
        except base.ContainerNotFound:
            return
        except EngineError as exc:
            raise base.RuntimeFault(exc.message, "ImageInUse") from exc

    async def ensure(self, image: str, build: Callable[[], bytes], changes: list[str]) -> None:
        """Imports a root file system as `image`, from memory, unless it is there."""
        if await self.status(image) is not None:
            return
        repository, tag = image.rsplit(":", 1)

        def work(client: Any) -> None:
            client.import_image_from_data(build(), repository=repository, tag=tag, changes=changes)

        await self._engine.call(work)
