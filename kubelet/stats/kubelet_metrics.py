"""/metrics: how the kubelet itself does, under upstream's names.

Mirrors pkg/kubelet/metrics/metrics.go. What the runtime is asked is counted around it (`MeasuredRuntime`), so that
nothing else has to know; the sync loop's full listings of containers are upstream's PLEG relists.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, cast

from minik8s.api import core
from minik8s.kubelet.config import VERSION
from minik8s.kubelet.runtimes.base import LABEL_CONTAINER_TYPE, Runtime
from minik8s.kubelet.stats.exposition import Page
from minik8s.kubelet.stats.instruments import Counter, Histogram, write_all

POD_START_BUCKETS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0, 180.0, 240.0, 300.0)
#: our method → CRI's word for it
OPERATIONS = {
    "run_sandbox": "run_podsandbox", "stop_sandbox": "stop_podsandbox", "remove_sandbox": "remove_podsandbox",
    "list_sandboxes": "list_podsandbox", "sandbox_status": "podsandbox_status", "create_container": "create_container",
    "start_container": "start_container", "stop_container": "stop_container", "remove_container": "remove_container",
    "list_containers": "list_containers", "container_status": "container_status",
    "update_resources": "update_container", "exec_sync": "exec_sync", "exec": "exec", "attach": "attach",
    "port_forward": "port_forward", "image_status": "image_status", "pull_image": "pull_image",
    "list_images": "list_images", "remove_image": "remove_image", "stats": "list_container_stats",
    "version": "version",
}  # fmt: skip
TYPES = {"container": "container", "init": "init_container", "ephemeral": "ephemeral_container"}


def _histogram(name: str, text: str, *labels: str) -> Histogram:
    return Histogram(f"kubelet_{name}", f"[ALPHA] {text}", labels)


@dataclass
class KubeletMetrics:
    """One kubelet's instruments."""

    started_at: float = field(default_factory=time.time)
    operations: Counter = field(default_factory=lambda: Counter(
        "kubelet_runtime_operations_total", "[ALPHA] Cumulative number of runtime operations by operation type.",
        ["operation_type"]))  # fmt: skip
    operation_errors: Counter = field(default_factory=lambda: Counter(
        "kubelet_runtime_operations_errors_total",
        "[ALPHA] Cumulative number of runtime operation errors by operation type.", ["operation_type"]))  # fmt: skip
    operation_seconds: Histogram = field(default_factory=lambda: _histogram(
        "runtime_operations_duration_seconds", "Duration in seconds of runtime operations by operation type.",
        "operation_type"))  # fmt: skip
    started_containers: Counter = field(default_factory=lambda: Counter(
        "kubelet_started_containers_total", "[ALPHA] Cumulative number of containers started", ["container_type"])
    )  # fmt: skip
    started_container_errors: Counter = field(default_factory=lambda: Counter(
        "kubelet_started_containers_errors_total", "[ALPHA] Cumulative number of errors when starting containers",
        ["container_type", "code"]))  # fmt: skip
    started_pods: Counter = field(default_factory=lambda: Counter(
        "kubelet_started_pods_total", "[ALPHA] Cumulative number of pods started"))  # fmt: skip
    started_pod_errors: Counter = field(default_factory=lambda: Counter(
        "kubelet_started_pods_errors_total", "[ALPHA] Cumulative number of errors when starting pods"))  # fmt: skip
    pod_start: Histogram = field(default_factory=lambda: Histogram(
        "kubelet_pod_start_duration_seconds",
        "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
        (), POD_START_BUCKETS))  # fmt: skip
    pod_worker: Histogram = field(default_factory=lambda: _histogram(
        "pod_worker_duration_seconds", "Duration in seconds to sync a single pod. Broken down by operation type.",
        "operation_type"))  # fmt: skip
    relist: Histogram = field(default_factory=lambda: _histogram(
        "pleg_relist_duration_seconds", "Duration in seconds for relisting pods in PLEG."))  # fmt: skip
    relist_interval: Histogram = field(default_factory=lambda: Histogram(
        "kubelet_pleg_relist_interval_seconds", "[ALPHA] Interval in seconds between relisting in PLEG.",
        (), (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)))  # fmt: skip
    registrations: Counter = field(default_factory=lambda: Counter(
        "kubelet_device_plugin_registration_total", "[ALPHA] Cumulative number of device plugin registrations.",
        ["resource_name"]))  # fmt: skip
    last_relist: float = 0.0
    _waiting: dict[str, float] = field(default_factory=dict)

    def pod_seen(self, pod: core.Pod) -> None:
        """A worker begins; a pod that ran before (the kubelet was restarted) is not timed."""
        if pod.status.phase in (None, "", "Pending"):
            self._waiting[pod.metadata.uid or ""] = time.monotonic()

    def pod_status(self, uid: str, phase: str | None) -> None:
        """A status was computed: the first "Running" ends the start."""
        if phase == "Running" and (seen := self._waiting.pop(uid, None)) is not None:
            self.pod_start.observe(time.monotonic() - seen)
        elif phase in ("Succeeded", "Failed"):
            self._waiting.pop(uid, None)

    def pod_gone(self, uid: str) -> None:
        self._waiting.pop(uid, None)

    def note_relist(self, seconds: float) -> None:
        now = time.time()
        if self.last_relist:
            self.relist_interval.observe(now - self.last_relist)
        self.relist.observe(seconds)
        self.last_relist = now

    def render(self, node: str, pods: Mapping[str, int], containers: Mapping[str, int]) -> str:
        """`pods`: desired, active, running; `containers`: by state."""
        page = Page()
        page.add("kubelet_node_name", "[ALPHA] The node's name. The count is always 1.", 1, {"node": node})
        page.add("kubelet_running_pods", "[ALPHA] Number of pods that have a running pod sandbox", pods["running"])
        for state, number in sorted(containers.items()):
            page.add("kubelet_running_containers", "[ALPHA] Number of containers currently running", number,
                     {"container_state": state})  # fmt: skip
        page.add("kubelet_desired_pods", "[ALPHA] The number of pods the kubelet is being instructed to run.",
                 pods["desired"], {"static": ""})  # fmt: skip
        page.add("kubelet_active_pods", "[ALPHA] The number of pods the kubelet considers active.", pods["active"],
                 {"static": ""})  # fmt: skip
        if self.last_relist:
            page.add("kubelet_pleg_last_seen_seconds", "[ALPHA] Timestamp in seconds when PLEG was last seen active.",
                     self.last_relist)  # fmt: skip
        instruments = [value for value in vars(self).values() if isinstance(value, Counter | Histogram)]
        write_all(instruments, page)
        _add_process(page, self.started_at)
        return page.render()


def _add_process(page: Page, started: float) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    page.add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
             usage.ru_utime + usage.ru_stime)  # fmt: skip
    pages = Path("/proc/self/statm").read_text().split()
    size = os.sysconf("SC_PAGE_SIZE")
    page.add("process_resident_memory_bytes", "Resident memory size in bytes.", int(pages[1]) * size)
    page.add("process_virtual_memory_bytes", "Virtual memory size in bytes.", int(pages[0]) * size)
    page.add("process_open_fds", "Number of open file descriptors.", len(list(Path("/proc/self/fd").iterdir())))
    page.add("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", started)
    page.add("kubernetes_build_info", "[ALPHA] The version that this binary is of.", 1, {"git_version": VERSION})


class MeasuredRuntime:
    """A runtime whose calls are counted and timed; everything else is the runtime's own."""

    def __init__(self, runtime: Runtime, metrics: KubeletMetrics) -> None:
        self._runtime, self._metrics = runtime, metrics
        self._types: dict[str, str] = {}
        for method, operation in OPERATIONS.items():
            setattr(self, method, self._measured(getattr(runtime, method), method, operation))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)

    def _measured(self, function: Callable[..., Any], method: str, operation: str) -> Callable[..., Any]:
        metrics = self._metrics

        @wraps(function)
        async def call(*args: Any, **options: Any) -> Any:
            begun = time.monotonic()
            metrics.operations.add(operation)
            try:
                result = await function(*args, **options)
            except Exception as exc:
                metrics.operation_errors.add(operation)
                self._failed(method, args, exc)
                raise
            seconds = time.monotonic() - begun
            metrics.operation_seconds.observe(seconds, operation)
            self._done(method, args, result, seconds)
            return result

        return call

    def _done(self, method: str, args: tuple[Any, ...], result: Any, seconds: float) -> None:
        if method == "create_container":
            self._types[result] = TYPES.get(args[1].labels.get(LABEL_CONTAINER_TYPE, ""), "container")
        elif method == "start_container":
            self._metrics.started_containers.add(self._types.pop(args[0], "container"))
        elif method == "run_sandbox":
            self._metrics.started_containers.add("pod_sandbox")
            self._metrics.started_pods.add()
        elif method == "list_containers" and not any(args):
            self._metrics.note_relist(seconds)

    def _failed(self, method: str, args: tuple[Any, ...], exc: Exception) -> None:
        if method == "start_container":
            kind = self._types.pop(args[0], "container")
            self._metrics.started_container_errors.add(kind, type(exc).__name__)
        elif method == "run_sandbox":
            self._metrics.started_pod_errors.add()


def measure(runtime: Runtime, metrics: KubeletMetrics) -> Runtime:
    return cast(Runtime, MeasuredRuntime(runtime, metrics))
