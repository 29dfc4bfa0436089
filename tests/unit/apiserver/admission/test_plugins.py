"""Each admission plugin: what it adds, and the texts with which it refuses."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from minik8s.api.status import ApiError, Forbidden, NotFound
from minik8s.apiserver.admission import service_accounts
from minik8s.apiserver.admission.base import CREATE, DELETE, UPDATE
from minik8s.apiserver.admission.chain import AdmissionChain, default_plugins
from minik8s.apiserver.admission.classes import DefaultIngressClass, DefaultStorageClass, RuntimeClass
from minik8s.apiserver.admission.limits import LimitRanger
from minik8s.apiserver.admission.namespaces import NamespaceLifecycle
from minik8s.apiserver.admission.nodes import TaintNodesByCondition
from minik8s.apiserver.admission.priority import Priority
from minik8s.apiserver.admission.quota import ResourceQuota
from minik8s.apiserver.admission.service_accounts import ServiceAccount
from minik8s.apiserver.admission.tolerations import DefaultTolerationSeconds
from minik8s.apiserver.admission.volumes import StorageObjectInUseProtection
from tests.unit.apiserver.admission.fakes import FakeRegistry, Json, attributes, run


def pod(namespace: str = "default", **spec: Any) -> Json:
    return {
        "metadata": {"name": "p", "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
    }


@pytest.fixture
def registry() -> FakeRegistry:
    registry = FakeRegistry()
    registry.add("Namespace", {"metadata": {"name": "default"}, "status": {"phase": "Active"}})
    registry.add("ServiceAccount", {"metadata": {"name": "default", "namespace": "default"}})
    return registry


# -- namespaces ----------------------------------------------------------------------------------------------------


async def test_no_namespace_is_404(registry: FakeRegistry) -> None:
    with pytest.raises(NotFound, match=r'^namespaces "gone" not found$'):
        await run(NamespaceLifecycle(registry), attributes("Pod", pod("gone")))


async def test_terminating_namespace_takes_nothing_new(registry: FakeRegistry) -> None:
    registry.add("Namespace", {"metadata": {"name": "old"}, "status": {"phase": "Terminating"}})
    with pytest.raises(Forbidden) as caught:
        await run(NamespaceLifecycle(registry), attributes("Pod", pod("old")))
    text = 'pods "p" is forbidden: unable to create new content in namespace old because it is being terminated'
    assert caught.value.message == text
    assert caught.value.causes == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace old is being terminated",
            "field": "metadata.namespace",
        }
    ]
    await run(NamespaceLifecycle(registry), attributes("Pod", pod("old"), UPDATE))


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_some_namespaces_stay(registry: FakeRegistry, name: str) -> None:
    attrs = attributes("Namespace", None, DELETE, old={"metadata": {"name": name}})
    with pytest.raises(Forbidden, match=f'namespaces "{name}" is forbidden: this namespace may not be deleted'):
        await run(NamespaceLifecycle(registry), attrs)


# -- service accounts ----------------------------------------------------------------------------------------------


async def test_pod_gets_account_and_token(registry: FakeRegistry) -> None:
    attrs = attributes("Pod", pod(initContainers=[{"name": "i"}]))
    await run(ServiceAccount(registry), attrs)
    spec = attrs.spec
    assert spec["serviceAccountName"] == "default"
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert volume["projected"]["sources"][0] == {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    mount = {"name": volume["name"], "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    assert spec["containers"][0]["volumeMounts"] == spec["initContainers"][0]["volumeMounts"] == [mount]


@pytest.mark.parametrize(("in_pod", "in_account", "mounted"), [
    (None, None, True), (False, None, False), (None, False, False), (True, False, True), (False, True, False),
])  # fmt: skip
async def test_opting_out(registry: FakeRegistry, in_pod: bool | None, in_account: bool | None, mounted: bool) -> None:
    account = {"metadata": {"name": "robot", "namespace": "default"}, "automountServiceAccountToken": in_account,
               "imagePullSecrets": [{"name": "pull"}]}  # fmt: skip
    registry.add("ServiceAccount", account)
    attrs = attributes("Pod", pod(serviceAccountName="robot", automountServiceAccountToken=in_pod))
    await run(ServiceAccount(registry), attrs)
    assert ("volumes" in attrs.spec) is mounted
    assert attrs.spec["imagePullSecrets"] == [{"name": "pull"}]


async def test_unknown_account(registry: FakeRegistry) -> None:
    text = 'pods "p" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found'
    with pytest.raises(Forbidden) as caught:
        await run(ServiceAccount(registry), attributes("Pod", pod(serviceAccountName="robot")))
    assert caught.value.message == text


async def test_default_account_is_waited_for(registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.add("Namespace", {"metadata": {"name": "new"}, "status": {"phase": "Active"}})
    sleeps: list[float] = []

    async def appear(seconds: float) -> None:
        sleeps.append(seconds)
        registry.add("ServiceAccount", {"metadata": {"name": "default", "namespace": "new"}})

    monkeypatch.setattr(service_accounts.asyncio, "sleep", appear)
    await run(ServiceAccount(registry), attributes("Pod", pod("new")))
    assert len(sleeps) == 1


async def test_own_mount_at_the_path_is_left_alone(registry: FakeRegistry) -> None:
    own = {"name": "mine", "mountPath": service_accounts.MOUNT_PATH}
    attrs = attributes("Pod", pod(containers=[{"name": "c", "volumeMounts": [own]}]))
    await run(ServiceAccount(registry), attrs)
    assert attrs.spec["containers"][0]["volumeMounts"] == [own]
    assert "volumes" not in attrs.spec


# -- priority ------------------------------------------------------------------------------------------------------


def priority_class(registry: FakeRegistry, name: str, value: int, **more: Any) -> None:
    registry.add("PriorityClass", {"metadata": {"name": name}, "value": value, **more}, "scheduling.k8s.io")


@pytest.mark.parametrize(("given", "expected"), [
    ({}, ("", 0, "PreemptLowerPriority")),
    ({"priorityClassName": "high"}, ("high", 100, "Never")),
    ({"priorityClassName": "system-node-critical"}, ("system-node-critical", 2000001000, "PreemptLowerPriority")),
])  # fmt: skip
async def test_priority(registry: FakeRegistry, given: Json, expected: tuple[str, int, str]) -> None:
    priority_class(registry, "high", 100, preemptionPolicy="Never")
    attrs = attributes("Pod", pod(**given))
    await run(Priority(registry), attrs)
    spec = attrs.spec
    assert (spec.get("priorityClassName", ""), spec["priority"], spec["preemptionPolicy"]) == expected


async def test_global_default_priority(registry: FakeRegistry) -> None:
    priority_class(registry, "usual", 7, globalDefault=True)
    attrs = attributes("Pod", pod())
    await run(Priority(registry), attrs)
    assert (attrs.spec["priorityClassName"], attrs.spec["priority"]) == ("usual", 7)
    other = {"metadata": {"name": "other"}, "value": 1, "globalDefault": True}
    with pytest.raises(
        Forbidden, match=r"PriorityClass usual is already marked as default. Only one default can exist"
    ):
        await run(Priority(registry), attributes("PriorityClass", other, group="scheduling.k8s.io"))


@pytest.mark.parametrize(("given", "text"), [
    ({"priorityClassName": "no"}, 'pods "p" is forbidden: no PriorityClass with name no was found'),
    ({"priority": 5}, 'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority '
     "admission controller computed 0 from the given PriorityClass name"),
    ({"preemptionPolicy": "Never"}, 'pods "p" is forbidden: the string value of PreemptionPolicy (Never) must not be provided '
     "in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name"),
])  # fmt: skip
async def test_priority_refusals(registry: FakeRegistry, given: Json, text: str) -> None:
    with pytest.raises(Forbidden) as caught:
        await run(Priority(registry), attributes("Pod", pod(**given)))
    assert caught.value.message == text


# -- small ones ----------------------------------------------------------------------------------------------------


async def test_default_tolerations(registry: FakeRegistry) -> None:
    attrs = attributes(
        "Pod", pod(tolerations=[{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}])
    )
    await run(DefaultTolerationSeconds(registry), attrs)
    assert attrs.spec["tolerations"][1:] == [
        {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    ]
    attrs = attributes("Pod", pod(tolerations=[{"operator": "Exists"}]))
    await run(DefaultTolerationSeconds(registry), attrs)
    assert attrs.spec["tolerations"] == [{"operator": "Exists"}]


async def test_new_nodes_are_tainted(registry: FakeRegistry) -> None:
    attrs = attributes("Node", {"metadata": {"name": "n"}})
    await run(TaintNodesByCondition(registry), attrs)
    await run(TaintNodesByCondition(registry), attrs)
    assert attrs.spec["taints"] == [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]


async def test_claims_are_protected(registry: FakeRegistry) -> None:
    attrs = attributes("PersistentVolumeClaim", {"metadata": {"name": "c", "namespace": "default"}})
    await run(StorageObjectInUseProtection(registry), attrs)
    assert attrs.obj is not None
    assert attrs.obj["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


async def test_default_classes(registry: FakeRegistry) -> None:
    for name, stamp in (("a", "2026-01-01T00:00:00Z"), ("b", "2026-01-02T00:00:00Z")):
        notes = {
            "storageclass.kubernetes.io/is-default-class": "true",
            "ingressclass.kubernetes.io/is-default-class": "true",
        }
        meta = {"name": name, "annotations": notes, "creationTimestamp": stamp}
        registry.add("StorageClass", {"metadata": dict(meta)}, "storage.k8s.io")
        registry.add("IngressClass", {"metadata": dict(meta)}, "networking.k8s.io")
    claim = attributes("PersistentVolumeClaim", {"metadata": {"name": "c", "namespace": "default"}})
    await run(DefaultStorageClass(registry), claim)
    assert claim.spec["storageClassName"] == "b", "the newest default wins"
    ingress = attributes("Ingress", {"metadata": {"name": "c", "namespace": "default"}}, group="networking.k8s.io")
    await run(DefaultIngressClass(registry), ingress)
    assert ingress.spec["ingressClassName"] == "b"


async def test_no_class_wanted_is_no_class_given(registry: FakeRegistry) -> None:
    claim = attributes("PersistentVolumeClaim", {"metadata": {"name": "c"}, "spec": {"storageClassName": ""}})
    await run(DefaultStorageClass(registry), claim)
    assert claim.spec["storageClassName"] == ""


async def test_runtime_class(registry: FakeRegistry) -> None:
    scheduling = {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]}
    overhead = {"podFixed": {"cpu": "100m"}}
    registry.add(
        "RuntimeClass", {"metadata": {"name": "r"}, "overhead": overhead, "scheduling": scheduling}, "node.k8s.io"
    )
    attrs = attributes("Pod", pod(runtimeClassName="r"))
    await run(RuntimeClass(registry), attrs)
    assert attrs.spec["overhead"] == {"cpu": "100m"}
    assert attrs.spec["nodeSelector"] == {"a": "b"}
    with pytest.raises(Forbidden, match='pod rejected: RuntimeClass "x" not found'):
        await run(RuntimeClass(registry), attributes("Pod", pod(runtimeClassName="x")))
    with pytest.raises(Forbidden, match="Pod Overhead set without corresponding RuntimeClass defined Overhead"):
        await run(RuntimeClass(registry), attributes("Pod", pod(overhead={"cpu": "1"})))


# -- limits --------------------------------------------------------------------------------------------------------


def limit_range(registry: FakeRegistry, **item: Any) -> None:
    spec = {"limits": [{"type": "Container", **item}]}
    registry.add("LimitRange", {"metadata": {"name": "l", "namespace": "default"}, "spec": spec})


async def test_limit_defaults_are_noted(registry: FakeRegistry) -> None:
    limit_range(registry, default={"cpu": "1"}, defaultRequest={"cpu": "500m", "memory": "1Mi"})
    attrs = attributes("Pod", pod())
    await run(LimitRanger(registry), attrs)
    assert attrs.spec["containers"][0]["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Mi"},
        "limits": {"cpu": "1"},
    }
    assert attrs.obj is not None
    assert attrs.obj["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container c; cpu limit for container c"
    }


@pytest.mark.parametrize(("item", "resources", "text"), [
    ({"min": {"cpu": "1"}}, {}, "minimum cpu usage per Container is 1.  No request is specified"),
    ({"min": {"cpu": "1"}}, {"requests": {"cpu": "500m"}}, "minimum cpu usage per Container is 1, but request is 500m"),
    ({"max": {"cpu": "1"}}, {}, "maximum cpu usage per Container is 1.  No limit is specified"),
    ({"max": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, "maximum cpu usage per Container is 1, but limit is 2"),
    ({"maxLimitRequestRatio": {"cpu": "2"}}, {"limits": {"cpu": "3"}, "requests": {"cpu": "1"}},
     "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000"),
    ({"type": "Pod", "max": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, "maximum cpu usage per Pod is 1, but limit is 2"),
])  # fmt: skip
async def test_limits(registry: FakeRegistry, item: Json, resources: Json, text: str) -> None:
    limit_range(registry, **item)
    with pytest.raises(Forbidden) as caught:
        await run(LimitRanger(registry), attributes("Pod", pod(containers=[{"name": "c", "resources": resources}])))
    assert caught.value.message == f'pods "p" is forbidden: {text}'


# -- quota ---------------------------------------------------------------------------------------------------------


def quota(registry: FakeRegistry, hard: Json, used: Json, **spec: Any) -> None:
    obj = {"metadata": {"name": "q", "namespace": "default"}, "spec": spec, "status": {"hard": hard, "used": used}}
    registry.add("ResourceQuota", obj)


def used(registry: FakeRegistry) -> Json:
    found: Json = registry.objects["resourcequotas", "default", "q"]["status"]["used"]
    return found


async def test_quota_is_charged_once_despite_a_lost_race(registry: FakeRegistry) -> None:
    quota(registry, {"pods": "3", "requests.cpu": "1"}, {"pods": "1", "requests.cpu": "0"})
    registry.conflicts = 1
    resources = {"requests": {"cpu": "250m"}}
    await run(ResourceQuota(registry), attributes("Pod", pod(containers=[{"name": "c", "resources": resources}])))
    assert used(registry) == {"pods": "2", "requests.cpu": "250m"}


async def test_quota_exceeded(registry: FakeRegistry) -> None:
    quota(registry, {"pods": "1", "limits.cpu": "1"}, {"pods": "1", "limits.cpu": "500m"})
    resources = {"limits": {"cpu": "600m"}}
    with pytest.raises(Forbidden) as caught:
        await run(ResourceQuota(registry), attributes("Pod", pod(containers=[{"name": "c", "resources": resources}])))
    assert caught.value.message == (
        'pods "p" is forbidden: exceeded quota: q, requested: limits.cpu=600m,pods=1, used: limits.cpu=500m,pods=1, '
        "limited: limits.cpu=1,pods=1"
    )
    assert registry.updates == 0


async def test_quota_obliges_to_name_requests(registry: FakeRegistry) -> None:
    quota(registry, {"requests.cpu": "1"}, {"requests.cpu": "0"})
    with pytest.raises(Forbidden, match=r"failed quota: q: must specify requests.cpu for: c"):
        await run(ResourceQuota(registry), attributes("Pod", pod()))


async def test_quota_without_usage(registry: FakeRegistry) -> None:
    quota(registry, {"pods": "1"}, {})
    with pytest.raises(Forbidden, match="status unknown for quota: q, resources: pods"):
        await run(ResourceQuota(registry), attributes("Pod", pod()))


@pytest.mark.parametrize(("scope", "charged"), [
    ("BestEffort", True), ("NotBestEffort", False), ("Terminating", False), ("NotTerminating", True),
])  # fmt: skip
async def test_quota_scopes(registry: FakeRegistry, scope: str, charged: bool) -> None:
    quota(registry, {"pods": "5"}, {"pods": "0"}, scopes=[scope])
    await run(ResourceQuota(registry), attributes("Pod", pod()))
    assert used(registry)["pods"] == ("1" if charged else "0")


@pytest.mark.parametrize(("kind", "group", "obj", "hard"), [
    ("Service", "", {"spec": {"type": "NodePort", "ports": [{}, {}]}}, {"services": "1", "services.nodeports": "2"}),
    ("Service", "", {"spec": {"type": "LoadBalancer", "ports": [{}]}}, {"services.loadbalancers": "1", "services.nodeports": "1"}),
    ("PersistentVolumeClaim", "", {"spec": {"storageClassName": "f", "resources": {"requests": {"storage": "1Gi"}}}},
     {"requests.storage": "1Gi", "f.storageclass.storage.k8s.io/requests.storage": "1Gi"}),
    ("ConfigMap", "", {}, {"configmaps": "1", "count/configmaps": "1"}),
    ("Deployment", "apps", {}, {"count/deployments.apps": "1"}),
])  # fmt: skip
async def test_quota_counts(registry: FakeRegistry, kind: str, group: str, obj: Json, hard: Json) -> None:
    quota(registry, hard, dict.fromkeys(hard, "0"))
    obj = {"metadata": {"name": "x", "namespace": "default"}, **obj}
    await run(ResourceQuota(registry), attributes(kind, obj, group=group))
    assert used(registry) == hard


async def test_dry_run_charges_nothing(registry: FakeRegistry) -> None:
    quota(registry, {"pods": "5"}, {"pods": "0"})
    await run(ResourceQuota(registry), attributes("Pod", pod(), dry_run=True))
    assert used(registry) == {"pods": "0"}


# -- the chain -----------------------------------------------------------------------------------------------------


async def test_chain_asks_only_who_is_interested(registry: FakeRegistry) -> None:
    chain = AdmissionChain(default_plugins(registry))
    attrs = attributes("Pod", pod())
    await chain.mutate(attrs)
    await chain.validate(attrs)
    assert {"serviceAccountName", "priority", "tolerations", "volumes"} <= attrs.spec.keys()
    status = attributes("Pod", pod(), UPDATE, subresource="status")
    await chain.mutate(status)
    assert "tolerations" not in status.spec


async def test_chain_refuses_with_the_first_error(registry: FakeRegistry) -> None:
    chain = AdmissionChain(default_plugins(registry))
    with pytest.raises(ApiError, match="serviceaccount"):
        await asyncio.wait_for(chain.mutate(attributes("Pod", pod(serviceAccountName="x"), CREATE)), 1)


async def test_a_missing_namespace_is_said_before_its_missing_account(registry: FakeRegistry) -> None:
    with pytest.raises(NotFound, match=r'^namespaces "gone" not found$'):
        await AdmissionChain(default_plugins(registry)).mutate(attributes("Pod", pod("gone")))
