"""The Service and the slice by which pods find DNS."""

import asyncio

import pytest

from minik8s.addons.dns.publish import (
    KEY,
    NAME,
    NAMESPACE,
    SLICE_NAME,
    Location,
    Publisher,
    compute_change,
    render_service,
)
from minik8s.addons.dns.records import SERVICES, SLICES, WatchedRecords
from minik8s.api.status import NotFound

WHERE = Location("192.0.2.1", 10053, "10.96.0.10")


@pytest.fixture
def publisher(client):
    return Publisher(client, WatchedRecords(client), WHERE)


async def service(client):
    return await client.get(SERVICES, NAME, NAMESPACE)


async def slice_(client):
    return await client.get(SLICES, SLICE_NAME, NAMESPACE)


async def test_both_are_made_as_dns_clients_know_them(client, publisher):
    await publisher.reconcile(KEY)
    made = await service(client)
    assert made["metadata"]["labels"]["k8s-app"] == "kube-dns"
    assert made["spec"]["clusterIP"] == "10.96.0.10" and "selector" not in made["spec"]
    assert {(p["name"], p["protocol"], p["port"]) for p in made["spec"]["ports"]} == {
        ("dns", "UDP", 53),
        ("dns-tcp", "TCP", 53),
    }
    there = await slice_(client)
    assert there["metadata"]["labels"]["kubernetes.io/service-name"] == NAME
    assert there["endpoints"][0]["addresses"] == ["192.0.2.1"]
    assert {(p["name"], p["port"]) for p in there["ports"]} == {("dns", 10053), ("dns-tcp", 10053)}
    assert publisher.published


async def test_a_second_look_writes_nothing(client, publisher):
    await publisher.reconcile(KEY)
    before = [(await service(client))["metadata"], (await slice_(client))["metadata"]]
    await publisher.reconcile(KEY)
    assert [(await service(client))["metadata"], (await slice_(client))["metadata"]] == before


async def test_a_new_address_and_lost_labels_are_put_right(client, publisher):
    await Publisher(client, WatchedRecords(client), Location("192.0.2.9", 999, "10.96.0.10")).reconcile(KEY)
    await client.patch(SERVICES, NAME, NAMESPACE, {"metadata": {"labels": {"k8s-app": None, "mine": "kept"}}})
    await publisher.reconcile(KEY)
    labels = (await service(client))["metadata"]["labels"]
    assert labels["k8s-app"] == "kube-dns" and labels["mine"] == "kept"
    assert (await slice_(client))["endpoints"][0]["addresses"] == ["192.0.2.1"]
    assert (await slice_(client))["ports"][0]["port"] == 10053


async def test_somebody_elses_dns_is_left_alone(client, publisher):
    await publisher.reconcile(KEY)
    await client.patch(SERVICES, NAME, NAMESPACE, {"spec": {"selector": {"k8s-app": "coredns"}, "ports": []}})
    before = await service(client)
    await publisher.reconcile(KEY)
    assert await service(client) == before
    with pytest.raises(NotFound):
        await slice_(client)


async def test_a_loopback_address_is_not_given_out(client):
    publisher = Publisher(client, WatchedRecords(client), Location("127.0.0.1", 10053, "10.96.0.10"))
    await publisher.reconcile(KEY)
    assert publisher.published and (await service(client))["spec"]["clusterIP"] == "10.96.0.10"
    with pytest.raises(NotFound):
        await slice_(client)


async def test_another_cluster_ip_means_a_new_service(client, publisher):
    old = await client.create(render_service(Location("192.0.2.1", 10053, "10.96.7.7")))
    await publisher.reconcile(KEY)
    made = await service(client)
    assert made["spec"]["clusterIP"] == "10.96.0.10" and made["metadata"]["uid"] != old["metadata"]["uid"]


async def test_what_is_deleted_comes_back(client):
    records = WatchedRecords(client)
    publisher = Publisher(client, records, WHERE)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(work) for work in (*(w.run() for w in records.watches), publisher.run())]
        async with asyncio.timeout(10):
            await asyncio.gather(*(watch.wait_synced() for watch in records.watches))
            while not publisher.published:  # noqa: ASYNC110 - a turn of the loop, no waiting
                await asyncio.sleep(0)
            first = (await slice_(client))["metadata"]["uid"]
            await client.delete(SLICES, SLICE_NAME, NAMESPACE)
            while True:
                await asyncio.sleep(0)
                found = await client.list(SLICES, NAMESPACE)
                if [s["metadata"]["uid"] for s in found.items] not in ([], [first]):
                    break
        for task in running:
            task.cancel()


@pytest.mark.parametrize(
    ("stored", "wanted", "change"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3}}),
        ({"l": [{"x": 1, "y": 2}]}, {"l": [{"x": 1}]}, None),
        ({"l": [{"x": 1}]}, {"l": [{"x": 2}]}, {"l": [{"x": 2}]}),
        ({"l": [{"x": 1}, {"x": 2}]}, {"l": [{"x": 1}]}, {"l": [{"x": 1}]}),
    ],
)
def test_changes(stored, wanted, change):
    assert compute_change(stored, wanted) == change
