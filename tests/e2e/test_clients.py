"""Client libraries from PyPI, unmodified: `kubernetes`, `kr8s`, and an operator on `kopf`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, eventually


@pytest.fixture(scope="module")
def api(fake_cluster: Cluster) -> Iterator[Any]:
    """The official client, configured as its users do."""
    from kubernetes import client, config

    config.load_kube_config(str(fake_cluster.kubeconfig))
    yield client
    client.ApiClient().close()


def deployment(client: Any, name: str, replicas: int) -> Any:
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": name}),
        spec=client.V1PodSpec(containers=[client.V1Container(name="c", image="example/app:1")]),
    )
    spec = client.V1DeploymentSpec(
        replicas=replicas, selector=client.V1LabelSelector(match_labels={"app": name}), template=template
    )
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name), spec=spec)


def test_official_client_typed_calls(api: Any) -> None:
    apps, core = api.AppsV1Api(), api.CoreV1Api()
    made = apps.create_namespaced_deployment("default", deployment(api, "typed", 2))
    assert made.metadata.generation == 1 and made.spec.strategy.rolling_update.max_surge == "25%"
    eventually(lambda: apps.read_namespaced_deployment_status("typed", "default").status.ready_replicas == 2, "ready")
    apps.patch_namespaced_deployment_scale("typed", "default", {"spec": {"replicas": 1}})
    eventually(lambda: len(core.list_namespaced_pod("default", label_selector="app=typed").items) == 1, "one pod")
    with pytest.raises(api.ApiException) as refused:
        apps.create_namespaced_deployment("default", deployment(api, "typed", 2))
    assert refused.value.status == 409 and '"reason":"AlreadyExists"' in refused.value.body
    apps.delete_namespaced_deployment("typed", "default")


def test_official_client_watch_ends_at_its_timeout(api: Any) -> None:
    from kubernetes import watch

    core = api.CoreV1Api()
    version = core.list_namespaced_config_map("default").metadata.resource_version
    names = [f"watched-{i}" for i in range(3)]

    def create() -> None:
        for name in names:
            core.create_namespaced_config_map("default", api.V1ConfigMap(metadata=api.V1ObjectMeta(name=name)))

    threading.Timer(0.3, create).start()
    stream = watch.Watch().stream(
        core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=3
    )
    seen = [(event["type"], event["object"].metadata.name) for event in stream]
    assert seen == [("ADDED", name) for name in names]


def test_official_dynamic_client(api: Any) -> None:
    from kubernetes import dynamic

    client = dynamic.DynamicClient(api.ApiClient())
    maps = client.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn"}, "data": {"a": "1"}}
    maps.create(body=body, namespace="default")
    maps.patch(body={"metadata": {"name": "dyn"}, "data": {"b": "2"}}, namespace="default")
    assert maps.get(name="dyn", namespace="default").data.to_dict() == {"a": "1", "b": "2"}
    maps.delete(name="dyn", namespace="default")


def test_kr8s(fake_cluster: Cluster) -> None:
    import kr8s
    from kr8s.objects import Pod

    api = kr8s.api(kubeconfig=str(fake_cluster.kubeconfig))
    pod = Pod(
        {"metadata": {"name": "kr8s"}, "spec": {"containers": [{"name": "c", "image": "example/app:1"}]}}, api=api
    )
    pod.create()
    pod.wait("condition=Ready", timeout=30)
    pod.label({"seen": "yes"})
    assert [p.name for p in api.get("pods", label_selector="seen=yes")] == ["kr8s"]
    pod.delete()
    eventually(lambda: not pod.exists(), "its deletion")


OPERATOR = textwrap.dedent(
    """
    import kopf

    @kopf.on.create("v1", "configmaps", labels={"watch": "me"})
    def created(name, namespace, body, patch, logger, **_):
        patch.metadata.annotations["operator.example/greeting"] = f"hello {name}"
        kopf.info(body, reason="Greeted", message=f"hello {name}")

    @kopf.on.delete("v1", "configmaps", labels={"watch": "me"})
    def deleted(name, logger, **_):
        logger.info("goodbye %s", name)
    """
)


def test_kopf_operator(fake_cluster: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "operator.py"
    file.write_text(OPERATOR)
    log = (tmp_path / "log").open("w")
    operator = subprocess.Popen(
        [sys.executable, "-m", "kopf", "run", "--namespace=default", "--standalone", str(file)],
        env=fake_cluster.environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        fake_cluster.apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "greet", "labels": {"watch": "me"}}}
        )

        def greeted() -> bool:
            meta = fake_cluster.get("configmap", "greet")["metadata"]
            assert operator.poll() is None, (tmp_path / "log").read_text()
            return (
                meta["annotations"].get("operator.example/greeting") == "hello greet"
                and "kopf.zalando.org/KopfFinalizerMarker" in meta["finalizers"]
            )

        eventually(greeted, "the operator's annotation and finalizer", timeout=30)
        eventually(
            lambda: "hello greet" in fake_cluster.kubectl("get", "events", "--field-selector=reason=Greeted"),
            "its event",
        )
        fake_cluster.kubectl("delete", "configmap", "greet", "--timeout=20s")
        eventually(lambda: "goodbye greet" in (tmp_path / "log").read_text(), "its goodbye")
    finally:
        operator.terminate()
        operator.wait(20)


def test_many_watchers_see_the_same_order(fake_cluster: Cluster) -> None:
    """Our own client, several informers: equal order for every watcher."""
    from minik8s.api import core
    from minik8s.client.kubeconfig import load_kubeconfig
    from minik8s.client.rest import Client
    from minik8s.client.watch import watch

    async def scenario() -> list[list[str]]:
        async with Client(load_kubeconfig(str(fake_cluster.kubeconfig))) as client:
            start = (await client.list(core.Secret, "default")).resource_version

            async def collect() -> list[str]:
                names: list[str] = []
                async for event in watch(client, core.Secret, "default", resource_version=start):
                    if event.type != "BOOKMARK":
                        names.append(f"{event.type} {event.obj['metadata']['name']}")
                    if len(names) == 20:
                        return names
                return names

            watchers = [asyncio.create_task(collect()) for _ in range(10)]
            for i in range(10):
                secret = core.Secret.from_dict({"metadata": {"name": f"s{i}", "namespace": "default"}})
                await client.create(secret)
                await client.delete(core.Secret, f"s{i}", "default")
            return await asyncio.gather(*watchers)

    orders = asyncio.run(scenario())
    assert all(order == orders[0] and len(order) == 20 for order in orders)
