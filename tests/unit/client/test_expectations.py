"""Expectations: what the cache does not show yet."""

from __future__ import annotations

from minik8s.client.expectations import Expectations
from minik8s.testing.time import VirtualClock


async def test_creations_are_ticked_off() -> None:
    expected = Expectations(VirtualClock())
    assert expected.satisfied("rs")
    expected.expect_creations("rs", 2)
    assert not expected.satisfied("rs")
    expected.creation_observed("rs")
    expected.creation_observed("rs")
    assert expected.satisfied("rs")


async def test_a_deletion_seen_twice_counts_once() -> None:
    expected = Expectations(VirtualClock())
    expected.expect_deletions("rs", ["u1", "u2"])
    expected.deletion_observed("rs", "u1")
    expected.deletion_observed("rs", "u1")
    assert not expected.satisfied("rs")
    assert expected.pending("rs") == (0, 1)
    expected.deletion_observed("rs", "u2")
    assert expected.satisfied("rs")


async def test_what_never_comes_is_given_up_after_five_minutes() -> None:
    clock = VirtualClock()
    expected = Expectations(clock)
    expected.expect_creations("rs", 1)
    await clock.advance("5m")
    assert not expected.satisfied("rs")
    await clock.advance("1s")
    assert expected.satisfied("rs")


async def test_a_deleted_object_expects_nothing() -> None:
    expected = Expectations(VirtualClock())
    expected.expect_creations("rs", 1)
    expected.delete("rs")
    assert expected.satisfied("rs")


async def test_what_is_raised_later_has_its_own_five_minutes() -> None:
    clock = VirtualClock()
    expected = Expectations(clock)
    expected.expect_creations("rs", 1)
    expected.creation_observed("rs")
    await clock.advance("1h")
    expected.raise_expectations("rs", creations=1)
    assert not expected.satisfied("rs")
