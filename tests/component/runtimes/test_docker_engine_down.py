"""An engine that does not answer is an error, never an empty list; after its return everything is looked at again."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.docker import DockerRuntime


def options(folder: Path) -> base.RuntimeOptions:
    return base.RuntimeOptions("n", folder, env={"DOCKER_HOST": f"unix://{folder}/engine.sock"})


async def test_no_engine_is_unavailable_everywhere(tmp_path: Path) -> None:
    runtime = DockerRuntime(options(tmp_path))
    for work in (
        runtime.start(), runtime.version(), runtime.list_containers(), runtime.list_sandboxes(),
        runtime.container_status("x"), runtime.stop_container("x", 1), runtime.remove_container("x"),
        runtime.image_status("x"), runtime.exec_sync("x", ["true"]),
    ):  # fmt: skip
        with pytest.raises(base.RuntimeUnavailable):
            await work
    await runtime.close()


class Engine:
    """Answers /version and /images, and an events stream that can be cut."""

    def __init__(self) -> None:
        self.watchers: list[asyncio.StreamWriter] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while head := (await reader.read(65536)).decode():
            target = head.split(" ")[1]
            if "/events" in target:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.watchers.append(writer)
                return
            body = json.dumps({"Version": "1", "Id": "sha256:x", "Config": {}}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send(self, event: dict[str, object]) -> None:
        data = json.dumps(event).encode() + b"\n"
        self.watchers[-1].write(b"%x\r\n" % len(data) + data + b"\r\n")


@asynccontextmanager
async def listening(engine: Engine, path: Path) -> AsyncIterator[None]:
    server = await asyncio.start_unix_server(engine.serve, path)
    try:
        yield
    finally:
        server.close()
        for writer in engine.writers:
            writer.close()
        os.unlink(path)  # noqa: PTH108


async def test_events_survive_a_restart_of_the_engine(tmp_path: Path) -> None:
    engine, socket = Engine(), tmp_path / "engine.sock"
    runtime = DockerRuntime(options(tmp_path))
    async with listening(engine, socket):
        await runtime.start()
        events = runtime.events()
        assert (await anext(events)).type is base.EventType.RESYNC
        labels = {base.LABEL_POD_UID: "u", base.LABEL_CONTAINER_NAME: "c", base.LABEL_SANDBOX_ID: "s"}
        assert engine.watchers, "start returns when the events are followed"
        engine.send({"Action": "die", "Actor": {"ID": "i", "Attributes": labels}})
        while (event := await asyncio.wait_for(anext(events), 5)).type is base.EventType.RESYNC:
            pass
        assert event == base.RuntimeEvent(base.EventType.CONTAINER_DIED, "u", "i", "s", "c")
    again = Engine()
    async with listening(again, socket):
        assert (await asyncio.wait_for(anext(events), 5)).type is base.EventType.RESYNC
        again.send({"Action": "start", "Actor": {"ID": "j", "Attributes": labels}})
        event = await asyncio.wait_for(anext(events), 5)
        assert event.type is base.EventType.CONTAINER_STARTED and event.container_id == "j"
    await runtime.close()
