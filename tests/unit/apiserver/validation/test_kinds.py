"""All other kinds: one spoilt field each, and the message for it."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

import base64
from typing import Any

import pytest

from minik8s.apiserver.validation import cron
from minik8s.apiserver.validation.autoscaling import validate_scale
from tests.unit.apiserver.validation.builders import (
    Json,
    container,
    create,
    job,
    named,
    service,
    strategy,
    texts,
    update,
    workload,
)

APPS, BATCH, NET = "apps", "batch", "networking.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io"


def template(**spec: Any) -> Json:
    return {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container()], **spec}}


def crd(**spec: Any) -> Json:
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]
    base = {"group": "x.io", "scope": "Namespaced", "names": {"plural": "foos", "kind": "Foo"}, "versions": versions}
    return named("foos.x.io", spec={**base, **spec})


def webhook(**more: Any) -> Json:
    base = {
        "name": "a.b.c",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": "https://x"},
    }
    return named("w", webhooks=[{**base, **more}])


def claim(**spec: Any) -> Json:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return named("c", "default", spec={**base, **spec})


def volume(**spec: Any) -> Json:
    base = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}}
    return named("v", spec={**base, **spec})


def ingress(*paths: Json, **spec: Any) -> Json:
    return named("i", "default", spec={"rules": [{"http": {"paths": list(paths)}}], **spec})


GOOD_PATH = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 80}}}}
PEM = base64.b64encode(b"-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----").decode()

CASES: list[tuple[str, str, Json, list[str]]] = [
    # services
    ("Service", "", service(), []),
    ("Service", "", {**service(), "metadata": {"name": "1s", "namespace": "default"}}, ["metadata.name: Invalid value: \"1s\": a DNS-1035 label"]),
    ("Service", "", service(ports=[]), ["spec.ports: Required value"]),
    ("Service", "", service(clusterIP="None", ports=[]), []),
    ("Service", "", service(ports=[{"port": 1}, {"port": 2}]), ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
    ("Service", "", service(ports=[{"port": 0}]), [
        "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    ("Service", "", service(ports=[{"port": 1, "nodePort": 30000}]), ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
    ("Service", "", service(ports=[{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]), ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":1}']),
    ("Service", "", service(type="X"), ['spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']),
    ("Service", "", service(type="ExternalName"), ["spec.externalName: Required value"]),
    ("Service", "", service(clusterIP="10.0.0.x"), ['spec.clusterIPs[0]: Invalid value: "10.0.0.x": must be a valid IP address']),
    ("Service", "", service(type="NodePort", clusterIP="None"), ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]),
    ("Service", "", service(externalIPs=["127.0.0.1"]), ["spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)"]),
    ("Service", "", service(externalTrafficPolicy="Local"), ["spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services"]),
    ("Service", "", service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 90000}}), [
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400"]),
    ("Endpoints", "", named("e", "default", subsets=[{}]), ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
    ("Endpoints", "", named("e", "default", subsets=[{"addresses": [{"ip": "169.254.1.1"}]}]), [
        'subsets[0].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)']),
    ("EndpointSlice", "discovery.k8s.io", named("e", "default", addressType="IPv4", endpoints=[{"addresses": []}]), [
        "endpoints[0].addresses: Required value: must contain at least 1 address"]),
    ("EndpointSlice", "discovery.k8s.io", named("e", "default", endpoints=[]), ["addressType: Required value"]),
    # configuration
    ("ConfigMap", "", named("c", "default", data={"": "x"}), ['data[]: Invalid value: "": a valid config key must consist of']),
    ("ConfigMap", "", named("c", "default", data={"a": "x"}, binaryData={"a": "eA=="}), ['data[a]: Invalid value: "a": duplicate of key present in binaryData']),
    ("ConfigMap", "", named("c", "default", data={"a": "x" * (1 << 20) + "y"}), ["[]: Too long: may not be more than 1048576 bytes"]),
    ("Secret", "", named("c", "default", data={"": "eA=="}), ['data[]: Invalid value: "": a valid config key must consist of']),
    ("Secret", "", named("c", "default", type="kubernetes.io/tls"), ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
    ("Secret", "", named("c", "default", type="kubernetes.io/service-account-token"), [
        "metadata.annotations[kubernetes.io/service-account.name]: Required value"]),
    ("Secret", "", named("c", "default", type="kubernetes.io/ssh-auth"), ["data[ssh-privatekey]: Required value"]),
    # core
    ("Namespace", "", named("a.b"), ['metadata.name: Invalid value: "a.b": must not contain dots']),
    ("Namespace", "", named("n", spec={"finalizers": ["x"]}), [
        'spec.finalizers: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified']),
    ("Node", "", named("n", spec={"taints": [{"key": "a", "effect": "X"}]}), [
        'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']),
    ("Node", "", named("n", spec={"taints": [{"key": "a", "effect": "NoExecute"}] * 2}), [
        'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute"}: taints must be unique by key and effect pair']),
    ("ResourceQuota", "", named("q", "default", spec={"hard": {"foo": "1"}}), [
                'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
                'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
            ]),
    ("ResourceQuota", "", named("q", "default", spec={"hard": {"pods": "500m"}}), ['spec.hard[pods]: Invalid value: "500m": must be an integer']),
    ("ResourceQuota", "", named("q", "default", spec={"scopes": ["BestEffort", "NotBestEffort"]}), [
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']),
    ("LimitRange", "", named("l", "default", spec={"limits": [{"type": "Pod", "default": {"cpu": "1"}}]}), [
        "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]),
    ("LimitRange", "", named("l", "default", spec={"limits": [{"type": "Pod", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}), [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1']),
    ("Event", "", named("e", "default", involvedObject={"namespace": "other"}), [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace']),
    # workloads
    ("Deployment", APPS, workload(), []),
    ("Deployment", APPS, workload(replicas=-1), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ("Deployment", APPS, workload(selector={"matchLabels": {"x": "y"}}), [
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`']),
    ("Deployment", APPS, workload(selector={}), ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
    ("Deployment", APPS, workload(strategy={"type": "X"}), ['spec.strategy: Unsupported value: {"type":"X"}: supported values: "Recreate", "RollingUpdate"']),
    ("Deployment", APPS, workload(strategy={"type": "Recreate", "rollingUpdate": {}}), [
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]),
    ("Deployment", APPS, workload(strategy={"rollingUpdate": {"maxUnavailable": 0, "maxSurge": "0%"}}), [
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]),
    ("Deployment", APPS, workload(strategy={"rollingUpdate": {"maxUnavailable": "101%"}}), [
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
    ("Deployment", APPS, workload(progressDeadlineSeconds=5, minReadySeconds=5), [
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds"]),
    ("Deployment", APPS, workload(template=template(restartPolicy="Never")), [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']),
    ("Deployment", APPS, workload(template=template(containers=[])), ["spec.template.spec.containers: Required value"]),
    ("ReplicaSet", APPS, workload(replicas=-1), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ("StatefulSet", APPS, workload(podManagementPolicy="X"), [
        'spec.podManagementPolicy: Invalid value: "X": must be \'OrderedReady\' or \'Parallel\'']),
    ("StatefulSet", APPS, workload(updateStrategy={"type": "OnDelete", "rollingUpdate": {}}), [
        "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'"]),
    ("DaemonSet", APPS, workload(updateStrategy={"rollingUpdate": {"maxUnavailable": 0}}), [
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]),
    ("DaemonSet", APPS, workload(template=template(activeDeadlineSeconds=5)), [
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"]),
    ("ReplicationController", "", {**workload(), "spec": {"selector": {"x": "y"}, "template": template()}}, [
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`']),
    ("ControllerRevision", APPS, named("r", "default"), ["data: Required value: data is mandatory"]),
    ("Job", BATCH, job(), []),
    ("Job", BATCH, job(template=template()), ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
    ("Job", BATCH, job(backoffLimit=-1), ["spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ("Job", BATCH, job(completionMode="Indexed", parallelism=1), ["spec.completions: Required value: when completion mode is Indexed"]),
    ("CronJob", BATCH, named("c" * 53, "default", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}}}), [
        'metadata.name: Invalid value: "' + "c" * 53 + '": must be no more than 52 characters']),
    ("CronJob", BATCH, named("c", "default", spec={"schedule": "x", "jobTemplate": {"spec": {"template": template(restartPolicy="Never")}}}), [
        'spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]']),
    ("PodDisruptionBudget", "policy", named("b", "default", spec={"minAvailable": 1, "maxUnavailable": 1}), [
        'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set']),
    ("PodDisruptionBudget", "policy", named("b", "default", spec={"minAvailable": "1x"}), ['spec.minAvailable: Invalid value: "1x": a valid percent string']),
    # networking
    ("Ingress", NET, ingress(GOOD_PATH), []),
    ("Ingress", NET, named("i", "default", spec={}), ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"]),
    ("Ingress", NET, ingress({**GOOD_PATH, "pathType": None}), ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]),
    ("Ingress", NET, ingress({**GOOD_PATH, "path": "a"}), ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path']),
    ("Ingress", NET, ingress({**GOOD_PATH, "path": "/a//b"}), ["spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"]),
    ("Ingress", NET, ingress({**GOOD_PATH, "backend": {}}), ['spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required']),
    ("Ingress", NET, ingress({**GOOD_PATH, "backend": {"service": {"name": "s", "port": {}}}}), [
        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required"]),
    ("NetworkPolicy", NET, named("n", "default", spec={"podSelector": {}, "ingress": [{"from": [{}]}]}), ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
    ("NetworkPolicy", NET, named("n", "default", spec={"podSelector": {}, "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/8"]}}]}]}), [
        'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`']),
    ("IngressClass", NET, named("n", spec={"controller": "x"}), ['spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")']),
    # storage
    ("PersistentVolumeClaim", "", claim(), []),
    ("PersistentVolumeClaim", "", claim(accessModes=[]), ["spec.accessModes: Required value: at least 1 access mode is required"]),
    ("PersistentVolumeClaim", "", claim(resources={}), ["spec.resources[storage]: Required value"]),
    ("PersistentVolumeClaim", "", claim(resources={"requests": {"storage": "0"}}), ['spec.resources[storage]: Invalid value: "0": must be greater than zero']),
    ("PersistentVolume", "", volume(), []),
    ("PersistentVolume", "", volume(hostPath=None), ["spec: Required value: must specify a volume type"]),
    ("PersistentVolume", "", volume(hostPath=None, local={"path": "/x"}), ["spec.nodeAffinity: Required value: Local volume requires node affinity"]),
    ("StorageClass", "storage.k8s.io", named("s"), ["provisioner: Required value"]),
    # policy
    ("PriorityClass", "scheduling.k8s.io", named("p", value=1_000_000_001), [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    ("PriorityClass", "scheduling.k8s.io", named("system-x", value=1), [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class"]),
    ("RuntimeClass", "node.k8s.io", named("r", handler="A"), ['handler: Invalid value: "A": a lowercase RFC 1123 label']),
    ("Lease", "coordination.k8s.io", named("l", "default", spec={"leaseDurationSeconds": 0}), [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]),
    # rbac
    ("Role", RBAC, named("a:b", "default", rules=[{"verbs": [], "apiGroups": [""], "resources": ["pods"]}]), [
        "rules[0].verbs: Required value: verbs must contain at least one value"]),
    ("Role", RBAC, named("r", "default", rules=[{"verbs": ["get"], "nonResourceURLs": ["/x"]}]), [
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs']),
    ("ClusterRoleBinding", RBAC, named("r", roleRef={"kind": "Role", "name": "x"}), ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"']),
    ("RoleBinding", RBAC, named("r", "default", roleRef={"kind": "Role", "name": "x"}, subjects=[{"kind": "X", "name": "y"}]), [
        'subjects[0].kind: Unsupported value: "X": supported values: "ServiceAccount", "User", "Group"']),
    # extensions
    ("CertificateSigningRequest", "certificates.k8s.io", named("c", spec={"request": PEM, "signerName": "a.b/c", "usages": ["client auth"]}), []),
    ("CertificateSigningRequest", "certificates.k8s.io", named("c", spec={"request": PEM, "signerName": "x", "usages": ["any"]}), [
        "spec.signerName: Invalid value: \"x\": must be a fully qualified domain and path of the form 'example.com/signer-name'"]),
    ("CustomResourceDefinition", "apiextensions.k8s.io", crd(), []),
    ("CustomResourceDefinition", "apiextensions.k8s.io", {**crd(), "metadata": {"name": "x"}}, ['metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group']),
    ("CustomResourceDefinition", "apiextensions.k8s.io", crd(versions=[{"name": "v1", "storage": True}]), [
        "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"]),
    ("CustomResourceDefinition", "apiextensions.k8s.io", crd(versions=[]), ["spec.versions: Invalid value: []: must have exactly one version marked as storage version", "status.storedVersions: Invalid value: []: must have at least one stored version"]),
    ("ValidatingWebhookConfiguration", ADMISSION, webhook(), []),
    ("ValidatingWebhookConfiguration", ADMISSION, webhook(name="a"), ['webhooks[0].name: Invalid value: "a": should be a domain with at least three segments separated by dots']),
    ("ValidatingWebhookConfiguration", ADMISSION, webhook(sideEffects=None), ["webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"]),
    ("MutatingWebhookConfiguration", ADMISSION, webhook(timeoutSeconds=31), ["webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds"]),
    ("APIService", "apiregistration.k8s.io", named("v1.x", spec={"group": "x", "version": "v1", "groupPriorityMinimum": 0, "versionPriority": 1}), [
        "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "group", "obj", "expected"), CASES, ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)]
)
def test_create(name: str, group: str, obj: Json, expected: list[str]) -> None:
    found = create(strategy(name, group), obj)
    assert len(found) == len(expected), found
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(start)


@pytest.mark.parametrize(
    ("name", "group", "old", "new", "expected"),
    [
        ("Service", "", service(clusterIP="10.0.0.1"), service(clusterIP="10.0.0.2"),
         'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'),
        ("ConfigMap", "", named("c", "d", immutable=True, data={"a": "1"}), named("c", "d", immutable=True, data={"a": "2"}),
         "data: Forbidden: field is immutable when `immutable` is set"),
        ("ConfigMap", "", named("c", "d", immutable=True), named("c", "d"),
         "immutable: Forbidden: field is immutable when `immutable` is set"),
        ("Secret", "", named("c", "d", type="a"), named("c", "d", type="b"), 'type: Invalid value: "b": field is immutable'),
        ("Deployment", APPS, workload(),
         workload(selector={"matchLabels": {"x": "y"}}, template={**template(), "metadata": {"labels": {"x": "y"}}}),
         'spec.selector: Invalid value: {"matchLabels":{"x":"y"}}: field is immutable'),
        ("StatefulSet", APPS, workload(serviceName="a"), workload(serviceName="b"),
         "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
         "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"),
        ("PersistentVolumeClaim", "", claim(), claim(accessModes=["ReadOnlyMany"]),
         "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"),
        ("StorageClass", "storage.k8s.io", named("s", provisioner="a"), named("s", provisioner="b"),
         "provisioner: Forbidden: updates to provisioner are forbidden."),
        ("PriorityClass", "scheduling.k8s.io", named("p", value=1), named("p", value=2),
         "value: Forbidden: may not be changed in an update."),
        ("ClusterRoleBinding", RBAC, named("r", roleRef={"kind": "ClusterRole", "name": "x"}),
         named("r", roleRef={"kind": "ClusterRole", "name": "y"}),
         'roleRef: Invalid value: {"kind":"ClusterRole","name":"y","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef'),
        ("CustomResourceDefinition", "apiextensions.k8s.io", crd(), crd(group="y.io"), 'spec.group: Invalid value: "y.io": field is immutable'),
        ("EndpointSlice", "discovery.k8s.io", named("e", "d", addressType="IPv4"), named("e", "d", addressType="IPv6"),
         'addressType: Invalid value: "IPv6": field is immutable'),
    ],
)  # fmt: skip
def test_update(name: str, group: str, old: Json, new: Json, expected: str) -> None:
    found = update(strategy(name, group), old, new)
    assert any(text.startswith(expected) for text in found), found


def test_job_template_is_fixed_once_made() -> None:
    found = update(
        strategy("Job", BATCH),
        job(manualSelector=True),
        job(manualSelector=True, template=template(restartPolicy="OnFailure")),
    )
    assert any(
        text.startswith("spec.template: Invalid value") and text.endswith("field is immutable") for text in found
    )


def test_node_spec_is_given_once() -> None:
    node = strategy("Node")
    assert update(node, named("n", spec={"podCIDR": "10.0.0.0/24"}), named("n", spec={"podCIDR": "10.0.1.0/24"})) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    ]
    assert update(node, named("n"), named("n", spec={"externalID": "x"})) == [
        "[]: Forbidden: node updates may only change labels, taints, or capacity"
    ]
    assert update(node, named("n"), named("n", spec={"podCIDRs": ["10.0.1.0/24"], "unschedulable": True})) == []


def test_negative_scale() -> None:
    scale = named("s", "default", spec={"replicas": -1})
    assert texts(validate_scale(scale)) == ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/5 0-23/2 1,15 jan-mar MON-fri", ""),
        ("@hourly", ""),
        ("@every 1h30m", ""),
        ("@never", "unrecognized descriptor: @never"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("a * * * *", 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("", "empty spec string"),
    ],
)
def test_cron(schedule: str, expected: str) -> None:
    assert cron.problem(schedule) == expected
