"""The fake API server behaves, where tests lean on it, as the real one."""

from __future__ import annotations

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import Conflict, InternalError, MethodNotAllowed, NotFound
from minik8s.client.watch import watch
from minik8s.testing.fakeapi import FakeAPI, FakeClient
from minik8s.testing.time import VirtualClock

pytest_plugins = ["minik8s.testing.plugin"]


def pod(name: str = "p", node: str | None = None, finalizers: list[str] | None = None) -> core.Pod:
    made = core.Pod(metadata=ObjectMeta(name=name, namespace="default", finalizers=finalizers or []))
    made.spec.node_name = node
    return made


async def test_status_is_dropped_on_create_and_kept_on_update(client: FakeClient) -> None:
    made = pod()
    made.status.phase = "Running"
    made = await client.create(made)
    assert made.status.phase == "Pending"
    made.status.phase = "Running"
    made = await client.update_status(made)
    made.metadata.labels = {"a": "b"}
    made.status.phase = "Failed"
    made = await client.update(made)
    assert (made.status.phase, made.metadata.labels) == ("Running", {"a": "b"})


async def test_names_are_generated(client: FakeClient) -> None:
    made = await client.create(core.Pod(metadata=ObjectMeta(generate_name="web-", namespace="default")))
    assert made.metadata.name.startswith("web-") and len(made.metadata.name) > 4


async def test_a_running_pod_goes_gracefully_a_waiting_one_at_once(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod("running", node="n1"))
    api.add(pod("waiting"))
    for name in ("running", "waiting"):
        await client.delete(core.Pod, name, "default")
    assert api.get(core.Pod, "waiting", "default") is None
    leaving = api.get(core.Pod, "running", "default")
    assert leaving.metadata.deletion_grace_period_seconds == 30
    await client.delete(core.Pod, "running", "default", grace_period_seconds=0)
    assert api.get(core.Pod, "running", "default") is None


async def test_finalizers_hold_an_object(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod(finalizers=["example.com/f"]))
    await client.delete(core.Pod, "p", "default")
    held = await client.get(core.Pod, "p", "default")
    assert held.metadata.deletion_timestamp
    held.metadata.finalizers = []
    await client.update(held)
    with pytest.raises(NotFound):
        await client.get(core.Pod, "p", "default")


async def test_foreground_deletion_is_a_finalizer(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod())
    await client.delete(core.Pod, "p", "default", propagation_policy="Foreground")
    assert api.get(core.Pod, "p", "default").metadata.finalizers == ["foregroundDeletion"]


async def test_a_pod_is_bound_once(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod())
    await client.create_subresource(core.Pod, "p", "default", "binding", {"target": {"name": "n1"}})
    assert api.get(core.Pod, "p", "default").spec.node_name == "n1"
    with pytest.raises(Conflict, match="already assigned to node"):
        await client.create_subresource(core.Pod, "p", "default", "binding", {"target": {"name": "n2"}})


async def test_patches(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod())
    await client.patch(core.Pod, "p", "default", {"metadata": {"labels": {"a": "b"}}})
    await client.patch(core.Pod, "p", "default", [{"op": "add", "path": "/metadata/labels/c", "value": "d"}], "json")
    for kind in ("One", "Two"):
        condition = {"type": kind, "status": "True"}
        await client.patch(core.Pod, "p", "default", {"status": {"conditions": [condition]}}, "strategic", "status")
    found = api.get(core.Pod, "p", "default")
    assert found.metadata.labels == {"a": "b", "c": "d"}
    assert sorted(c.type for c in found.status.conditions) == ["One", "Two"]
    with pytest.raises(Conflict):
        await client.patch(core.Pod, "p", "default", {"metadata": {"resourceVersion": "1", "labels": {"x": "y"}}})


async def test_a_write_without_change_is_no_event(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod())
    before = api.store.version
    await client.patch(core.Pod, "p", "default", {"metadata": {"labels": {}}})
    found = await client.get(core.Pod, "p", "default")
    await client.update(found)
    assert api.store.version == before


async def test_initial_events_end_with_their_bookmark(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod())
    stream = watch(client, core.Pod, send_initial_events=True)
    first, second = await anext(stream), await anext(stream)
    assert (first.type, second.type) == ("ADDED", "BOOKMARK")
    assert second.obj["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    await stream.aclose()
    assert api.streams.open == 0


async def test_faults(api: FakeAPI, client: FakeClient, clock: VirtualClock) -> None:
    api.faults.fail("POST", "pods", InternalError.of("boom"), times=1)
    api.faults.fail("PUT", "pods/status", ConnectionResetError("cut"), after=True)
    with pytest.raises(InternalError):
        await client.create(pod())
    made = await client.create(pod())
    made.status.phase = "Running"
    with pytest.raises(ConnectionError):
        await client.update_status(made)
    assert api.get(core.Pod, "p", "default").status.phase == "Running"  # the write was done, the answer was lost
    assert api.count("POST", "pods") == 2
    api.faults.down = True
    with pytest.raises(ConnectionRefusedError):
        await client.get(core.Pod, "p", "default")


async def test_unknown_subresources(api: FakeAPI, client: FakeClient) -> None:
    api.add(pod())
    with pytest.raises(MethodNotAllowed):
        await client.create_subresource(core.Pod, "p", "default", "dance", {})
