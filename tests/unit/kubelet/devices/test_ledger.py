"""The ledger: no device twice, all or nothing, and nothing forgotten over a restart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minik8s.api import core
from minik8s.kubelet.devices import nvidia
from minik8s.kubelet.devices.ledger import Device, DevicesUnavailable, InsufficientDevices, Ledger, Ledgers

GPU = nvidia.RESOURCE


def ledger(number: int) -> Ledger:
    return Ledger(GPU, {f"GPU-{i}": Device(f"GPU-{i}", i) for i in range(number)})


def pod(uid: str, *counts: int, init: tuple[int, ...] = (), sidecar: int = 0) -> core.Pod:
    def container(name: str, count: int, **more: Any) -> dict[str, Any]:
        limits = {GPU: str(count)} if count else {}
        return {"name": name, "image": "i", "resources": {"limits": limits}, **more}

    inits = [container(f"i{n}", count) for n, count in enumerate(init)]
    if sidecar:
        inits.append(container("s", sidecar, restartPolicy="Always"))
    spec = {"containers": [container(f"c{n}", count) for n, count in enumerate(counts)], "initContainers": inits}
    return core.Pod.from_dict({"metadata": {"name": uid, "uid": uid}, "spec": spec})


def test_each_pod_has_its_own_and_a_third_is_refused() -> None:
    books = ledger(2)
    books.allocate(pod("a", 1))
    books.allocate(pod("b", 1))
    assert books.uuids("a", "c0") == ("GPU-0",) and books.uuids("b", "c0") == ("GPU-1",)
    with pytest.raises(InsufficientDevices) as error:
        books.allocate(pod("c", 1))
    assert str(error.value) == (
        "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. "
        "Requested: 1, Available: 0, which is unexpected"
    )
    books.release("a")
    books.allocate(pod("c", 1))
    assert books.uuids("c", "c0") == ("GPU-0",)


def test_all_or_nothing_within_a_pod() -> None:
    books = ledger(3)
    with pytest.raises(InsufficientDevices):
        books.allocate(pod("a", 2, 2))
    assert books.free() == ["GPU-0", "GPU-1", "GPU-2"]


def test_allocating_again_changes_nothing() -> None:
    books = ledger(2)
    books.allocate(pod("a", 1))
    books.allocate(pod("a", 1))
    assert books.free() == ["GPU-1"]


def test_init_containers_share_with_the_rest_and_sidecars_do_not() -> None:
    books = ledger(3)
    books.allocate(pod("a", 2, init=(1, 3)))
    assert set(books.uuids("a", "i1")) == {"GPU-0", "GPU-1", "GPU-2"} and len(books.uuids("a", "c0")) == 2
    other = ledger(2)
    other.allocate(pod("b", 1, sidecar=1))
    assert other.free() == [] and set(other.uuids("b", "s")).isdisjoint(other.uuids("b", "c0"))


def test_the_books_are_rebuilt_from_labels() -> None:
    books = ledger(2)
    books.adopt("old", "c0", ["GPU-1"])
    books.allocate(pod("new", 1))
    assert books.uuids("new", "c0") == ("GPU-0",)
    books.allocate(pod("old", 1))
    assert books.uuids("old", "c0") == ("GPU-1",)


def test_a_pod_that_wants_two_kinds_gets_both_or_none() -> None:
    books = Ledgers({GPU: ledger(2), "x/y": Ledger("x/y")})
    spec = pod("a", 1)
    spec.spec.containers[0].resources.limits["x/y"] = "1"
    with pytest.raises(DevicesUnavailable, match="no healthy devices present; cannot allocate unhealthy devices x/y"):
        books.allocate(spec)
    assert books.assignment("a", "c0") == {} and len(books.by_resource[GPU].free()) == 2


def test_unhealthy_devices_are_not_given_out() -> None:
    books = Ledger(GPU, {"a": Device("a", 0, healthy=False), "b": Device("b", 1)})
    assert (books.capacity, books.allocatable, books.free()) == (2, 1, ["b"])


def test_declared_gpus_keep_their_names() -> None:
    assert nvidia.fake("n1", 2) == nvidia.fake("n1", 2)
    uuids = {gpu.uuid for node in ("n1", "n2") for gpu in nvidia.fake(node, 2).gpus}
    assert len(uuids) == 4


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["add", "end", "restart"]), st.integers(0, 9), st.integers(1, 3)), max_size=40)
)
def test_no_device_is_ever_held_twice_or_lost(steps: list[tuple[str, int, int]]) -> None:
    books = ledger(4)
    alive: dict[str, core.Pod] = {}
    for kind, number, count in steps:
        uid = f"p{number}"
        if kind == "add" and uid not in alive:
            try:
                books.allocate(pod(uid, count))
                alive[uid] = pod(uid, count)
            except InsufficientDevices:
                assert len(books.free()) < count
        elif kind == "end":
            books.release(uid)
            alive.pop(uid, None)
        elif kind == "restart":  # a new kubelet reads the labels
            labels = {uid: books.uuids(uid, "c0") for uid in alive}
            books = ledger(4)
            for owner, uuids in labels.items():
                books.adopt(owner, "c0", uuids)
        held = [uuid for uid in alive for uuid in books.uuids(uid, "c0")]
        assert len(held) == len(set(held))
        assert len(held) + len(books.free()) == 4
