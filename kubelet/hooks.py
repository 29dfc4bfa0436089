"""Lifecycle hooks: postStart and preStop.

Mirrors upstream pkg/kubelet/lifecycle/handlers.go: exec, httpGet, sleep. Raises HookFailure; the caller decides what
follows (postStart: the container is killed; preStop: it is stopped anyway).
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.clock import Clock
from minik8s.kubelet.expansion import expand_all
from minik8s.kubelet.probers import Execs, Outcome, Target, http_get
from minik8s.kubelet.runtimes.base import RuntimeFault

HTTP_TIMEOUT = 30.0


class HookFailure(Exception):
    pass


async def run_hook(handler: core.LifecycleHandler, target: Target, runtime: Execs, clock: Clock) -> None:
    if handler.exec:
        await _exec(handler.exec, target, runtime)
    elif handler.http_get:
        await _http(handler.http_get, target)
    elif handler.sleep:
        await clock.sleep(float(handler.sleep.seconds))
    else:
        raise HookFailure("invalid handler")


async def _exec(action: core.ExecAction, target: Target, runtime: Execs) -> None:
    env = {variable.name: variable.value for variable in target.container.env if variable.value is not None}
    command = expand_all(action.command, env)
    try:
        result = await runtime.exec_sync(target.container_id, command)
    except (RuntimeFault, TimeoutError) as exc:
        raise HookFailure(str(exc)) from exc
    if result.exit_code != 0:
        shown = " ".join(command)
        text = result.output.decode("utf-8", "replace")
        raise HookFailure(f"command '{shown}' exited with {result.exit_code}: {text}, message: {text!r}")


async def _http(action: core.HTTPGetAction, target: Target) -> None:
    try:
        result = await http_get(action, target, HTTP_TIMEOUT)
    except ValueError as exc:
        raise HookFailure(str(exc)) from exc
    if result.outcome is Outcome.FAILURE:
        raise HookFailure(result.message)
