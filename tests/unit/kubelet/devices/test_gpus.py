"""NVIDIA's side: which cards, how near, how shared, what labels, which pods are refused, what NVML says."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.api import core
from minik8s.kubelet.devices import features, nvidia, requirements, sharing, topology
from minik8s.kubelet.devices.grants import Grant, equip, read_devices, read_grants
from minik8s.kubelet.devices.inventory import Inventory
from minik8s.kubelet.devices.ledger import Device, Need
from minik8s.kubelet.devices.manager import DeviceManager
from minik8s.kubelet.devices.nvml import Nvml
from minik8s.kubelet.runtimes.base import ContainerConfig
from minik8s.testing.time import VirtualClock

EIGHT = [f"g{n}" for n in range(8)]
LINKS = topology.fake_links(EIGHT)


def pod(uid: str, gpus: int, env: dict[str, str] | None = None, **annotations: str) -> core.Pod:
    limits = {nvidia.RESOURCE: str(gpus)} if gpus else {}
    variables = [{"name": name, "value": value} for name, value in (env or {}).items()]
    container = {"name": "c", "image": "i", "resources": {"limits": limits}, "env": variables}
    meta = {"name": uid, "uid": uid, "annotations": {k.replace("_", "-"): v for k, v in annotations.items()}}
    return core.Pod.from_dict({"metadata": meta, "spec": {"containers": [container]}})


# topology ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("free", "size", "chosen"),
    [
        (EIGHT, 2, ["g0", "g1"]),  # NVLink
        (["g0", "g2", "g3", "g5"], 2, ["g2", "g3"]),
        (["g0", "g2", "g5"], 2, ["g0", "g2"]),  # no NVLink: one switch
        (["g1", "g4", "g5", "g6", "g7"], 4, ["g4", "g5", "g6", "g7"]),
        (["g0", "g1", "g2"], 1, ["g2"]),  # the pair is left to somebody who needs one
        (EIGHT, 8, EIGHT),
    ],
)
def test_the_nearest_gpus_are_chosen(free: list[str], size: int, chosen: list[str]) -> None:
    assert topology.choose(free, [], size, LINKS) == chosen


def test_what_must_be_taken_is_and_its_neighbour_follows() -> None:
    assert topology.choose(EIGHT, ["g5"], 2, LINKS) == ["g5", "g4"]


@given(st.sets(st.sampled_from(EIGHT), min_size=1), st.integers(1, 8))
def test_no_other_choice_is_faster(free: set[str], size: int) -> None:
    available = sorted(free)
    chosen = topology.choose(available, [], size, LINKS)
    assert len(chosen) == min(size, len(available)) == len(set(chosen))
    best = max(topology.score(some, LINKS) for some in combinations(available, len(chosen)))
    assert topology.score(chosen, LINKS) == best


def test_many_gpus_are_chosen_quickly_and_well() -> None:
    many = [f"g{n}" for n in range(64)]
    chosen = topology.choose(many, [], 16, topology.fake_links(many))
    assert len(set(chosen)) == 16 and topology.score(chosen[:2], topology.fake_links(many)) > 100


# sharing ----------------------------------------------------------------------------------------------------------
def test_shared_cards_are_spread() -> None:
    gpus = nvidia.NvidiaGpus(nvidia.fake("n", 2), replicas=3)
    manager = DeviceManager(VirtualClock(), gpus)
    assert manager.figures() == {nvidia.RESOURCE: (6, 6)}
    ledger, (one, two) = manager.ledgers.of(nvidia.RESOURCE), [gpu.uuid for gpu in gpus.inventory.gpus]
    for uid, cards in (("a", [one]), ("b", [two]), ("c", [one])):
        ledger.allocate(pod(uid, 1))
        assert sharing.cards_of(ledger.uuids(uid, "c")) == tuple(cards)
    ledger.allocate(pod("d", 2))
    assert set(sharing.cards_of(ledger.uuids("d", "c"))) == {one, two}, "distinct cards first"
    assert gpus.grant(ledger.uuids("d", "c")).gpus == sharing.cards_of(ledger.uuids("d", "c"))


def test_more_than_there_are_cards_shares_with_itself() -> None:
    devices = [device.uuid for device in sharing.replicate([Device("x"), Device("y")], 2)]
    chosen = sharing.spread(Need("c", 3, tuple(devices)), 2, ["x", "y"])
    assert len(set(chosen)) == 3 and sharing.cards_of(chosen) == ("x", "y")


# labels and requirements ------------------------------------------------------------------------------------------
def test_labels_are_those_of_gpu_feature_discovery() -> None:
    labels = features.compute_labels(nvidia.fake("n", 4))
    assert {k: labels[f"nvidia.com/{k}"] for k in (
        "gpu.present", "gpu.count", "gpu.product", "gpu.memory", "gpu.family", "cuda.driver.major",
        "cuda.driver-version.full", "cuda.runtime.minor", "gpu.sharing-strategy", "mig.capable",
    )} == {
        "gpu.present": "true", "gpu.count": "4", "gpu.product": "minik8s-fake-GPU", "gpu.memory": "81920",
        "gpu.family": "hopper", "cuda.driver.major": "550", "cuda.driver-version.full": "550.54.15",
        "cuda.runtime.minor": "4", "gpu.sharing-strategy": "none", "mig.capable": "false",
    }  # fmt: skip
    shared = features.compute_labels(nvidia.fake("n", 1), replicas=4)
    assert shared["nvidia.com/gpu.product"] == "minik8s-fake-GPU-SHARED" and shared["nvidia.com/gpu.replicas"] == "4"
    assert features.compute_labels(Inventory()) == {}


@pytest.mark.parametrize(
    ("env", "annotations", "refused"),
    [
        ({}, {}, ""),
        ({}, {requirements.MINIMUM_DRIVER: "550.54.15"}, ""),
        ({}, {requirements.MINIMUM_DRIVER: "550.9"}, ""),
        ({}, {requirements.MINIMUM_DRIVER: "570"}, "the pod needs driver version 570 or newer, the node has 550.54.15"),
        ({}, {requirements.MINIMUM_CUDA: "12.10"}, "12.10 or newer, the node has 12.4"),
        (
            {"NVIDIA_REQUIRE_CUDA": "cuda>=12.8"},
            {},
            "CUDA version of the NVIDIA driver 12.8 or newer",
        ),
        ({"NVIDIA_REQUIRE_DRIVER": "driver>=560"}, {}, "560 or newer"),
        ({"NVIDIA_REQUIRE_CUDA": "cuda>=13.0 brand=tesla,driver>=535"}, {}, ""),  # alternatives: the hook decides
        ({"NVIDIA_REQUIRE_CUDA": "brand=tesla,cuda>=12.0"}, {}, ""),
    ],
)
async def test_pods_that_need_a_newer_driver_are_refused(
    env: dict[str, str], annotations: dict[str, str], refused: str
) -> None:
    manager = DeviceManager(VirtualClock(), nvidia.NvidiaGpus(nvidia.fake("n", 1)))
    asks = pod("a", 1, env)
    asks.metadata.annotations.update(annotations)
    refusal = await manager.admit(asks)
    if refused:
        assert refusal is not None and refusal.reason == "NvidiaDriverTooOld" and refused in refusal.message
        assert manager.ledgers.of(nvidia.RESOURCE).held == {}
    else:
        assert refusal is None
    without = pod("b", 0, env)
    without.metadata.annotations.update(annotations)
    assert await manager.admit(without) is None


# health -----------------------------------------------------------------------------------------------------------
def test_a_card_that_falls_ill_is_not_given_out_until_it_is_well(tmp_path: Path) -> None:
    gpus = nvidia.NvidiaGpus(nvidia.fake("n", 2), root=tmp_path)
    manager, told = DeviceManager(VirtualClock(), gpus), []
    manager.on_change = lambda: told.append(manager.figures()[nvidia.RESOURCE])
    first = gpus.inventory.gpus[0].uuid
    assert manager.check_gpus() == {}
    (tmp_path / nvidia.UNHEALTHY_FILE).write_text("0\n")
    assert manager.check_gpus() == {first: "declared ill"} and manager.check_gpus() == {}
    assert manager.ledgers.of(nvidia.RESOURCE).free() == [gpus.inventory.gpus[1].uuid]
    (tmp_path / nvidia.UNHEALTHY_FILE).unlink()
    assert manager.check_gpus() == {first: ""}
    assert told == [(2, 1), (2, 2)]


class Library:
    """Stands for pynvml: two cards with an NVLink between them, the second without power figures."""

    class NVMLError(Exception):
        pass

    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0
    broken = ""

    def __getattr__(self, name: str) -> Any:
        def missing(*_: Any) -> Any:
            raise self.NVMLError("Not Supported")

        return missing

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlSystemGetDriverVersion(self) -> bytes:
        return b"550.54.15"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:
        return 12040

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        if uuid == self.broken:
            raise self.NVMLError("GPU is lost")
        return int(uuid[-1])

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"GPU-{handle}"

    def nvmlDeviceGetName(self, handle: int) -> bytes:
        return b"NVIDIA H100 80GB HBM3"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return SimpleNamespace(total=80 << 30, free=79 << 30, used=1 << 30)

    def nvmlDeviceGetPciInfo(self, handle: int) -> Any:
        return SimpleNamespace(busId=f"0000:0{handle}:00.0")

    def nvmlDeviceGetCudaComputeCapability(self, handle: int) -> tuple[int, int]:
        return 9, 0

    def nvmlDeviceGetTopologyCommonAncestor(self, one: int, other: int) -> int:
        return 50

    def nvmlDeviceGetNvLinkState(self, handle: int, link: int) -> int:
        if link > 3:
            raise self.NVMLError("Invalid Argument")
        return 1

    def nvmlDeviceGetNvLinkRemotePciInfo(self, handle: int, link: int) -> Any:
        return SimpleNamespace(busId=f"0000:0{1 - handle}:00.0")

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        return SimpleNamespace(gpu=97, memory=40)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        if handle == 1:
            raise self.NVMLError("Not Supported")
        return 512_500


def test_nvml_is_read_and_its_gaps_are_left_out() -> None:
    nvml = Nvml(Library())
    found = nvml.inventory()
    assert [gpu.uuid for gpu in found.gpus] == ["GPU-0", "GPU-1"] and found.gpus[0].memory_mib == 81920
    assert (found.driver, found.cuda, found.gpus[0].numa) == ("550.54.15", "12.4", None)
    assert found.links == {frozenset(("GPU-0", "GPU-1")): topology.Link.ACROSS_NUMA + 4 * topology.NVLINK}
    assert nvml.readings("GPU-0") == {
        "DCGM_FI_DEV_POWER_USAGE": 512.5, "DCGM_FI_DEV_GPU_UTIL": 97, "DCGM_FI_DEV_MEM_COPY_UTIL": 40,
        "DCGM_FI_DEV_FB_FREE": 79 * 1024, "DCGM_FI_DEV_FB_USED": 1024,
    }  # fmt: skip
    assert "DCGM_FI_DEV_POWER_USAGE" not in nvml.readings("GPU-1")


def test_a_lost_card_is_ill_and_recovers() -> None:
    library = Library()
    nvml = Nvml(library)
    gpus = nvidia.NvidiaGpus(nvml.inventory(), nvml=nvml)
    assert gpus.poll() == {}
    library.broken = "GPU-1"
    assert gpus.poll() == {"GPU-1": "GPU is lost"} and not gpus.is_healthy("GPU-1") and nvml.readings("GPU-1") == {}
    library.broken = ""
    assert gpus.poll() == {"GPU-1": ""} and gpus.is_healthy("GPU-1")


# what a container gets --------------------------------------------------------------------------------------------
def test_labels_are_the_memory_of_what_a_container_holds() -> None:
    toy = Grant(envs={"T": "1"}, annotations={"a": "b"})
    config = equip(ContainerConfig("c", "i"), {"x/y": ("t1",), nvidia.RESOURCE: ("G1",)},
                   {"x/y": toy, nvidia.RESOURCE: Grant(gpus=("G1",), gpus_declared=True)})  # fmt: skip
    assert read_devices(config.labels) == {"x/y": ["t1"], nvidia.RESOURCE: ["G1"]}
    assert read_grants(config.labels) == {"x/y": toy}
    assert (config.gpus, config.gpus_declared, config.env) == (("G1",), True, {"T": "1"})


def test_a_foreign_nvidia_plugin_names_its_gpus_by_environment() -> None:
    grant = Grant(envs={"NVIDIA_VISIBLE_DEVICES": "GPU-a,GPU-b"})
    config = equip(ContainerConfig("c", "i"), {nvidia.RESOURCE: ("0", "1")}, {nvidia.RESOURCE: grant})
    assert config.gpus == ("GPU-a", "GPU-b") and config.gpus_declared
