"""When containers are probed, and what follows from it.

Mirrors upstream pkg/kubelet/prober (worker.go, prober_manager.go). One task per probe of a running container; a result
counts after successThreshold or failureThreshold equal answers in a row; whenever it changes, the pod is woken.

A readiness or startup probe is made as soon as the container has started (after initialDelaySeconds); liveness probes
of adopted containers are spread over their period, so that a kubelet restart is no stampede.

Until a container has started (startup probe), it is neither ready nor probed for liveness.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from minik8s.api import core
from minik8s.clock import Clock
from minik8s.kubelet.actions import ProbeView
from minik8s.kubelet.probers import Execs, Outcome, ProbeResult, Target, run_probe

#: seconds between the first tries of a container that has only just started; doubled each time
FIRST_PAUSE, FIRST_PAUSE_EXEC = 0.1, 1.0


@dataclass
class Streak:
    """Equal answers in a row, and the verdict they add up to. Pure."""

    success_threshold: int
    failure_threshold: int
    verdict: bool | None = None
    last: bool | None = None
    length: int = 0

    def add(self, ok: bool) -> bool:
        """Count one answer; True when the verdict changed."""
        self.length = self.length + 1 if ok == self.last else 1
        self.last = ok
        if self.length < (self.success_threshold if ok else self.failure_threshold):
            return False
        changed, self.verdict = self.verdict != ok, ok
        return changed


@dataclass
class _Worker:
    kind: str
    streak: Streak
    task: asyncio.Task[None] | None = None


@dataclass
class _Probed:
    """The probes of one running container."""

    pod_uid: str
    workers: dict[str, _Worker] = field(default_factory=dict)

    def verdict(self, kind: str) -> bool | None:
        worker = self.workers.get(kind)
        return worker.streak.verdict if worker else None


Record = Callable[[core.Pod, core.Container, str, ProbeResult], None]


class ProbeManager:
    """Runs the probes of a node's containers."""

    def __init__(self, runtime: Execs, clock: Clock, wake: Callable[[str], None], record: Record) -> None:
        self._runtime = runtime
        self._clock = clock
        self._wake = wake
        self._record = record
        self._probed: dict[str, _Probed] = {}

    def watch(self, pod: core.Pod, target: Target, started_at: float, adopted: bool = False) -> None:
        """Begin to probe a running container; does nothing when it is probed already."""
        if target.container_id in self._probed:
            return
        specs = _specs(target.container)
        if not specs:
            return
        probed = self._probed[target.container_id] = _Probed(pod.metadata.uid or "")
        for kind, spec in specs.items():
            streak = Streak(spec.success_threshold or 1, spec.failure_threshold or 3)
            probed.workers[kind] = worker = _Worker(kind, streak)
            run = self._run(pod, target, kind, spec, probed, started_at, adopted)
            worker.task = asyncio.create_task(run, name=f"{kind} probe of {target.container.name}")

    def seed_ready(self, container_id: str) -> None:
        """An adopted container that was ready stays so until a probe says otherwise."""
        probed = self._probed.get(container_id)
        if probed is None:
            return
        for kind in ("startup", "readiness"):
            worker = probed.workers.get(kind)
            if worker and worker.streak.verdict is None:
                worker.streak.verdict = True

    def unwatch(self, container_id: str) -> None:
        probed = self._probed.pop(container_id, None)
        for worker in probed.workers.values() if probed else ():
            if worker.task is not None:
                worker.task.cancel()

    def stop_liveness(self, pod_uid: str) -> None:
        """A pod that is being stopped may still be found unready, but must not be killed for it."""
        for probed in self._probed.values():
            if probed.pod_uid == pod_uid:
                for kind in ("startup", "liveness"):
                    worker = probed.workers.get(kind)
                    if worker and worker.task is not None:
                        worker.task.cancel()

    def keep_only(self, pod_uid: str, running: set[str]) -> None:
        """Drop the probes of containers of `pod_uid` that do not run any more."""
        for container_id in [c for c, p in self._probed.items() if p.pod_uid == pod_uid and c not in running]:
            self.unwatch(container_id)

    def close(self) -> None:
        for container_id in list(self._probed):
            self.unwatch(container_id)

    # what is known --------------------------------------------------------------------------------------------------
    def results(self, kind: str, pod_uid: str) -> dict[str, bool]:
        """Container id → verdict, of those that have one."""
        found = {c: p.verdict(kind) for c, p in self._probed.items() if p.pod_uid == pod_uid}
        return {container_id: verdict for container_id, verdict in found.items() if verdict is not None}

    def view(self, pod_uid: str) -> ProbeView:
        liveness, startup = self.results("liveness", pod_uid), self.results("startup", pod_uid)
        return ProbeView(
            liveness_failed=frozenset(c for c, ok in liveness.items() if not ok),
            startup_failed=frozenset(c for c, ok in startup.items() if not ok),
            startup_succeeded=frozenset(c for c, ok in startup.items() if ok),
        )

    # probing --------------------------------------------------------------------------------------------------------
    async def _run(
        self, pod: core.Pod, target: Target, kind: str, spec: core.Probe, probed: _Probed, started: float, adopted: bool
    ) -> None:
        period = float(spec.period_seconds or 10)
        worker = probed.workers[kind]
        delay = started + (spec.initial_delay_seconds or 0) - self._clock.now()
        if adopted:
            delay = max(delay, random.random() * period)
        if delay > 0:
            await self._clock.sleep(delay)
        if kind != "liveness" and await self._first_success(pod, target, spec, worker, probed, period):
            return
        while True:
            if self._may_probe(kind, probed):
                result = await run_probe(spec, target, self._runtime)
                if self._judge(pod, target, worker, result) and self._is_final(worker):
                    return
            await self._clock.sleep(self._pause(kind, probed, period))

    async def _first_success(
        self, pod: core.Pod, target: Target, spec: core.Probe, worker: _Worker, probed: _Probed, period: float
    ) -> bool:
        """Ask a container that has only just started more often than its period says, so that it is not unready for a
        whole period for having needed a tenth of a second. Failures here neither count nor are recorded. True when
        the probe has done all its work.
        """
        pause = FIRST_PAUSE_EXEC if spec.exec else FIRST_PAUSE
        while pause < period:
            if self._may_probe(worker.kind, probed):
                result = await run_probe(spec, target, self._runtime)
                if result.ok:
                    final = self._judge(pod, target, worker, result) and self._is_final(worker)
                    if not final:
                        await self._clock.sleep(period)
                    return final
                pause *= 2
            await self._clock.sleep(pause / 2)
        return False

    def _may_probe(self, kind: str, probed: _Probed) -> bool:
        return kind == "startup" or "startup" not in probed.workers or probed.verdict("startup") is True

    def _pause(self, kind: str, probed: _Probed, period: float) -> float:
        """Wait a period, or shortly while the startup probe has not succeeded yet."""
        return period if self._may_probe(kind, probed) else min(period, 1.0)

    def _judge(self, pod: core.Pod, target: Target, worker: _Worker, result: ProbeResult) -> bool:
        if result.outcome is not Outcome.SUCCESS:
            self._record(pod, target.container, worker.kind, result)
        if result.outcome is Outcome.ERROR:
            return False
        changed = worker.streak.add(result.ok)
        if changed:
            self._wake(pod.metadata.uid or "")
        return changed

    def _is_final(self, worker: _Worker) -> bool:
        """A startup probe ends with its verdict; a failed liveness probe ends with its container."""
        verdict = worker.streak.verdict
        return worker.kind == "startup" or (worker.kind == "liveness" and verdict is False)


def _specs(container: core.Container) -> dict[str, core.Probe]:
    named = {
        "startup": container.startup_probe,
        "readiness": container.readiness_probe,
        "liveness": container.liveness_probe,
    }
    return {kind: spec for kind, spec in named.items() if spec is not None}
