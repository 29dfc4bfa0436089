"""Commands run in containers by the Docker engine, and attaching to what runs already.

Mirrors pkg/kubelet/dockershim/exec.go. The streams go over a connection of their own (`engine.hijack`); the exit code
is asked for once they have ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.docker.engine import Engine, EngineError
from minik8s.kubelet.runtimes.docker.streams import DockerExecStream


class Execution:
    """exec and attach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, container_id: str, command: Sequence[str], timeout: float) -> base.ExecResult:
        """→ base.Runtime.exec_sync."""
        identifier = await self._create(container_id, command, stdin=False, tty=False)
        stream = await self._start(identifier, tty=False)
        output: dict[int, list[bytes]] = {1: [], 2: []}
        try:
            async with asyncio.timeout(timeout or None):
                while (piece := await stream.read()) is not None:
                    output[piece[0]].append(piece[1])
                code = await stream.wait()
        except TimeoutError:
            await self._kill(identifier)
            raise TimeoutError(f"command {list(command)} timed out after {timeout:g} s") from None
        finally:
            await stream.close()
        stdout, stderr = b"".join(output[1]), b"".join(output[2])
        if code in (126, 127) and stdout.startswith(b"OCI runtime exec failed"):
            stdout, stderr = b"", stdout + stderr
        return base.ExecResult(code, stdout, stderr)

    async def open(self, container_id: str, command: Sequence[str], *, stdin: bool, tty: bool) -> DockerExecStream:
        """→ base.Runtime.exec."""
        return await self._start(await self._create(container_id, command, stdin=stdin, tty=tty), tty)

    async def attach(
        self, container_id: str, stdin: bool, tty: bool, exit_code: Callable[[], Awaitable[int]]
    ) -> DockerExecStream:
        """→ base.Runtime.attach."""
        query = {"stream": 1, "stdout": 1, "stderr": 1, "stdin": int(stdin), "logs": 0}
        pair, first = await self._engine.hijack(f"/containers/{container_id}/attach", query, {})
        return DockerExecStream(pair, first, tty, self._resizer(f"/containers/{container_id}/resize"), exit_code)

    async def _create(self, container_id: str, command: Sequence[str], *, stdin: bool, tty: bool) -> str:
        try:
            answer = await self._engine.call(
                lambda client: client.exec_create(container_id, list(command), stdin=stdin, tty=tty)
            )
        except EngineError as exc:
            if exc.status == 409:
                raise base.ContainerNotFound(exc.message) from exc
            raise
        return str(answer["Id"])

    async def _start(self, identifier: str, tty: bool) -> DockerExecStream:
        pair, first = await self._engine.hijack(f"/exec/{identifier}/start", None, {"Detach": False, "Tty": tty})

        async def exit_code() -> int:
            for _ in range(50):  # the streams may end a moment before the engine knows how
                info = await self._engine.call(lambda client: client.exec_inspect(identifier))
                if not info["Running"] and info["ExitCode"] is not None:
                    return int(info["ExitCode"])
                await asyncio.sleep(0.02)
            return 0

        return DockerExecStream(pair, first, tty, self._resizer(f"/exec/{identifier}/resize"), exit_code)

    def _resizer(self, path: str) -> Callable[[int, int], Awaitable[None]]:
        async def resize(width: int, height: int) -> None:
            with contextlib.suppress(EngineError, base.ContainerNotFound):  # it has ended meanwhile
                await self._engine.post(path, {"h": height, "w": width})

        return resize

    async def _kill(self, identifier: str) -> None:
        """The engine cannot end an exec; where its processes are ours to signal, we do."""
        info = await self._engine.call(lambda client: client.exec_inspect(identifier))
        if self._engine.local and info.get("Pid") and info.get("Running"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(info["Pid"]), 9)
