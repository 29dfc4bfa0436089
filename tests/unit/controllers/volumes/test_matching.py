"""Which volume a claim gets."""

import pytest

from minik8s.api import core
from minik8s.api.meta import LabelSelector
from minik8s.controllers.volumes import matching
from tests.unit.controllers.volumes.makers import claim, storage_class, volume


def chosen(wanted: core.PersistentVolumeClaim, *volumes: core.PersistentVolume, delayed: bool = False) -> str:
    found = matching.find_volume(wanted, volumes, delayed)
    return found.metadata.name if found else ""


def test_the_smallest_that_is_large_enough() -> None:
    assert chosen(claim(size="2Gi"), volume("big", "10Gi"), volume("fits", "3Gi"), volume("small", "1Gi")) == "fits"


@pytest.mark.parametrize(
    "unfit",
    [
        volume(size="1Mi"),
        volume(storage_class_name="other"),
        volume(volume_mode="Block"),
        volume(access_modes=["ReadOnlyMany"]),
        volume(phase="Released"),
        volume(claim_ref=core.ObjectReference(namespace="default", name="another", uid="x")),
        volume(claim_ref=core.ObjectReference(namespace="default", name="data", uid="an-earlier-one")),
    ],
)
def test_what_does_not_suit_is_not_taken(unfit: core.PersistentVolume) -> None:
    assert chosen(claim(), unfit) == ""


def test_access_modes_must_all_be_there() -> None:
    wanted = claim(access_modes=["ReadWriteOnce", "ReadOnlyMany"])
    assert chosen(wanted, volume()) == ""
    assert chosen(wanted, volume(access_modes=["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce"])) == "v"


def test_labels_select() -> None:
    fast = volume("fast", "9Gi")
    fast.metadata.labels = {"disk": "ssd"}
    wanted = claim(selector=LabelSelector(match_labels={"disk": "ssd"}))
    assert chosen(wanted, volume("slow"), fast) == "fast"


def test_a_volume_set_aside_for_the_claim_wins_even_when_delayed() -> None:
    mine = volume("mine", "9Gi", claim_ref=core.ObjectReference(namespace="default", name="data"))
    assert chosen(claim(), volume("smaller"), mine) == "mine"
    assert chosen(claim(), volume("smaller"), mine, delayed=True) == "mine"
    assert chosen(claim(), volume("smaller"), delayed=True) == ""


def test_the_newest_default_class() -> None:
    one, two = storage_class("one"), storage_class("two")
    assert matching.default_class([one, two]) is None
    for item, made in ((one, "2026-01-01T00:00:00Z"), (two, "2026-01-02T00:00:00Z")):
        item.metadata.annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
        item.metadata.creation_timestamp = made
    found = matching.default_class([one, two])
    assert found is not None and found.metadata.name == "two"
