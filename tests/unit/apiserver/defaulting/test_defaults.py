"""Defaults per kind, against what upstream's defaults.go fill in."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

import copy
from typing import Any

import pytest

from minik8s.api.scheme import SCHEME
from minik8s.api.status import BadRequest
from minik8s.apiserver.defaulting import defaulter_for
from minik8s.apiserver.defaulting.pod import image_tag
from minik8s.apiserver.defaulting.quantities import canonical, canonical_milli

Json = dict[str, Any]


def kind(name: str, group: str = "", version: str = "v1") -> Any:
    found = SCHEME.by_kind(group, version, name)
    assert found is not None
    return found


def defaulted(obj: Json, name: str, group: str = "", version: str = "v1") -> Json:
    default = defaulter_for(kind(name, group, version))
    assert default is not None
    default(obj)
    again = copy.deepcopy(obj)
    default(again)
    assert again == obj, "defaulting is idempotent"
    return obj


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("nginx", "latest"),
        ("nginx:1.2", "1.2"),
        ("localhost:5000/nginx", "latest"),
        ("localhost:5000/a/nginx:x", "x"),
        ("nginx@sha256:abc", ""),
        ("nginx:latest@sha256:abc", "latest"),
    ],
)
def test_image_tag(image: str, tag: str) -> None:
    assert image_tag(image) == tag


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1", "1"), ("0", "0"), ("100", "100"), ("1.5Gi", "1536Mi"),
     ("1000", "1k"), ("1e3", "1e3"), ("+5", "5"), ("007", "7")],
)  # fmt: skip
def test_canonical_quantities(given: str, expected: str) -> None:
    assert canonical(given) == expected


def test_resource_lists_round_up_to_milli() -> None:
    assert canonical_milli("100u") == "1m"
    assert canonical_milli("1m") == "1m"


def test_bad_quantity_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="quantities must match the regular expression"):
        canonical("1.2.3")


def test_pod_defaults() -> None:
    pod = defaulted(
        {
            "metadata": {"name": "a"},
            "spec": {
                "hostNetwork": True,
                "serviceAccountName": "robot",
                "containers": [
                    {
                        "name": "c",
                        "image": "nginx",
                        "ports": [{"containerPort": 80}],
                        "env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                        "resources": {"limits": {"cpu": "1000m", "memory": 64}, "requests": {"cpu": "0.5"}},
                        "livenessProbe": {"httpGet": {"port": 80}, "failureThreshold": 7},
                    }
                ],
                "volumes": [
                    {"name": "e"},
                    {"name": "s", "secret": {"secretName": "x"}},
                    {"name": "h", "hostPath": {"path": "/"}},
                ],
            },
        },
        "Pod",
    )
    spec = pod["spec"]
    container = spec["containers"][0]
    assert container["imagePullPolicy"] == "Always"
    assert (container["terminationMessagePath"], container["terminationMessagePolicy"]) == (
        "/dev/termination-log",
        "File",
    )
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}]
    assert container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert container["resources"] == {
        "limits": {"cpu": "1", "memory": "64"},
        "requests": {"cpu": "500m", "memory": "64"},
    }
    assert container["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 7,
    }
    assert spec["volumes"][0]["emptyDir"] == {}
    assert spec["volumes"][1]["secret"]["defaultMode"] == 420
    assert spec["volumes"][2]["hostPath"]["type"] == ""
    assert spec["serviceAccount"] == "robot"
    for key, value in {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
    }.items():
        assert spec[key] == value


def test_templates_keep_what_only_pods_get() -> None:
    deployment = defaulted(
        {"metadata": {"name": "a"}, "spec": {"template": {"spec": {
            "hostNetwork": True,
            "containers": [{"name": "c", "image": "i:1", "ports": [{"containerPort": 80}],
                            "resources": {"limits": {"cpu": "1"}}}],
        }}}},
        "Deployment", "apps",
    )  # fmt: skip
    pod = deployment["spec"]["template"]["spec"]
    assert "enableServiceLinks" not in pod
    assert "requests" not in pod["containers"][0]["resources"]
    assert "hostPort" not in pod["containers"][0]["ports"][0]
    assert deployment["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert deployment["spec"]["progressDeadlineSeconds"] == 600


def test_service_defaults_follow_its_type() -> None:
    plain = defaulted({"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}, "Service")["spec"]
    assert plain["type"] == "ClusterIP"
    assert plain["sessionAffinity"] == "None"
    assert plain["internalTrafficPolicy"] == "Cluster"
    assert plain["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert "externalTrafficPolicy" not in plain
    balanced = defaulted({"spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP", "ports": []}}, "Service")[
        "spec"
    ]
    assert balanced["externalTrafficPolicy"] == "Cluster"
    assert balanced["allocateLoadBalancerNodePorts"] is True
    assert balanced["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    outside = defaulted({"spec": {"type": "ExternalName", "externalName": "x.y"}}, "Service")["spec"]
    assert "internalTrafficPolicy" not in outside


@pytest.mark.parametrize(
    ("name", "group", "given", "path", "expected"),
    [
        ("ReplicaSet", "apps", {}, ("spec", "replicas"), 1),
        ("StatefulSet", "apps", {}, ("spec", "updateStrategy"), {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        ("StatefulSet", "apps", {}, ("spec", "podManagementPolicy"), "OrderedReady"),
        ("DaemonSet", "apps", {}, ("spec", "updateStrategy"),
         {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}),
        ("Job", "batch", {}, ("spec", "completions"), 1),
        ("Job", "batch", {"spec": {"parallelism": 3}}, ("spec",), None),
        ("Job", "batch", {}, ("spec", "completionMode"), "NonIndexed"),
        ("Job", "batch", {}, ("spec", "podReplacementPolicy"), "TerminatingOrFailed"),
        ("CronJob", "batch", {}, ("spec", "concurrencyPolicy"), "Allow"),
        ("Namespace", "", {"metadata": {"name": "n"}}, ("metadata", "labels"), {"kubernetes.io/metadata.name": "n"}),
        ("Secret", "", {}, ("type",), "Opaque"),
        ("PersistentVolume", "", {}, ("spec", "persistentVolumeReclaimPolicy"), "Retain"),
        ("PersistentVolumeClaim", "", {}, ("spec", "volumeMode"), "Filesystem"),
        ("StorageClass", "storage.k8s.io", {}, ("volumeBindingMode",), "Immediate"),
        ("PriorityClass", "scheduling.k8s.io", {}, ("preemptionPolicy",), "PreemptLowerPriority"),
        ("NetworkPolicy", "networking.k8s.io", {"spec": {"egress": [{}]}}, ("spec", "policyTypes"), ["Ingress", "Egress"]),
        ("RoleBinding", "rbac.authorization.k8s.io", {}, ("roleRef", "apiGroup"), "rbac.authorization.k8s.io"),
        ("CustomResourceDefinition", "apiextensions.k8s.io", {"spec": {"names": {"kind": "Foo"}}},
         ("spec", "names"), {"kind": "Foo", "singular": "foo", "listKind": "FooList"}),
        ("ValidatingWebhookConfiguration", "admissionregistration.k8s.io", {"webhooks": [{}]}, ("webhooks",),
         [{"failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
           "timeoutSeconds": 10}]),
    ],
)  # fmt: skip
def test_defaults(name: str, group: str, given: Json, path: tuple[str, ...], expected: Any) -> None:
    found: Any = defaulted(copy.deepcopy(given), name, group)
    for key in path:
        found = found[key]
    if expected is not None:
        assert found == expected
    else:
        assert "completions" not in found, "a job with only parallelism is a work queue"


def test_replication_controller_takes_selector_and_labels_from_its_template() -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}}
    obj = defaulted({"metadata": {"name": "x"}, "spec": {"template": template}}, "ReplicationController")
    assert obj["spec"]["selector"] == obj["metadata"]["labels"] == {"a": "b"}


def test_limit_range_fills_from_max_to_default_to_request() -> None:
    item = {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}
    obj = defaulted({"spec": {"limits": [item]}}, "LimitRange")
    assert obj["spec"]["limits"][0]["default"] == {"cpu": "2"}
    assert obj["spec"]["limits"][0]["defaultRequest"] == {"cpu": "2", "memory": "1Mi"}


def test_hpa_behaviour_is_completed_only_when_given() -> None:
    group = "autoscaling"
    assert "behavior" not in defaulted({"spec": {"maxReplicas": 2}}, "HorizontalPodAutoscaler", group, "v2")["spec"]
    given = {"spec": {"maxReplicas": 2, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 5}}}}
    behavior = defaulted(given, "HorizontalPodAutoscaler", group, "v2")["spec"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 5
    assert behavior["scaleUp"]["policies"][0] == {"type": "Pods", "value": 4, "periodSeconds": 15}
