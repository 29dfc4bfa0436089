"""Runs an exec or attach between a client and a runtime's stream, and tells its outcome.

Mirrors pkg/kubelet/cri/streaming/remotecommand/{exec.go,attach.go}: an exit code other than 0 becomes a Status with
reason NonZeroExitCode and the cause ExitCode, which is how kubectl knows what to exit with.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from minik8s.kubelet.runtimes.base import ExecStream, RuntimeFault
from minik8s.kubelet.server.remote import Remote
from minik8s.kubelet.server.websocket import parse_resize

NAMES = {1: "stdout", 2: "stderr"}


def render_outcome(code: int) -> dict[str, Any]:
    """The Status for an exit code."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def render_failure(message: str) -> dict[str, Any]:
    """The Status for something that went wrong on our side."""
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }


def encode_outcome(outcome: dict[str, Any], json_status: bool) -> bytes:
    """As the protocol's error stream wants it: JSON from v4 on; before, the message alone, and nothing for success."""
    if json_status:
        return json.dumps(outcome).encode()
    return b"" if outcome["status"] == "Success" else str(outcome["message"]).encode()


async def serve_streams(remote: Remote, stream: ExecStream) -> None:
    """Copies until the process has ended or the client has gone; then the outcome, then the end."""
    incoming = asyncio.create_task(_copy_in(remote, stream))
    outgoing = asyncio.create_task(_copy_out(remote, stream))
    try:
        done, _ = await asyncio.wait({incoming, outgoing}, return_when=asyncio.FIRST_COMPLETED)
        if outgoing in done:
            await _tell(remote, outgoing)
    except ConnectionError:
        pass  # the client went away in the middle: nobody is left to tell
    finally:
        for task in (incoming, outgoing):
            task.cancel()
        await asyncio.gather(incoming, outgoing, return_exceptions=True)
        await stream.close()
        await remote.close()


async def _tell(remote: Remote, outgoing: asyncio.Task[int]) -> None:
    try:
        outcome = render_outcome(outgoing.result())
    except RuntimeFault as exc:
        outcome = render_failure(exc.message)
    if data := encode_outcome(outcome, remote.json_status):
        await remote.send("error", data)


async def _copy_out(remote: Remote, stream: ExecStream) -> int:
    while (piece := await stream.read()) is not None:
        await remote.send(NAMES[piece[0]], piece[1])
    return await stream.wait()


async def _copy_in(remote: Remote, stream: ExecStream) -> None:
    """Ends when the client is gone."""
    async for name, data in remote.receive():
        if name == "stdin":
            if data is None:
                await stream.close_stdin()
            else:
                await stream.write_stdin(data)
        elif data is not None and (size := parse_resize(data)) is not None:
            await stream.resize(*size)
