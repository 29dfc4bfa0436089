"""The pages that need the kubelet's own state: /metrics and /metrics/dcgm."""

from __future__ import annotations

from collections import Counter

from minik8s.kubelet.devices.node import NodeDevices
from minik8s.kubelet.runtimes.base import ContainerState
from minik8s.kubelet.stats.dcgm import compute_holders, render_dcgm
from minik8s.kubelet.stats.kubelet_metrics import KubeletMetrics
from minik8s.kubelet.sync_loop import SyncLoop


class Pages:
    def __init__(self, node_name: str, loop: SyncLoop, metrics: KubeletMetrics, devices: NodeDevices) -> None:
        self._node_name, self._loop, self._metrics, self._devices = node_name, loop, metrics, devices

    def metrics(self) -> bytes:
        workers = list(self._loop.workers.values())
        pods = {
            "desired": len(workers),
            "active": len(self._loop.active_pods()),
            "running": sum(w.state.observed.ready_sandbox is not None for w in workers),
        }
        states = Counter({ContainerState.RUNNING.value: 0})
        states.update(c.state.value for worker in workers for c in worker.state.observed.containers)
        return self._metrics.render(self._node_name, pods, states).encode()

    def gpus(self) -> str:
        gpus = self._devices.manager.gpus
        if gpus is None:
            return ""
        ledger = self._devices.manager.ledgers.of(gpus.resource)
        holders = compute_holders(ledger, self._loop.active_pods())
        return render_dcgm(gpus.inventory, gpus.readings, holders, self._node_name)
