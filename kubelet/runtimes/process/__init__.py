"""The process runtime (see `runtime.py`): pods without an engine. `remove_everything` is for `minik8s down`."""

from __future__ import annotations

from minik8s.kubelet.runtimes.base import RuntimeOptions
from minik8s.kubelet.runtimes.process.runtime import ProcessRuntime

__all__ = ["ProcessRuntime", "remove_everything"]


async def remove_everything(options: RuntimeOptions) -> None:
    """Ends every pod of this node, and takes its bridge and rules away."""
    runtime = ProcessRuntime(options)
    await runtime.start()
    try:
        for sandbox in await runtime.list_sandboxes():
            await runtime.remove_sandbox(sandbox.id)
        await runtime.dismantle()
    finally:
        await runtime.close()
