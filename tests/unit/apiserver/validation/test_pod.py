"""Pods: every message, from one spoilt pod each."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.apiserver.validation.builders import Json, container, create, pod, strategy, texts, update

POD = strategy("Pod")


def with_container(**more: Any) -> Json:
    return pod(containers=[container(**more)])


C = "spec.containers[0]"


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (pod(), []),
        (pod({"name": ""}), ["metadata.name: Required value: name or generateName is required"]),
        (pod({"namespace": ""}), ["metadata.namespace: Required value"]),
        (pod({"labels": {"a": "b" * 64}}), ['metadata.labels: Invalid value: "' + "b" * 64 + '": must be no more than 63 bytes']),
        (pod({"annotations": {"a": "x" * (256 * 1024)}}), ["metadata.annotations: Too long: may not be more than 262144 bytes"]),
        (pod({"finalizers": ["orphan", "foregroundDeletion"]}), [
            'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set']),
        (pod({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": ""}]}), [
            'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty']),
        (pod(containers=[]), ["spec.containers: Required value"]),
        (with_container(name=""), [f"{C}.name: Required value"]),
        (with_container(image=""), [f"{C}.image: Required value"]),
        (with_container(image=" a"), [f'{C}.image: Invalid value: " a": must not have leading or trailing whitespace']),
        (pod(containers=[container(), container()]), ['spec.containers[1].name: Duplicate value: "c"']),
        (with_container(ports=[{"containerPort": 0}]), [f"{C}.ports[0].containerPort: Required value"]),
        (with_container(ports=[{"containerPort": 70000}]), [
            f"{C}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"]),
        (with_container(ports=[{"containerPort": 1, "protocol": "X"}]), [
            f'{C}.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"']),
        (with_container(ports=[{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]), [
            f'{C}.ports[1].name: Duplicate value: "a"']),
        (with_container(ports=[{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]), [
            f'{C}.ports[1].hostPort: Duplicate value: "TCP//9"']),
        (with_container(env=[{"value": "x"}]), [f"{C}.env[0].name: Required value"]),
        (with_container(env=[{"name": "A", "valueFrom": {}}]), [
            f'{C}.env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`']),
        (with_container(env=[{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]), [
            f'{C}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty']),
        (with_container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.foo"}}}]), [
            f'{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.foo": error converting fieldPath: field label not supported: metadata.foo']),
        (with_container(env=[{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "5"}}}]), [
            f"{C}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource"]),
        (with_container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]), [
            f"{C}.env[0].valueFrom.secretKeyRef.key: Required value"]),
        (with_container(envFrom=[{}]), [f'{C}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']),
        (with_container(volumeMounts=[{"name": "v", "mountPath": "/a"}]), [f'{C}.volumeMounts[0].name: Not found: "v"']),
        (pod(volumes=[{"name": "v"}], containers=[container(volumeMounts=[{"name": "v", "mountPath": "/a"}] * 2)]), [
            f'{C}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique']),
        (pod(volumes=[{"name": "v"}], containers=[container(volumeMounts=[{"name": "v", "mountPath": "/a", "subPath": "/b"}])]), [
            f'{C}.volumeMounts.subPath: Invalid value: "/b": must be a relative path']),
        (pod(volumes=[{"name": "v"}, {"name": "v"}]), ['spec.volumes[1].name: Duplicate value: "v"']),
        (pod(volumes=[{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]), [
            "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"]),
        (pod(volumes=[{"name": "v", "secret": {}}]), ["spec.volumes[0].secret.secretName: Required value"]),
        (pod(volumes=[{"name": "v", "hostPath": {"path": "/a/.."}}]), [
            "spec.volumes[0].hostPath.path: Invalid value: \"/a/..\": must not contain '..'"]),
        (pod(volumes=[{"name": "v", "configMap": {"name": "c", "defaultMode": 512}}]), [
            "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"]),
        (pod(volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 5}}]}}],
             serviceAccountName="a"), [
            "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes"]),
        (pod(volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]), [
            "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set"]),
        (with_container(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}), [
            f'{C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1']),
        (with_container(resources={"requests": {"nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "2"}}), [
            f'{C}.resources.requests: Invalid value: "1": must be equal to nvidia.com/gpu limit of 2']),
        (with_container(resources={"requests": {"nvidia.com/gpu": "1"}}), [
            f"{C}.resources.limits: Required value: Limit must be set for non overcommitable resources"]),
        (with_container(resources={"limits": {"nvidia.com/gpu": "500m"}}), [
            f'{C}.resources.limits[nvidia.com/gpu]: Invalid value: "500m": must be an integer',
            f'{C}.resources.requests[nvidia.com/gpu]: Invalid value: "500m": must be an integer']),
        (with_container(resources={"requests": {"gpu": "1"}}), [
            f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified', f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers']),
        (with_container(resources={"requests": {"cpu": "-1"}}), [
            f'{C}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
        (with_container(livenessProbe={}), [f"{C}.livenessProbe: Required value: must specify a handler type"]),
        (with_container(livenessProbe={"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}), [
            f"{C}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"]),
        (with_container(livenessProbe={"exec": {"command": ["a"]}, "successThreshold": 2}), [
            f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
        (with_container(readinessProbe={"exec": {}, "periodSeconds": -1}), [
            f"{C}.readinessProbe.exec.command: Required value",
            f"{C}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"]),
        (with_container(readinessProbe={"httpGet": {"port": "a_b"}}), [
            f'{C}.readinessProbe.httpGet.port: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
        (with_container(imagePullPolicy="X"), [
            f'{C}.imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"']),
        (with_container(terminationMessagePolicy="X"), [
            f"{C}.terminationMessagePolicy: Invalid value: \"X\": must be 'File' or 'FallbackToLogsOnError'"]),
        (with_container(securityContext={"runAsUser": -1}), [
            f"{C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
        (with_container(restartPolicy="Always"), [f"{C}.restartPolicy: Forbidden: may not be set for non-init containers"]),
        (pod(initContainers=[container(name="i", readinessProbe={"exec": {"command": ["a"]}})]), [
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"]),
        (pod(initContainers=[container(name="i", restartPolicy="Always", readinessProbe={"exec": {"command": ["a"]}})]), []),
        (pod(initContainers=[container()]), ['spec.initContainers[0].name: Duplicate value: "c"']),
        (pod(ephemeralContainers=[container(name="e")]), ["spec.ephemeralContainers: Forbidden: cannot be set on create"]),
        (pod(restartPolicy="X"), ['spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"']),
        (pod(dnsPolicy="None"), ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
        (pod(dnsConfig={"nameservers": ["1.1.1.1"] * 4}), [
            'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]: must not have more than 3 nameservers']),
        (pod(activeDeadlineSeconds=0), ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]),
        (pod(tolerations=[{"operator": "Equal"}]), [
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"']),
        (pod(tolerations=[{"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 3}]), [
            "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"]),
        (pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}), [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term"]),
        (pod(affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {}, "topologyKey": "a b"}]}}), None),
        (pod(topologySpreadConstraints=[{"maxSkew": 0, "topologyKey": "z", "whenUnsatisfiable": "X"}]), [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "X": supported values: "DoNotSchedule", "ScheduleAnyway"']),
        (pod(hostNetwork=True, containers=[container(ports=[{"containerPort": 80, "hostPort": 81}])]), [
            f"{C}.ports[0].containerPort: Invalid value: 80: must match `hostPort` when `hostNetwork` is true"]),
        (pod(securityContext={"sysctls": [{"name": "foo-"}]}), [
            r'spec.securityContext.sysctls[0].name: Invalid value: "foo-": must have at most 253 characters and match regex '
            r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"]),
        (pod(preemptionPolicy="X"), [
            'spec.preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"']),
    ],
)  # fmt: skip
def test_create(obj: Json, expected: list[str] | None) -> None:
    found = create(POD, obj)
    if expected is None:
        assert found and "topologyKey" in found[0]
    else:
        assert found == expected


FORBIDDEN = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (with_container(image="i:2"), ""),
        (pod({"labels": {"new": "label"}}), ""),
        (pod(tolerations=[{"key": "a", "operator": "Exists"}]), ""),
        (pod(activeDeadlineSeconds=5), ""),
        (with_container(command=["x"]), FORBIDDEN),
        (pod(nodeName="other"), FORBIDDEN),
        (
            pod(containers=[container(), container(name="d")]),
            "spec.containers: Forbidden: pod updates may not add or remove containers",
        ),
        (pod({"uid": "other"}), 'metadata.uid: Invalid value: "other": field is immutable'),
        (pod({"resourceVersion": ""}), 'metadata.resourceVersion: Invalid value: "": must be specified for an update'),
    ],
)
def test_update(new: Json, expected: str) -> None:
    found = update(POD, pod(), new)
    assert found[0].startswith(expected) if found else not expected, found


def test_update_names_what_changed() -> None:
    assert '  containers[0].command: unset -> ["x"]' in update(POD, pod(), with_container(command=["x"]))[0]


def test_deadline_only_shrinks() -> None:
    path = "spec.activeDeadlineSeconds: Invalid value"
    assert update(POD, pod(activeDeadlineSeconds=5), pod(activeDeadlineSeconds=6)) == [
        f"{path}: 6: must be less than or equal to previous value"
    ]
    assert f"{path}: null: must not update from a positive integer to nil value" in update(
        POD, pod(activeDeadlineSeconds=5), pod()
    )


def test_existing_tolerations_stay() -> None:
    old = pod(tolerations=[{"key": "a", "operator": "Exists"}])
    assert update(POD, old, pod()) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_no_new_finalizers_while_deleted() -> None:
    old = pod({"deletionTimestamp": "2026-01-01T00:00:00Z"})
    new = pod({"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]})
    assert update(POD, old, new) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"a/b"}'
    ]


def test_status_update_keeps_ended_containers_ended() -> None:
    old = {
        **pod(restartPolicy="Never"),
        "status": {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 1}}}]},
    }
    new = {**pod(restartPolicy="Never"), "status": {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}}
    assert texts(POD.validate_status_update(new, old)) == [
        "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    ]


def test_ephemeral_containers_are_only_added() -> None:
    debugger = container(name="debug")
    old, new = pod(ephemeralContainers=[debugger]), pod()
    for obj in (old, new):
        POD.default(obj)
    assert texts(POD.validate_subresource_update("ephemeralcontainers", new, old)) == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n'
    ]
    bad = pod(ephemeralContainers=[{**debugger, "ports": [{"containerPort": 1}]}])
    POD.default(bad)
    assert texts(POD.validate_subresource_update("ephemeralcontainers", bad, pod())) == [
        "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container"
    ]
