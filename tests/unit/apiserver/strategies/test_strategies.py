"""What strategies wipe, keep, count and select."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

import copy
from typing import Any

import pytest

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import Conflict, Invalid
from minik8s.apiserver.registry.strategies.autoscaling import v1_to_v2, v2_to_v1
from minik8s.apiserver.registry.strategies.pod import apply_binding
from minik8s.apiserver.registry.strategies.qos import qos_class
from minik8s.apiserver.registry.strategies.scale import apply_scale, scale_of
from minik8s.apiserver.registry.strategy import strategy_for
from tests.unit.apiserver.validation.builders import Json, container, job, kind, named, pod, strategy, workload


@pytest.mark.parametrize("of", list(SCHEME), ids=lambda one: f"{one.group_kind}-{one.version}")
def test_every_kind_has_a_strategy_that_bears_an_empty_object(of: Kind) -> None:
    chosen = strategy_for(of)
    meta: Json = {"name": "x", "uid": "u"} | ({"namespace": "default"} if of.namespaced else {})
    obj = {"apiVersion": of.group_version, "kind": of.kind, "metadata": meta}
    chosen.default(obj)
    chosen.prepare_create(obj)
    chosen.validate(obj)
    new = copy.deepcopy(obj)
    chosen.prepare_update(new, obj)
    chosen.validate_update(new, obj)
    chosen.prepare_subresource_update("status", new, obj)
    chosen.validate_subresource_update("status", new, obj)
    assert chosen.selectable_fields(obj)["metadata.name"] == "x"
    assert chosen.from_storage(chosen.to_storage(obj))["apiVersion"] == of.group_version
    assert all(chosen.supports_field(label) for label in chosen.field_labels)


# -- pods ----------------------------------------------------------------------------------------------------------


def res(**lists: Json) -> Json:
    return container(resources=lists)


@pytest.mark.parametrize(("containers", "expected"), [
    ([container()], "BestEffort"),
    ([res(limits={"nvidia.com/gpu": "1"})], "BestEffort"),
    ([res(requests={"cpu": "1"})], "Burstable"),
    ([res(limits={"cpu": "1", "memory": "1Gi"})], "Guaranteed"),
    ([res(limits={"cpu": "1", "memory": "1Gi"}, requests={"cpu": "1000m", "memory": "1Gi"})], "Guaranteed"),
    ([res(limits={"cpu": "1", "memory": "1Gi"}, requests={"cpu": "500m"})], "Burstable"),
    ([res(limits={"cpu": "1", "memory": "1Gi"}), container()], "Burstable"),
    ([res(requests={"cpu": "0"})], "BestEffort"),
])  # fmt: skip
def test_qos(containers: list[Json], expected: str) -> None:
    assert qos_class({"containers": containers}) == expected


def test_new_pod_is_pending_whatever_its_maker_says() -> None:
    obj = {**pod(), "status": {"phase": "Running"}}
    strategy("Pod").prepare_create(obj)
    assert obj["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    gated = pod(schedulingGates=[{"name": "a"}])
    strategy("Pod").prepare_create(gated)
    assert gated["status"]["conditions"][0]["reason"] == "SchedulingGated"


@pytest.mark.parametrize(("spec", "status", "options", "expected"), [
    ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, {}, {}, 30),
    ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, {}, {"gracePeriodSeconds": 5}, 5),
    ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, {}, {"gracePeriodSeconds": 0}, 0),
    ({"nodeName": "n", "terminationGracePeriodSeconds": -7}, {}, {}, 1),
    ({"terminationGracePeriodSeconds": 30}, {}, {}, 0),
    ({"nodeName": "n", "terminationGracePeriodSeconds": 30}, {"phase": "Succeeded"}, {}, 0),
])  # fmt: skip
def test_grace(spec: Json, status: Json, options: Json, expected: int) -> None:
    assert strategy("Pod").graceful_delete({**pod(**spec), "status": status}, options) == expected


def test_pod_fields() -> None:
    fields = strategy("Pod").selectable_fields(
        {**pod(nodeName="n", hostNetwork=True), "status": {"phase": "Running", "podIP": "1.1.1.1"}}
    )
    assert (fields["spec.nodeName"], fields["status.phase"], fields["spec.hostNetwork"]) == ("n", "Running", "true")
    assert fields["status.podIP"] == "1.1.1.1" and fields["metadata.namespace"] == "default"


def test_pod_status_write_touches_neither_spec_nor_owners() -> None:
    old = {
        **pod({"ownerReferences": [{"uid": "o"}], "generation": 3}),
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    }
    new = {**pod({"labels": {"a": "b"}, "generation": 9}, nodeName="x"), "status": {"phase": "Running"}}
    strategy("Pod").prepare_subresource_update("status", new, old)
    assert new["spec"] == old["spec"]
    assert new["status"] == {"phase": "Running", "qosClass": "Burstable"}
    assert new["metadata"]["ownerReferences"] == [{"uid": "o"}] and new["metadata"]["generation"] == 3
    assert new["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"podIP": "1.1.1.1"}, {"podIP": "1.1.1.1", "podIPs": [{"ip": "1.1.1.1"}]}),
        ({"podIPs": [{"ip": "1.1.1.1"}]}, {"podIP": "1.1.1.1", "podIPs": [{"ip": "1.1.1.1"}]}),
        ({"hostIP": "2.2.2.2"}, {"hostIP": "2.2.2.2", "hostIPs": [{"ip": "2.2.2.2"}]}),
        ({}, {}),
    ],
)
def test_one_address_mirrors_the_other(given: Json, expected: Json) -> None:
    new = {**pod(), "status": given}
    strategy("Pod").prepare_subresource_update("status", new, pod())
    assert new["status"] == expected


def binding(**target: Any) -> Json:
    return {"metadata": {"name": "p", "annotations": {"x": "y"}}, "target": {"kind": "Node", "name": "n", **target}}


def test_binding() -> None:
    obj = {**pod(), "status": {"phase": "Pending"}}
    apply_binding(obj, binding(), now=0)
    assert obj["spec"]["nodeName"] == "n" and obj["metadata"]["annotations"] == {"x": "y"}
    (condition,) = obj["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    assert condition["lastTransitionTime"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(("obj", "text"), [
    (pod(nodeName="m"), 'pod p is already assigned to node "m"'),
    (pod({"deletionTimestamp": "2026-01-01T00:00:00Z"}), "pod p is being deleted, cannot be assigned to a host"),
    (pod(schedulingGates=[{"name": "a"}]), "pod p has non-empty .spec.schedulingGates"),
])  # fmt: skip
def test_binding_refused(obj: Json, text: str) -> None:
    with pytest.raises(Conflict) as caught:
        apply_binding(obj, binding())
    assert caught.value.message == f'Operation cannot be fulfilled on pods/binding "p": {text}'


def test_binding_invalid() -> None:
    with pytest.raises(Invalid, match=r"target.name: Required value"):
        apply_binding(pod(), binding(name=""))


def test_ephemeral_containers_change_nothing_else() -> None:
    old = pod()
    strategy("Pod").default(old)
    new = pod({"labels": {"x": "y"}}, nodeName="z", ephemeralContainers=[container(name="debug")])
    strategy("Pod").prepare_subresource_update("ephemeralcontainers", new, old)
    assert new["spec"]["ephemeralContainers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert "nodeName" not in new["spec"] and "labels" not in new["metadata"]


def test_resize_takes_only_resources() -> None:
    old = pod(containers=[res(requests={"cpu": "1"})])
    strategy("Pod").default(old)
    new = copy.deepcopy(old)
    new["spec"]["containers"][0].update(image="other", resources={"requests": {"cpu": "2"}})
    strategy("Pod").prepare_subresource_update("resize", new, old)
    assert new["spec"]["containers"][0]["image"] == "i:1"
    assert new["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "2"}}


@pytest.mark.parametrize(("obj", "text"), [
    (pod(nodeSelector={"beta.kubernetes.io/os": "linux"}),
     'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'),
    (pod(containers=[container(env=[{"name": "A"}, {"name": "A"}])]),
     'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'),
    (pod(containers=[container(resources={"requests": {"memory": "100m"}})]),
     'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer'),
    (pod(terminationGracePeriodSeconds=-1),
     "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"),
])  # fmt: skip
def test_warnings(obj: Json, text: str) -> None:
    assert strategy("Pod").warnings(obj) == [text]


# -- generation and status -----------------------------------------------------------------------------------------


def changed(name: str, group: str, old: Json, **changes: Any) -> int | None:
    old["metadata"]["generation"] = 4
    new = {**copy.deepcopy(old), **changes}
    chosen = strategy(name, group)
    chosen.prepare_update(new, old)
    found: int | None = new["metadata"].get("generation")
    return found


def test_generation() -> None:
    old = workload(replicas=1)
    assert changed("ReplicaSet", "apps", old, spec={**old["spec"], "replicas": 2}) == 5
    assert changed("ReplicaSet", "apps", old, metadata={**old["metadata"], "labels": {"x": "y"}}) == 4
    assert changed("ReplicaSet", "apps", old, status={"replicas": 9}) == 4
    assert changed("Deployment", "apps", old, metadata={**old["metadata"], "annotations": {"x": "y"}}) == 5
    assert changed("PriorityClass", "scheduling.k8s.io", named(value=1), description="x") == 4


@pytest.mark.parametrize(("name", "group", "expected"), [
    ("Pod", "", True), ("Deployment", "apps", True), ("ConfigMap", "", False), ("Lease", "coordination.k8s.io", False),
    ("Service", "", False), ("CustomResourceDefinition", "apiextensions.k8s.io", True),
])  # fmt: skip
def test_who_keeps_a_generation(name: str, group: str, expected: bool) -> None:
    assert strategy(name, group).keeps_generation is expected


@pytest.mark.parametrize(("name", "group", "expected"), [
    ("ReplicaSet", "apps", {"replicas": 0}),
    ("Deployment", "apps", {}),
    ("Service", "", {"loadBalancer": {}}),
    ("PersistentVolumeClaim", "", {"phase": "Pending"}),
    ("Namespace", "", {"phase": "Active"}),
    ("PodDisruptionBudget", "policy",
     {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0}),
])  # fmt: skip
def test_first_status(name: str, group: str, expected: Json) -> None:
    obj = named(spec={}, status={"phase": "Mine", "replicas": 5})
    strategy(name, group).prepare_create(obj)
    assert obj["status"] == expected


def test_deployment_status_write_keeps_labels_but_takes_annotations() -> None:
    old = workload()
    new = copy.deepcopy(old)
    new["metadata"].update(labels={"x": "y"}, annotations={"deployment.kubernetes.io/revision": "2"})
    strategy("Deployment", "apps").prepare_subresource_update("status", new, old)
    assert "labels" not in new["metadata"]
    assert new["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "2"}


def test_nodes_register_with_their_status() -> None:
    node = named(status={"capacity": {"cpu": "2"}})
    strategy("Node").prepare_create(node)
    assert node["status"] == {"capacity": {"cpu": "2"}}


# -- namespaces, secrets, jobs -------------------------------------------------------------------------------------


def test_namespace_is_held_by_its_finalizer() -> None:
    chosen, obj = strategy("Namespace"), named("n")
    chosen.prepare_create(obj)
    assert obj["spec"] == {"finalizers": ["kubernetes"]}
    chosen.begin_delete(obj)
    assert obj["status"]["phase"] == "Terminating" and chosen.pending_finalizers(obj) == ["kubernetes"]
    sneaky = {**copy.deepcopy(obj), "spec": {}}
    chosen.prepare_update(sneaky, obj)
    assert sneaky["spec"] == {"finalizers": ["kubernetes"]}, "only the finalize subresource takes it off"
    done = {**copy.deepcopy(obj), "spec": {}}
    chosen.prepare_subresource_update("finalize", done, obj)
    assert chosen.pending_finalizers(done) == []


def test_string_data_becomes_data() -> None:
    obj = named(stringData={"a": "b"}, data={"c": "eA=="})
    strategy("Secret").default(obj)
    assert obj["data"] == {"a": "Yg==", "c": "eA=="} and "stringData" not in obj


def test_job_selects_by_its_uid() -> None:
    obj = job()
    strategy("Job", "batch").prepare_create(obj)
    labels = obj["spec"]["template"]["metadata"]["labels"]
    assert obj["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}
    assert labels == {
        "job-name": "w",
        "batch.kubernetes.io/job-name": "w",
        "controller-uid": "u",
        "batch.kubernetes.io/controller-uid": "u",
    }
    assert obj["metadata"]["labels"] == labels, "a job without labels of its own has its template's"
    manual = job(manualSelector=True)
    manual["spec"]["selector"] = {"matchLabels": {"x": "y"}}
    strategy("Job", "batch").prepare_create(manual)
    assert manual["spec"]["selector"] == {"matchLabels": {"x": "y"}}


def test_daemon_set_counts_its_templates() -> None:
    chosen, key = strategy("DaemonSet", "apps"), "deprecated.daemonset.template.generation"
    old = workload()
    chosen.prepare_create(old)
    assert old["metadata"]["annotations"] == {key: "1"}
    same = copy.deepcopy(old)
    same["metadata"]["annotations"] = {key: "9"}
    chosen.prepare_update(same, old)
    assert same["metadata"]["annotations"] == {key: "1"}
    changed = copy.deepcopy(old)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "i:2"
    chosen.prepare_update(changed, old)
    assert changed["metadata"]["annotations"] == {key: "2"}


def test_who_orphans_by_default() -> None:
    assert strategy("Job", "batch").default_orphan() and strategy("ReplicationController").default_orphan()
    assert not strategy("Deployment", "apps").default_orphan()
    (warning,) = strategy("Job", "batch").delete_warnings({}, {})
    assert warning.startswith("child pods are preserved by default when jobs are deleted")
    assert strategy("Job", "batch").delete_warnings({}, {"propagationPolicy": "Background"}) == []


def test_certificate_requests_change_only_through_their_doors() -> None:
    chosen = strategy("CertificateSigningRequest", "certificates.k8s.io")
    old = named(spec={"signerName": "a.b/c"}, status={})
    new = named(spec={"signerName": "x.y/z"}, status={"conditions": [{"type": "Approved"}], "certificate": "x"})
    approved = copy.deepcopy(new)
    chosen.prepare_subresource_update("approval", approved, old)
    assert approved["spec"] == old["spec"] and approved["status"] == {"conditions": [{"type": "Approved"}]}
    issued = copy.deepcopy(new)
    chosen.prepare_subresource_update("status", issued, approved)
    assert issued["status"]["certificate"] == "x"
    assert [one["type"] for one in issued["status"]["conditions"]] == ["Approved"]


def test_crd_remembers_stored_versions() -> None:
    chosen = strategy("CustomResourceDefinition", "apiextensions.k8s.io")
    old = named(spec={"versions": [{"name": "v1", "storage": True}]})
    chosen.prepare_create(old)
    new = {**copy.deepcopy(old), "spec": {"versions": [{"name": "v1"}, {"name": "v2", "storage": True}]}}
    chosen.prepare_update(new, old)
    assert new["status"]["storedVersions"] == ["v1", "v2"]


# -- views ---------------------------------------------------------------------------------------------------------


def test_two_views_of_an_event() -> None:
    newer = strategy("Event", "events.k8s.io")
    event = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"name": "p"}, "note": "n", "deprecatedCount": 2,
             "reportingController": "c", "eventTime": "2026-01-01T00:00:00.000000Z"}  # fmt: skip
    stored = newer.to_storage(event)
    assert stored["apiVersion"] == "v1" and stored["involvedObject"] == {"name": "p"}
    assert (stored["message"], stored["count"], stored["reportingComponent"]) == ("n", 2, "c")
    served = newer.from_storage(stored)
    assert served.pop("deprecatedSource") == {}
    assert served == event
    fields = strategy("Event").selectable_fields({**stored, "metadata": {"name": "e"}, "reason": "R"})
    assert (fields["involvedObject.name"], fields["reason"]) == ("p", "R")


def test_two_views_of_an_autoscaler() -> None:
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    }
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
    new = {
        "apiVersion": "autoscaling/v2",
        "metadata": {"name": "h"},
        "spec": {"maxReplicas": 3, "metrics": [cpu, memory], "behavior": {"scaleUp": {"selectPolicy": "Max"}}},
        "status": {"desiredReplicas": 2, "currentReplicas": 2, "conditions": [{"type": "AbleToScale"}]},
    }
    old = v2_to_v1(copy.deepcopy(new))
    assert old["spec"] == {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50}
    assert "autoscaling.alpha.kubernetes.io/metrics" in old["metadata"]["annotations"]
    assert v1_to_v2(old) == new


def test_v1_autoscaler_without_target_means_80_percent() -> None:
    stored = v1_to_v2({"metadata": {"name": "h"}, "spec": {"maxReplicas": 3}})
    assert stored["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80


def test_scale() -> None:
    obj = {**workload(replicas=3), "status": {"replicas": 2}}
    deployment = kind("Deployment", "apps")
    scale = scale_of(deployment, obj)
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 3} and scale["status"] == {"replicas": 2, "selector": "a=b"}
    assert scale["metadata"]["resourceVersion"] == "1"
    apply_scale(deployment, obj, {"spec": {}})
    assert obj["spec"]["replicas"] == 0
