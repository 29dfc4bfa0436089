"""A component's process: one event loop, SIGTERM and SIGINT stop it gracefully, an exit code says how it went.

Mirrors component-base's signal handling (a second signal exits at once) and each cmd's main. The garbage collector is
told to leave alone what was loaded at start: a full collection over large caches stalls the loop for a good part of a
second.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from minik8s.client.log import configure, get_logger

log = get_logger(__name__)

GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD = 10_000, 20, 100


def run_component(name: str, main: Callable[[], Awaitable[Any]], verbosity: int = 0) -> int:
    """Run `main` until it ends or a signal comes; 0 for a graceful end, 1 for a failure (which is logged)."""
    configure(verbosity)
    gc.set_threshold(GEN0_THRESHOLD, GEN1_THRESHOLD, GEN2_THRESHOLD)
    gc.freeze()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_supervise(name, main))


async def _supervise(name: str, main: Callable[[], Awaitable[Any]]) -> int:
    task = asyncio.ensure_future(main())
    loop = asyncio.get_running_loop()
    stopping = False

    def stop(signum: int) -> None:
        nonlocal stopping
        if stopping:
            os._exit(1)  # asked twice: no more patience
        stopping = True
        log.info("stopping", component=name, signal=signal.Signals(signum).name)
        task.cancel()

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop, signum)
    try:
        await task
    except asyncio.CancelledError:
        return 0 if stopping else 1
    except Exception as error:  # the process's last line: whatever it was, say it and exit
        if stopping:
            return 0
        for cause in _causes(error):
            log.error("component failed", component=name, error=f"{type(cause).__name__}: {cause}")
        log.debug("traceback", component=name, exc_info=error)
        return 1
    return 0


def _causes(error: BaseException) -> list[BaseException]:
    """The single failures inside a task group's exception."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in _causes(inner)]
    return [error]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
