"""The verbs, on the API in memory."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api import apps, core
from minik8s.api.meta import ObjectMeta
from minik8s.api.scheme import SCHEME
from minik8s.api.status import AlreadyExists, Conflict, NotFound, ServiceUnavailable
from minik8s.client.discovery import parse_aggregated, parse_resource_list, stale_versions
from minik8s.client.resources import Resource, resolve, resolve_object
from minik8s.client.rest import Response, error_of
from minik8s.testing.fakeapi import FakeAPI, FakeClient

pytest_plugins = ["minik8s.testing.plugin"]


def config(name: str = "c", **data: str) -> core.ConfigMap:
    return core.ConfigMap(metadata=ObjectMeta(name=name, namespace="default"), data=data)


async def test_create_get_update_delete(client: FakeClient) -> None:
    made = await client.create(config(a="1"))
    assert made.metadata.uid and made.metadata.resource_version
    with pytest.raises(AlreadyExists):
        await client.create(config())
    made.data["a"] = "2"
    changed = await client.update(made)
    assert (await client.get(core.ConfigMap, "c", "default")).data == {"a": "2"}
    with pytest.raises(Conflict):
        await client.update(made)
    await client.delete(core.ConfigMap, "c", "default", uid=changed.metadata.uid)
    with pytest.raises(NotFound):
        await client.get(core.ConfigMap, "c", "default")


async def test_delete_with_preconditions(client: FakeClient) -> None:
    await client.create(config())
    with pytest.raises(Conflict):
        await client.delete(core.ConfigMap, "c", "default", uid="another")


async def test_lists_by_pages_and_selectors(client: FakeClient, api: FakeAPI) -> None:
    for number in range(7):
        made = config(f"c{number}")
        made.metadata.labels = {"odd": str(number % 2)}
        api.add(made)
    page = await client.list(core.ConfigMap, "default", limit=3)
    assert (len(page), page.remaining_item_count, bool(page.continue_)) == (3, 4, True)
    assert [c.metadata.name for c in await client.list_all(core.ConfigMap, limit=3)] == [f"c{n}" for n in range(7)]
    odd = await client.list(core.ConfigMap, "default", label_selector="odd=1")
    assert [c.metadata.name for c in odd] == ["c1", "c3", "c5"]


async def test_dicts_for_kinds_without_a_model(client: FakeClient) -> None:
    widgets = Resource("example.com", "v1", "widgets", "Widget")
    body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
    await client.create(body, target=widgets)
    (found,) = await client.list(widgets, "default")
    assert found["kind"] == "Widget"
    patched = await client.patch(widgets, "w", "default", {"spec": {"size": 3}})
    assert patched["spec"] == {"size": 3}


async def test_status_and_spec_have_their_own_paths(client: FakeClient, api: FakeAPI) -> None:
    api.add(apps.Deployment.from_dict({"metadata": {"name": "web", "namespace": "default"}, "spec": {
        "replicas": 1, "selector": {}, "template": {}}}))  # fmt: skip
    web = await client.get(apps.Deployment, "web", "default")
    web.status.replicas, web.spec.replicas = 5, 9
    web = await client.update_status(web)
    assert (web.status.replicas, web.spec.replicas) == (5, 1)
    scale = await client.get_subresource(apps.Deployment, "web", "default", "scale")
    assert scale["spec"] == {"replicas": 1}


def test_paths() -> None:
    assert resolve(core.Pod).path("default", "web-1", "log") == "/api/v1/namespaces/default/pods/web-1/log"
    assert resolve(apps.Deployment).path() == "/apis/apps/v1/deployments"
    assert resolve(core.Node).path("ignored", "n1") == "/api/v1/nodes/n1"
    assert resolve(SCHEME.by_kind("", "v1", "Pod")).plural == "pods"
    assert resolve_object({"apiVersion": "apps/v1", "kind": "Deployment"}).plural == "deployments"
    with pytest.raises(LookupError, match=r"example\.com/v1 Widget"):
        resolve_object({"apiVersion": "example.com/v1", "kind": "Widget"})


def test_an_answer_that_is_no_status() -> None:
    error = error_of(Response(503, {}, b"upstream connect error"))
    assert isinstance(error, ServiceUnavailable) and "upstream connect error" in error.message


AGGREGATED: dict[str, Any] = {
    "kind": "APIGroupDiscoveryList",
    "items": [
        {
            "metadata": {"name": "apps"},
            "versions": [
                {
                    "version": "v1",
                    "resources": [
                        {
                            "resource": "deployments",
                            "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                            "scope": "Namespaced",
                            "verbs": ["get", "list"],
                            "subresources": [{"subresource": "scale"}],
                        }
                    ],
                },
                {"version": "v1beta1", "resources": [{"resource": "deployments", "scope": "Namespaced"}]},
            ],
        },
        {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
    ],
}


def test_aggregated_discovery_takes_the_preferred_version() -> None:
    verbs, subresources = frozenset(["get", "list"]), frozenset(["scale"])
    assert parse_aggregated(AGGREGATED) == [
        Resource("apps", "v1", "deployments", "Deployment", True, verbs, subresources)
    ]
    assert stale_versions(AGGREGATED) == ["metrics.k8s.io/v1beta1"]


def test_plain_discovery() -> None:
    resources = [
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
    ]
    (pods,) = parse_resource_list("", "v1", {"resources": resources})
    assert (pods.plural, pods.subresources) == ("pods", frozenset(["log"]))
