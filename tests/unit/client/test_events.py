"""Events: never blocking, repeated ones counted, similar ones combined, floods dropped."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.client.events import EventRecorder, reference
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock

pytest_plugins = ["minik8s.testing.plugin"]


@pytest.fixture
def recorder(client: FakeClient) -> EventRecorder:
    return EventRecorder(client, "kubelet", host="node-1")


def pod(name: str = "web-1") -> core.Pod:
    return core.Pod(metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}", resource_version="7"))


def events(api: FakeAPI) -> list[Any]:
    return api.objects(core.Event)


async def test_an_event_as_upstream_writes_it(recorder: EventRecorder, api: FakeAPI, clock: VirtualClock) -> None:
    recorder.event(pod(), "Normal", "Pulled", "it is there", field_path="spec.containers{app}")
    await clock.advance("1s")
    (event,) = events(api)
    assert event.metadata.name.startswith("web-1.") and event.metadata.namespace == "default"
    ref = event.involved_object
    assert (ref.kind, ref.name, ref.uid, ref.field_path) == ("Pod", "web-1", "uid-web-1", "spec.containers{app}")
    assert (event.source.component, event.source.host) == ("kubelet", "node-1")
    assert (event.reason, event.count, event.type) == ("Pulled", 1, "Normal")
    assert event.first_timestamp == event.last_timestamp == "2026-01-01T00:00:00Z"


async def test_the_same_again_is_counted(recorder: EventRecorder, api: FakeAPI, clock: VirtualClock) -> None:
    for _ in range(3):
        recorder.event(pod(), "Warning", "BackOff", "again")
        await clock.advance("10s")
    (event,) = events(api)
    assert (event.count, event.first_timestamp, event.last_timestamp) == (
        3, "2026-01-01T00:00:00Z", "2026-01-01T00:00:20Z",
    )  # fmt: skip


async def test_an_expired_event_is_written_anew(recorder: EventRecorder, api: FakeAPI, clock: VirtualClock) -> None:
    recorder.event(pod(), "Warning", "BackOff", "again")
    await clock.advance("1s")
    api.remove(core.Event, events(api)[0].metadata.name, "default")
    recorder.event(pod(), "Warning", "BackOff", "again")
    await clock.advance("1s")
    assert [event.count for event in events(api)] == [2]


async def test_many_that_differ_in_their_text_are_combined(
    recorder: EventRecorder, api: FakeAPI, clock: VirtualClock
) -> None:
    for number in range(14):
        recorder.event(pod(), "Warning", "Failed", f"reason {number}")
        await clock.advance("1s")
    found = events(api)
    assert len(found) == 10
    combined = [event for event in found if event.message.startswith("(combined from similar events): ")]
    assert [event.count for event in combined] == [5]


async def test_a_flood_is_cut_off_per_object(recorder: EventRecorder, api: FakeAPI, clock: VirtualClock) -> None:
    for number in range(40):
        recorder.event(pod(), "Normal", f"Reason{number}", "x")
    recorder.event(pod("other"), "Normal", "Reason", "x")
    await clock.advance("1s")
    names = [event.involved_object.name for event in events(api)]
    assert (names.count("web-1"), names.count("other")) == (25, 1)


async def test_a_server_that_is_away_holds_nobody_up(
    recorder: EventRecorder, api: FakeAPI, clock: VirtualClock
) -> None:
    api.faults.down = True
    for number in range(3000):
        recorder.event(pod(f"p{number}"), "Normal", "Reason", "x")
    await clock.advance("30s")
    api.faults.down = False
    await clock.advance("1m")
    assert events(api)


def test_references() -> None:
    assert reference(pod())["apiVersion"] == "v1"
    assert reference({"kind": "Pod", "name": "x"}) == {"kind": "Pod", "name": "x"}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": "n"}}
    assert reference(node) == {"kind": "Node", "apiVersion": "v1", "name": "n", "uid": "n"}
    assert reference(core.ObjectReference(kind="Node", name="n")) == {"kind": "Node", "name": "n"}
