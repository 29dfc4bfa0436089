"""Images of the process runtime: unpacked ones in a folder, the built-in lab images, and the host itself.

    <root>/images/<name with / and : replaced>/config.json, rootfs/

`config.json` has `entrypoint`, `cmd`, `env` (list of K=V), `working_dir`, `user`, `stop_signal`, as in an image's own
configuration. A name that is neither there nor built in stands for the host's root file system: the container then
needs a `command`, and sees the host read-only, through a layer of its own. So `image: busybox, command: [sleep, "9"]`
works.
"""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.process.records import read_json

BUILT_IN = ("minik8s/web", "minik8s/sleep")
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What a container takes from its image."""

    rootfs: str = ""  # "": the host's root
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    working_dir: str = "/"
    user: str = ""
    stop_signal: str = "SIGTERM"
    visible: tuple[str, ...] = ()  # host folders that must be seen inside, whatever hides them


def normalize(image: str) -> str:
    """Registry and tag are kept, "latest" and docker.io/library are left out; InvalidImageName for what is no name."""
    name = image.strip()
    if not name or any(c.isspace() or ord(c) < 33 for c in name) or name.startswith(("/", ":", "-")) or "//" in name:
        raise base.InvalidImageName(f'Failed to apply default image tag "{image}": invalid reference format')
    for prefix in ("docker.io/library/", "docker.io/"):
        name = name.removeprefix(prefix)
    return name.removesuffix(":latest")


class ImageStore:
    """Images by name."""

    def __init__(self, folder: Path, pause: Path) -> None:
        self._folder = folder
        self._pause = pause
        self._seen: dict[str, base.ImageInfo] = {}

    def path(self, image: str) -> Path:
        """Where an unpacked image lies."""
        return self._folder / normalize(image).replace("/", "_").replace(":", "_").replace("@", "_")

    def status(self, image: str) -> base.ImageInfo | None:
        """Unpacked and built-in images are here; the host is "pulled" once first, as the kubelet expects of any
        image."""
        name = normalize(image)
        if (self.path(image) / "rootfs").is_dir():
            config = self.config(image)
            return _info(name, f"process://{name}", config.user)
        if name.split(":")[0] in BUILT_IN:
            return _info(name, f"process://{name}", "")
        return self._seen.get(name)

    def pull(self, image: str) -> base.ImageInfo:
        """No registry: whatever is not here is the host."""
        info = self.status(image)
        if info is None:
            name = normalize(image)
            info = self._seen[name] = _info(name, "process://host", "")
        return info

    def all(self) -> list[base.ImageInfo]:
        """Unpacked, built in, and host names in use."""
        unpacked = [p.name for p in self._folder.glob("*") if (p / "rootfs").is_dir()] if self._folder.is_dir() else []
        named = [_info(name, f"process://{name}", "") for name in (*BUILT_IN, *unpacked)]
        return [*named, *self._seen.values()]

    def remove(self, image: str) -> None:
        """Forgets a host name; unpacked images are the user's."""
        self._seen.pop(normalize(image), None)

    def config(self, image: str) -> ImageConfig:
        """What a container of it starts with."""
        folder = self.path(image)
        if (folder / "rootfs").is_dir():
            value = read_json(folder / "config.json") or {}
            env = dict(item.split("=", 1) for item in value.get("env") or [] if "=" in item)
            return ImageConfig(
                rootfs=str(folder / "rootfs"),
                entrypoint=tuple(value.get("entrypoint") or ()),
                cmd=tuple(value.get("cmd") or ()),
                env=env,
                working_dir=value.get("working_dir") or "/",
                user=value.get("user") or "",
                stop_signal=value.get("stop_signal") or "SIGTERM",
            )
        name = normalize(image).split(":")[0]
        if name == "minik8s/web":
            program = Path(__file__).with_name("web.py")
            visible = tuple(sorted({sys.prefix, sys.base_prefix, str(program.parent)}))
            return ImageConfig(entrypoint=(sys.executable, "-I", "-S", str(program)), visible=visible)
        if name == "minik8s/sleep":
            return ImageConfig(entrypoint=(str(self._pause),), visible=(str(self._pause.parent),))
        return ImageConfig()


def _info(name: str, ref: str, user: str) -> base.ImageInfo:
    return base.ImageInfo("sha256:" + hashlib.sha256(name.encode()).hexdigest(), (name,), ref=ref, user=user)
