"""The client side against a real API server: TLS, verbs, watches, a server that is killed, election, scheduling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import AlreadyExists, Conflict, Invalid, NotFound, Unauthorized
from minik8s.client.events import EventRecorder
from minik8s.client.informer import Informer
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.leaderelection import LeaderElector
from minik8s.client.rest import Client
from minik8s.scheduler.loop import Scheduler
from tests.component.client.conftest import ServerProcess


def config(name: str, **data: str) -> core.ConfigMap:
    return core.ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data)


async def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.02)


async def test_verbs(client: Client) -> None:
    made = await client.create(config("verbs", a="1"))
    with pytest.raises(AlreadyExists, match='configmaps "verbs" already exists'):
        await client.create(config("verbs"))
    stale = made.model_copy(deep=True)
    made.data["a"] = "2"
    await client.update(made)
    with pytest.raises(Conflict, match="the object has been modified"):
        await client.update(stale)
    patched = await client.patch(core.ConfigMap, "verbs", "default", {"data": {"b": "3"}})
    assert patched.data == {"a": "2", "b": "3"}
    assert "verbs" in [c.metadata.name for c in await client.list_all(core.ConfigMap, "default", limit=1)]
    await client.delete(core.ConfigMap, "verbs", "default")
    with pytest.raises(NotFound):
        await client.get(core.ConfigMap, "verbs", "default")


async def test_invalid_objects_say_why(client: Client) -> None:
    with pytest.raises(Invalid) as error:
        await client.create(core.Pod(metadata=ObjectMeta(name="p", namespace="default")))
    assert "spec.containers" in [cause["field"] for cause in error.value.causes]


async def test_without_credentials(client: Client, process: ServerProcess) -> None:
    stranger = ClientConfig(client.config.server, ca_data=client.config.ca_data)
    async with Client(stranger) as nobody:
        with pytest.raises(Unauthorized):
            await nobody.list(core.Pod)


async def test_discovery_finds_everything(client: Client) -> None:
    found = {(r.group, r.plural): r for r in await client.discover()}
    assert found["apps", "deployments"].kind == "Deployment"
    assert "log" in found["", "pods"].subresources
    assert not found["", "nodes"].namespaced


async def test_an_informer_lives_through_a_killed_server(client: Client, process: ServerProcess) -> None:
    await client.create(config("before"))
    seen: list[tuple[str, str]] = []
    informer: Informer[core.ConfigMap] = Informer(client, core.ConfigMap, "default")
    informer.add_handler(lambda event, old, new: seen.append((event, (new or old).metadata.name)))
    task = asyncio.ensure_future(informer.run())
    await informer.wait_synced()
    process.kill()
    process.start()
    await process.ready()
    await client.create(config("after"))
    await until(lambda: ("ADDED", "after") in seen)
    assert informer.get("default/before") is not None
    assert [event for event, _ in seen if event == "DELETED"] == []
    assert seen.count(("ADDED", "before")) == 1
    task.cancel()


async def test_leader_election(client: Client) -> None:
    leading: list[str] = []

    async def work(name: str) -> None:
        leading.append(name)
        await asyncio.sleep(60)

    timing = {"lease_duration": 3, "renew_deadline": 2, "retry_period": 0.1}
    electors = [LeaderElector(client, "test", name, **timing) for name in ("a", "b")]
    tasks = [asyncio.ensure_future(e.run(lambda name=e.identity: work(name))) for e in electors]
    await until(lambda: leading)
    assert len(leading) == 1
    tasks["ab".index(leading[0])].cancel()
    await until(lambda: len(leading) == 2)
    assert sorted(leading) == ["a", "b"]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_events_are_counted_by_the_server(client: Client) -> None:
    about = await client.create(config("eventful"))
    recorder = EventRecorder(client, "test")
    for _ in range(3):
        recorder.event(about, "Normal", "Tested", "works")
    await recorder.flush()
    events = await client.list(core.Event, "default", field_selector="involvedObject.name=eventful")
    assert [(event.reason, event.count) for event in events] == [("Tested", 3)]
    await recorder.close()


async def test_the_scheduler_places_a_pod_and_explains_another(client: Client) -> None:
    node = core.Node(metadata=ObjectMeta(name="node-1"))
    capacity = {"cpu": "2", "memory": "4Gi", "pods": "10"}
    made = await client.create(node)
    made.status.capacity = made.status.allocatable = capacity
    made = await client.update_status(made)
    await client.patch(core.Node, "node-1", "", {"spec": {"taints": None}})
    scheduler = Scheduler(client, seed=1)
    tasks = [asyncio.ensure_future(scheduler.run_informers()), asyncio.ensure_future(scheduler.run())]
    for name, cpu in (("fits", "1"), ("huge", "64")):
        container = core.Container(name="c", image="busybox")
        container.resources = core.ResourceRequirements(requests={"cpu": cpu})
        pod = core.Pod(metadata=ObjectMeta(name=name, namespace="default"))
        pod.spec.containers = [container]
        await client.create(pod)
    bound: dict[str, core.Pod] = {}
    async with asyncio.timeout(20):
        while len(bound) < 2:
            for pod in await client.list(core.Pod, "default"):
                if pod.spec.node_name or [c for c in pod.status.conditions if c.reason == "Unschedulable"]:
                    bound[pod.metadata.name] = pod
            await asyncio.sleep(0.05)
    assert bound["fits"].spec.node_name == "node-1"
    (condition,) = [c for c in bound["huge"].status.conditions if c.type == "PodScheduled"]
    assert condition.message == (
        "0/1 nodes are available: 1 Insufficient cpu. "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
