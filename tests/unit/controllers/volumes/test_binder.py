"""The binder: both ends of a binding, phases, what follows when one end goes."""

from minik8s.api import core
from minik8s.controllers.volumes.binder import VolumeBinder
from minik8s.controllers.volumes.names import BIND_COMPLETED, BOUND_BY_CONTROLLER, LOCAL_PATH, PROVISIONED_BY
from tests.unit.controllers.conftest import Bench
from tests.unit.controllers.volumes.makers import claim, storage_class, volume


def claim_of(bench: Bench, name: str = "data") -> core.PersistentVolumeClaim:
    found: core.PersistentVolumeClaim = bench.api.get(core.PersistentVolumeClaim, name, "default")
    return found


def volume_of(bench: Bench, name: str = "v") -> core.PersistentVolume:
    found: core.PersistentVolume = bench.api.get(core.PersistentVolume, name)
    return found


async def test_a_claim_and_a_volume_find_each_other(bench: Bench) -> None:
    bench.api.add(volume(phase=""))
    await bench.start(VolumeBinder)
    assert volume_of(bench).status.phase == "Available"
    bench.api.add(claim())
    await bench.rest()
    bound, has = claim_of(bench), volume_of(bench)
    assert bound.spec.volume_name == "v" and bound.status.phase == "Bound"
    assert bound.status.capacity == {"storage": "1Gi"} and bound.status.access_modes == ["ReadWriteOnce"]
    assert {BIND_COMPLETED, BOUND_BY_CONTROLLER} <= bound.metadata.annotations.keys()
    assert has.status.phase == "Bound" and has.spec.claim_ref is not None and has.spec.claim_ref.uid == "uid-data"


async def test_two_claims_do_not_share_a_volume(bench: Bench) -> None:
    for one in (claim("a"), claim("b")):
        bench.api.add(one)
    await bench.start(VolumeBinder)
    bench.api.add(volume(phase=""))
    await bench.rest("20s")
    phases = sorted(claim_of(bench, name).status.phase or "" for name in "ab")
    assert phases == ["Bound", "Pending"]


async def test_a_volume_asked_for_by_name(bench: Bench) -> None:
    bench.api.add(claim(volume_name="late", size="2Gi"))
    await bench.start(VolumeBinder)
    assert claim_of(bench).status.phase == "Pending"
    bench.api.add(volume("late", "1Gi"))
    await bench.rest("20s")
    assert await bench.events("VolumeMismatch") == ['Cannot bind to requested volume "late": requested PV is too small']
    bench.api.add(volume("late", "2Gi"))
    await bench.rest("20s")
    assert claim_of(bench).status.phase == "Bound"
    assert BOUND_BY_CONTROLLER not in claim_of(bench).metadata.annotations


async def test_a_released_volume_is_retained_and_not_given_to_the_next(bench: Bench) -> None:
    bench.api.add(volume())
    bench.api.add(claim())
    await bench.start(VolumeBinder)
    bench.api.remove(core.PersistentVolumeClaim, "data", "default")
    await bench.rest()
    assert volume_of(bench).status.phase == "Released"
    again = claim()
    again.metadata.uid = "another"
    bench.api.add(again)
    await bench.rest("20s")
    assert claim_of(bench).status.phase == "Pending"


async def test_our_own_is_deleted_and_a_hand_made_one_fails(bench: Bench) -> None:
    ours = volume("ours", persistent_volume_reclaim_policy="Delete")
    ours.metadata.annotations = {PROVISIONED_BY: LOCAL_PATH}
    for item in (ours, volume("theirs", persistent_volume_reclaim_policy="Delete", storage_class_name="x")):
        bench.api.add(item)
    bench.api.add(claim())
    bench.api.add(claim("other", storage_class_name="x"))
    await bench.start(VolumeBinder)
    for name in ("data", "other"):
        bench.api.remove(core.PersistentVolumeClaim, name, "default")
    await bench.rest("1s")
    assert volume_of(bench, "ours") is None
    assert volume_of(bench, "theirs").status.phase == "Failed"


async def test_a_claim_whose_volume_is_gone_is_lost(bench: Bench) -> None:
    bench.api.add(volume())
    bench.api.add(claim())
    await bench.start(VolumeBinder)
    bench.api.remove(core.PersistentVolume, "v")
    await bench.rest()
    assert claim_of(bench).status.phase == "Lost"
    assert "Data on the volume is lost!" in (await bench.events("ClaimLost"))[0]


async def test_a_claim_that_waits_for_its_pod(bench: Bench) -> None:
    bench.api.add(storage_class())
    bench.api.add(claim(storage_class_name="standard"))
    bench.api.add(volume(storage_class_name="standard"))
    await bench.start(VolumeBinder)
    assert claim_of(bench).status.phase == "Pending", "the scheduler chooses"
    assert await bench.events("WaitForFirstConsumer")


async def test_a_default_class_that_comes_later_is_taken(bench: Bench) -> None:
    bench.api.add(claim(storage_class_name=None))
    await bench.start(VolumeBinder)
    assert claim_of(bench).spec.storage_class_name is None
    default = storage_class()
    default.metadata.annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    bench.api.add(default)
    await bench.rest("1s")
    assert claim_of(bench).spec.storage_class_name == "standard"
