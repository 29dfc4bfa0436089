"""The controller manager against the real API server: what a user does with kubectl, and what goes wrong under it."""

from typing import Any

import pytest

from minik8s.api import apps, batch, core, discovery
from minik8s.api.meta import LabelSelector, ObjectMeta
from minik8s.api.status import ApiError, NotFound
from minik8s.client.rest import Client
from minik8s.controllers.conditions import find_condition
from tests.component.controllers.conftest import ControlPlane, until
from tests.component.controllers.fake_kubelet import FakeKubelet

NS = "default"
LABELS = {"app": "web"}


def template(image: str = "web:1", **spec: Any) -> core.PodTemplateSpec:
    body = core.PodSpec(containers=[core.Container(name="web", image=image)], **spec)
    return core.PodTemplateSpec(metadata=ObjectMeta(labels=dict(LABELS)), spec=body)


def deployment(replicas: int = 3, namespace: str = NS) -> apps.Deployment:
    spec = apps.DeploymentSpec(
        replicas=replicas, selector=LabelSelector(match_labels=dict(LABELS)), template=template()
    )
    return apps.Deployment(metadata=ObjectMeta(name="web", namespace=namespace), spec=spec)


async def available(client: Client, image: str, replicas: int) -> bool:
    """The rollout of an image is over."""
    try:
        current = await client.get(apps.Deployment, "web", NS)
    except (ApiError, OSError):
        return False
    status = current.status
    observed = (status.observed_generation or 0) >= (current.metadata.generation or 0)
    pods = await client.list(core.Pod, NS)
    images = {pod.spec.containers[0].image for pod in pods if pod.metadata.deletion_timestamp is None}
    return observed and status.available_replicas == status.replicas == replicas and images == {image}


async def names(client: Client, kind: Any, namespace: str = NS) -> set[str]:
    return {one.metadata.name for one in await client.list(kind, namespace)}


@pytest.fixture
async def web(plane: ControlPlane, kubelet: FakeKubelet) -> Client:
    await plane.client.create(deployment())
    await until(lambda: available(plane.client, "web:1", 3))
    return plane.client


async def set_image(client: Client, image: str) -> None:
    body = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
    await client.patch(apps.Deployment, "web", NS, body, type="strategic")


async def test_rollout_service_and_scale(web: Client) -> None:
    spec = core.ServiceSpec(selector=dict(LABELS), ports=[core.ServicePort(port=80, target_port=8080)])
    await web.create(core.Service(metadata=ObjectMeta(name="web", namespace=NS), spec=spec))
    await set_image(web, "web:2")
    await until(lambda: available(web, "web:2", 3))

    async def served() -> bool:
        pods = {pod.status.pod_ip for pod in await web.list(core.Pod, NS)}
        selector = "kubernetes.io/service-name=web"
        slices = await web.list(discovery.EndpointSlice, NS, label_selector=selector)
        ready = {e.addresses[0] for one in slices for e in one.endpoints if e.conditions and e.conditions.ready}
        try:
            subsets = (await web.get(core.Endpoints, "web", NS)).subsets
        except NotFound:
            return False
        return len(pods) == 3 and ready == pods and {a.ip for s in subsets for a in s.addresses} == pods

    await until(served)
    await web.patch(apps.Deployment, "web", NS, {"spec": {"replicas": 5}})
    await until(lambda: available(web, "web:2", 5))
    revisions = {
        one.metadata.annotations["deployment.kubernetes.io/revision"] for one in await web.list(apps.ReplicaSet, NS)
    }
    assert revisions == {"1", "2"}
    current = await web.get(apps.Deployment, "web", NS)
    assert current.metadata.annotations["deployment.kubernetes.io/revision"] == "2"


@pytest.mark.parametrize("propagation", ["Foreground", "Background"])
async def test_deleting_the_owner_takes_everything(web: Client, propagation: str) -> None:
    await web.delete(apps.Deployment, "web", NS, propagation_policy=propagation)

    async def empty() -> bool:
        kinds = (apps.Deployment, apps.ReplicaSet, core.Pod)
        return not any([await names(web, kind) for kind in kinds])

    await until(empty)


async def test_orphaning_keeps_the_dependents(web: Client) -> None:
    await web.delete(apps.Deployment, "web", NS, propagation_policy="Orphan")

    async def orphaned() -> bool:
        sets = await web.list(apps.ReplicaSet, NS)
        return not await names(web, apps.Deployment) and all(not one.metadata.owner_references for one in sets)

    await until(orphaned)
    assert len(await names(web, core.Pod)) == 3


async def test_a_namespace_goes_with_all_it_holds(plane: ControlPlane, kubelet: FakeKubelet) -> None:
    client = plane.client
    await client.create(core.Namespace(metadata=ObjectMeta(name="doomed")))

    async def has_account() -> bool:
        maps = await names(client, core.ConfigMap, "doomed")
        secrets = await names(client, core.Secret, "doomed")
        return "default" in await names(client, core.ServiceAccount, "doomed") and bool(maps) and bool(secrets)

    await until(has_account)
    await client.create(deployment(2, "doomed"))
    await client.create(core.ConfigMap(metadata=ObjectMeta(name="c", namespace="doomed")))
    await client.delete(core.Namespace, "doomed")

    async def gone() -> bool:
        return "doomed" not in await names(client, core.Namespace, "")

    await until(gone)
    assert await names(client, core.Pod, "doomed") == set()
    assert await names(client, core.ConfigMap, "doomed") == set()


async def test_a_job_completes_and_a_stateful_set_comes_in_order(plane: ControlPlane, kubelet: FakeKubelet) -> None:
    client = plane.client
    spec = batch.JobSpec(completions=3, parallelism=2, template=template("exit:0", restart_policy="Never"))
    assert spec.template.metadata is not None
    spec.template.metadata.labels = {}
    await client.create(batch.Job(metadata=ObjectMeta(name="work", namespace=NS), spec=spec))
    body = apps.StatefulSetSpec(
        replicas=3, service_name="web", selector=LabelSelector(match_labels=dict(LABELS)), template=template()
    )
    await client.create(apps.StatefulSet(metadata=ObjectMeta(name="db", namespace=NS), spec=body))

    async def done() -> bool:
        job = await client.get(batch.Job, "work", NS)
        owner = await client.get(apps.StatefulSet, "db", NS)
        return job.status.succeeded == 3 and owner.status.ready_replicas == 3

    await until(done)
    created = await client.list(core.Pod, NS, label_selector="app=web")
    assert {pod.metadata.name for pod in created} == {"db-0", "db-1", "db-2"}
    assert not [pod for pod in await client.list(core.Pod, NS) if pod.metadata.finalizers]


async def test_killing_either_process_changes_nothing_for_pods(plane: ControlPlane, web: Client) -> None:
    before = {pod.metadata.uid for pod in await web.list(core.Pod, NS)}
    await plane.kill("apiserver")
    await plane.start("apiserver")
    await plane.ready()
    await plane.kill("controller-manager")
    await plane.start("controller-manager")
    await web.patch(apps.Deployment, "web", NS, {"spec": {"replicas": 4}})
    await until(lambda: available(web, "web:1", 4))
    assert before < {pod.metadata.uid for pod in await web.list(core.Pod, NS)}


async def test_a_silent_node_is_tainted_and_its_pods_are_not_ready(web: Client, kubelet: FakeKubelet) -> None:
    kubelet.beating = False

    async def noticed() -> bool:
        node = await web.get(core.Node, kubelet.node)
        ready = find_condition(node.status.conditions, "Ready")
        pods = [find_condition(pod.status.conditions, "Ready") for pod in await web.list(core.Pod, NS)]
        tainted = "node.kubernetes.io/unreachable" in {taint.key for taint in node.spec.taints}
        unknown = ready is not None and ready.status == "Unknown" and ready.reason == "NodeStatusUnknown"
        return unknown and tainted and all(one is not None and one.status == "False" for one in pods)

    await until(noticed)
    kubelet.beating = True

    async def healed() -> bool:
        node = await web.get(core.Node, kubelet.node)
        return not node.spec.taints

    await until(healed)
