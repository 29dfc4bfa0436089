"""What nobody needs any more: images that this kubelet pulled, when the disk fills up.

Mirrors upstream pkg/kubelet/images/image_gc_manager.go: above the high threshold, unused images go, those used longest
ago first, until the disk is below the low one.

Differs on purpose: only images that this kubelet itself pulled are removed. The engine is usually the user's own, with
images that took hours to build. Which those are is kept in `pulled-images.json` below the root directory: losing it
means that they stay. Dead containers are removed by their pods' workers, at once (`pod_sync._forget_old`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from minik8s.client.log import get_logger
from minik8s.clock import Clock
from minik8s.kubelet.machine import Machine, Usage
from minik8s.kubelet.runtimes.base import ImageInfo, Runtime, RuntimeFault

log = get_logger(__name__)

PERIOD = 300.0
MINIMUM_AGE = 120.0
HIGH_PERCENT, LOW_PERCENT = 85, 80


def bytes_to_free(usage: Usage, machine: Machine, high: int = HIGH_PERCENT, low: int = LOW_PERCENT) -> int:
    """0 below the high threshold; otherwise what it takes to come below the low one."""
    used = machine.storage - usage.storage_available
    if machine.storage <= 0 or used * 100 < machine.storage * high:
        return 0
    return max(0, used - machine.storage * low // 100)


def removable(
    images: Iterable[ImageInfo], pulled: set[str], in_use: set[str], last_used: dict[str, float], now: float
) -> list[ImageInfo]:
    """Ours, not used by any container, not new; the one used longest ago first."""
    found = [
        image
        for image in images
        if image.id in pulled and image.id not in in_use and now - last_used.get(image.id, now) >= MINIMUM_AGE
    ]
    return sorted(found, key=lambda image: last_used.get(image.id, 0.0))


class ImageCollector:
    def __init__(
        self, runtime: Runtime, clock: Clock, root: Path, machine: Machine, usage: Callable[[], Usage]
    ) -> None:
        self._runtime = runtime
        self._clock = clock
        self._file = root / "pulled-images.json"
        self._machine, self._usage = machine, usage
        self._last_used: dict[str, float] = {}

    def note_pull(self, image_id: str) -> None:
        pulled = self._pulled()
        if image_id and image_id not in pulled:
            self._write(pulled | {image_id})

    async def run(self) -> None:
        while True:
            await self._clock.sleep(PERIOD)
            try:
                await self.collect()
            except (RuntimeFault, OSError) as exc:
                log.warning("images not collected", error=str(exc))

    async def collect(self, everything: bool = False) -> int:
        """Bytes freed. `everything`: pods would go otherwise."""
        in_use = {status.image_ref.rpartition("@")[2] for status in await self._runtime.list_containers()}
        images = await self._runtime.list_images()
        in_use |= {image.id for image in images if image.ref.rpartition("@")[2] in in_use or image.ref in in_use}
        now = self._clock.now()
        for image in images:
            self._last_used.setdefault(image.id, now)
            if image.id in in_use:
                self._last_used[image.id] = now
        wanted = sum(image.size for image in images) if everything else bytes_to_free(self._usage(), self._machine)
        freed = 0
        for image in removable(images, self._pulled(), in_use, self._last_used, now):
            if freed >= wanted:
                break
            freed += await self._remove(image)
        return freed

    async def _remove(self, image: ImageInfo) -> int:
        try:
            await self._runtime.remove_image(image.id)
        except RuntimeFault as exc:
            log.debug("image not removed", image=image.id, error=str(exc))
            return 0
        self._write(self._pulled() - {image.id})
        log.info("image removed", image=image.tags[0] if image.tags else image.id, bytes=image.size)
        return image.size

    def _pulled(self) -> set[str]:
        try:
            return set(json.loads(self._file.read_text()))
        except (OSError, ValueError):
            return set()

    def _write(self, pulled: set[str]) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(sorted(pulled)))
        fresh.replace(self._file)
