"""Figures: rates of counters, the pages made of one snapshot, what is read from /proc."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from minik8s.api import core
from minik8s.kubelet.devices import nvidia
from minik8s.kubelet.devices.ledger import Ledger
from minik8s.kubelet.runtimes.base import ContainerConfig, RuntimeOptions, RuntimeUnavailable, SandboxConfig
from minik8s.kubelet.runtimes.fake import FakeRuntime
from minik8s.kubelet.runtimes.fake_behaviour import Behaviour
from minik8s.kubelet.stats.cadvisor import render_cadvisor
from minik8s.kubelet.stats.collector import Collector
from minik8s.kubelet.stats.dcgm import compute_holders, render_dcgm
from minik8s.kubelet.stats.instruments import Histogram
from minik8s.kubelet.stats.kubelet_metrics import KubeletMetrics, measure
from minik8s.kubelet.stats.machine import measure_folder, read_network
from minik8s.kubelet.stats.rates import MOST_SECONDS, Rates
from minik8s.kubelet.stats.resource import render_resource
from minik8s.kubelet.stats.summary import render_summary
from minik8s.testing.time import VirtualClock


def families(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Read by Prometheus' own parser: series name → (labels, value)."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def make_pod() -> core.Pod:
    resources = {"limits": {"cpu": "500m", "memory": "128Mi"}}
    return core.Pod.from_dict({
        "metadata": {"name": "web", "namespace": "ns", "uid": "u1"},
        "spec": {"containers": [{"name": "app", "image": "i", "resources": resources}]},
        "status": {"phase": "Running", "qosClass": "Burstable", "startTime": "2026-01-01T00:00:00Z"},
    })  # fmt: skip


class World:
    """One running pod that uses a fifth of a core and 40 MiB."""

    def __init__(self, root: Path) -> None:
        self.clock = VirtualClock()
        self.runtime = FakeRuntime(RuntimeOptions("n1", root), self.clock)
        self.runtime.behave("app", Behaviour(cpu_millis=200, memory_bytes=40 << 20))
        self.collector = Collector("n1", self.runtime, lambda: [make_pod()], root, self.clock)

    async def start(self) -> None:
        sandbox = await self.runtime.run_sandbox(SandboxConfig("web", "ns", "u1"))
        await self.runtime.start_container(
            await self.runtime.create_container(sandbox.id, ContainerConfig("app", "i:1"))
        )


# rates ------------------------------------------------------------------------------------------------------------
def test_rates_need_two_looks_that_are_apart() -> None:
    rates = Rates()
    assert rates.nano_cores("a", 10.0, 1_000_000_000) is None
    assert rates.nano_cores("a", 10.1, 1_050_000_000) is None
    assert rates.nano_cores("a", 12.0, 2_000_000_000) == 500_000_000
    assert rates.nano_cores("a", 12.1, 2_000_000_000) is not None, "the older sample still serves"
    assert rates.nano_cores("a", 13.0, 5_000) is None, "the counter began anew"
    assert rates.nano_cores("a", 13.0 + 2 * MOST_SECONDS, 6_000) is None, "too old to tell of now"
    rates.keep_only(set())
    assert rates.nano_cores("a", 1000.0, 7_000) is None


# pages ------------------------------------------------------------------------------------------------------------
async def test_a_summary_with_the_cores_in_use(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.start()
    await world.clock.advance("10s")
    await world.collector.collect()
    await world.clock.advance("10s")
    summary = render_summary(await world.collector.collect(full=True))
    [pod] = summary["pods"]
    assert pod["podRef"] == {"name": "web", "namespace": "ns", "uid": "u1"}
    assert pod["cpu"] == {"time": "2026-01-01T00:00:20Z", "usageNanoCores": 200_000_000,
                          "usageCoreNanoSeconds": 4_000_000_000}  # fmt: skip
    assert pod["memory"]["workingSetBytes"] == 40 << 20 and pod["containers"][0]["name"] == "app"
    node = summary["node"]
    assert node["nodeName"] == "n1" and node["memory"]["workingSetBytes"] > 0
    assert {"fs", "runtime", "rlimit", "startTime"} <= set(node) and node["fs"]["capacityBytes"] > 0


async def test_resource_and_cadvisor_pages_parse_and_agree(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.start()
    await world.clock.advance("5s")
    snapshot = await world.collector.collect()
    resource, cadvisor = families(render_resource(snapshot)), families(render_cadvisor(snapshot))
    of_pod = {"namespace": "ns", "pod": "web"}
    assert resource["container_cpu_usage_seconds_total"] == [({"container": "app", **of_pod}, 1.0)]
    assert resource["pod_memory_working_set_bytes"] == [(of_pod, float(40 << 20))]
    assert resource["resource_scrape_error"] == [({}, 0.0)] and "node_cpu_usage_seconds_total" in resource
    used = {labels["id"]: value for labels, value in cadvisor["container_memory_working_set_bytes"]}
    [path] = [p for p in used if p != "/"]
    assert path.startswith("/kubepods/burstable/podu1/fake-") and used[path] == 40 << 20
    assert [value for _, value in cadvisor["container_spec_cpu_quota"]] == [50_000]
    assert [value for _, value in cadvisor["container_spec_memory_limit_bytes"]] == [128 << 20]
    assert {labels["cpu"] for labels, _ in cadvisor["container_cpu_usage_seconds_total"]} == {"total"}


async def test_a_runtime_that_is_down_shows_and_the_node_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.runtime.available = False
    snapshot = await world.collector.collect()
    assert snapshot.failed == "the fake engine is down"
    assert families(render_resource(snapshot))["resource_scrape_error"] == [({}, 1.0)]


async def test_pages_asked_for_together_cost_one_look(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.start()
    first = await world.collector.collect()
    assert await world.collector.collect() is first and world.runtime.calls["stats"] == 1
    await world.clock.advance("2s")
    assert await world.collector.collect() is not first


def test_gpu_figures_carry_the_pods_that_hold_them() -> None:
    gpus = nvidia.NvidiaGpus(nvidia.fake("n", 2))
    one, two = (gpu.uuid for gpu in gpus.inventory.gpus)
    ledger = Ledger(nvidia.RESOURCE, held={"u1": {"app": (one,)}})
    text = render_dcgm(gpus.inventory, gpus.readings, compute_holders(ledger, [make_pod()]), "n1")
    series = {labels["UUID"]: labels for labels, value in families(text)["DCGM_FI_DEV_GPU_UTIL"] if value == 0}
    assert (series[one]["pod"], series[one]["namespace"], series[one]["container"]) == ("web", "ns", "app")
    assert "pod" not in series[two] and series[two]["fake"] == "true" and series[two]["gpu"] == "1"


# the kubelet's own ------------------------------------------------------------------------------------------------
async def test_what_the_runtime_is_asked_is_counted(tmp_path: Path) -> None:
    world, metrics = World(tmp_path), KubeletMetrics()
    runtime: Any = measure(world.runtime, metrics)
    sandbox = await runtime.run_sandbox(SandboxConfig("web", "ns", "u1"))
    await runtime.start_container(await runtime.create_container(sandbox.id, ContainerConfig("app", "i:1")))
    await runtime.list_containers()
    await runtime.list_containers("u1")
    world.runtime.available = False
    with pytest.raises(RuntimeUnavailable):
        await runtime.version()
    pods = {"desired": 1, "active": 1, "running": 1}
    page = families(metrics.render("n1", pods, {"running": 1}))
    assert ({"operation_type": "run_podsandbox"}, 1.0) in page["kubelet_runtime_operations_total"]
    assert page["kubelet_runtime_operations_errors_total"] == [({"operation_type": "version"}, 1.0)]
    assert ({"container_type": "container"}, 1.0) in page["kubelet_started_containers_total"]
    assert page["kubelet_started_pods_total"] == [({}, 1.0)]
    assert page["kubelet_pleg_relist_duration_seconds_count"] == [({}, 1.0)], "a full listing is a relist"
    assert page["kubelet_running_pods"] == [({}, 1.0)] and page["process_resident_memory_bytes"][0][1] > 1 << 20


def test_a_pods_start_is_timed_once_and_not_after_a_restart() -> None:
    metrics, pod = KubeletMetrics(), make_pod()
    metrics.pod_seen(pod)  # it ran already
    metrics.pod_status("u1", "Running")
    assert metrics.pod_start.count() == 0
    pod.status.phase = "Pending"
    metrics.pod_seen(pod)
    for phase in ("Pending", "Running", "Running"):
        metrics.pod_status("u1", phase)
    assert metrics.pod_start.count() == 1


def test_histograms_are_cumulative() -> None:
    histogram, metrics = Histogram("h", "help", ["a"], (1.0, 2.0)), KubeletMetrics()
    metrics.pod_worker = histogram
    for seconds in (0.5, 1.0, 1.5, 9.0):
        histogram.observe(seconds, "x")
    page = families(metrics.render("n", {"desired": 0, "active": 0, "running": 0}, {}))
    assert [(labels["le"], value) for labels, value in page["h_bucket"]] == [("1", 2.0), ("2", 3.0), ("+Inf", 4.0)]
    assert page["h_sum"] == [({"a": "x"}, 12.0)] and page["h_count"] == [({"a": "x"}, 4.0)]


# the machine ------------------------------------------------------------------------------------------------------
def test_interfaces_and_folders(tmp_path: Path) -> None:
    (tmp_path / "dev").write_text(
        "Inter-| Receive | Transmit\n face |bytes packets errs ...\n  eth0: 100 1 2 0 0 0 0 0 300 3 4 0 0 0 0 0\n"
    )
    [interface] = read_network(tmp_path / "dev")
    assert (interface.name, interface.rx_bytes, interface.rx_errors) == ("eth0", 100, 2)
    assert (interface.tx_bytes, interface.tx_errors) == (300, 4)
    assert read_network(tmp_path / "none") == []
    folder = tmp_path / "v"
    folder.mkdir()
    (folder / "file").write_bytes(b"x" * 100_000)
    size, files = measure_folder(folder)
    assert 100_000 <= size <= 120_000 and files == 2
    assert measure_folder(tmp_path / "none") == (0, 0)
