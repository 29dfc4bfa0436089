"""Table rows: column counts of every kind, and the cells that need thought."""

# ruff: noqa: E501 - tables read best with a case per line, and messages whole

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api.scheme import SCHEME, Column, Kind
from minik8s.api.times import format_time
from minik8s.apiserver.printers import table_row
from minik8s.apiserver.printers.generic import look_up
from minik8s.apiserver.printers.text import human_duration

Json = dict[str, Any]

NOW = 1_800_000_000.0


def ago(seconds: float) -> str:
    return format_time(NOW - seconds)


def row(kind: str, obj: Json, group: str = "", version: str = "v1") -> list[Any]:
    found = SCHEME.by_kind(group, version, kind)
    assert found is not None
    obj.setdefault("metadata", {}).setdefault("name", "x")
    obj["metadata"].setdefault("creationTimestamp", ago(300))
    return table_row(found, obj, NOW)


@pytest.mark.parametrize(
    "kind", [one for one in SCHEME if one.columns], ids=lambda one: f"{one.group_kind}-{one.version}"
)
def test_one_cell_per_column(kind: Kind) -> None:
    cells = table_row(kind, {"metadata": {"name": "x", "creationTimestamp": ago(1)}}, NOW)
    assert len(cells) == len(kind.columns)
    assert cells[[column.name for column in kind.columns].index("Name")] == "x" or kind.kind == "Event"


@pytest.mark.parametrize(("seconds", "expected"), [
    (-5, "<invalid>"), (-0.5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"), (600, "10m"),
    (10799, "179m"), (10800, "3h"), (10860, "3h1m"), (28800, "8h"), (172799, "47h"), (172800, "2d"), (180000, "2d2h"),
    (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"), (740 * 86400, "2y10d"), (3000 * 86400, "8y"),
])  # fmt: skip
def test_human_duration(seconds: float, expected: str) -> None:
    assert human_duration(seconds) == expected


def waiting(reason: str, **more: Any) -> Json:
    return {"name": "c", "state": {"waiting": {"reason": reason}}, **more}


def terminated(code: int = 0, **more: Any) -> Json:
    return {"name": "c", "state": {"terminated": {"exitCode": code, **more}}}


RUNNING = {"name": "c", "ready": True, "state": {"running": {}}}


@pytest.mark.parametrize(("status", "meta", "expected"), [
    ({"phase": "Pending"}, {}, ("0/1", "Pending", "0")),
    ({"phase": "Running", "containerStatuses": [RUNNING]}, {}, ("1/1", "Running", "0")),
    ({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff", restartCount=3, lastState={
        "terminated": {"finishedAt": ago(5)}})]}, {}, ("0/1", "CrashLoopBackOff", "3 (5s ago)")),
    ({"phase": "Succeeded", "containerStatuses": [terminated(reason="Completed")]}, {}, ("0/1", "Completed", "0")),
    ({"phase": "Failed", "containerStatuses": [terminated(3)]}, {}, ("0/1", "ExitCode:3", "0")),
    ({"phase": "Failed", "containerStatuses": [terminated(137, signal=9)]}, {}, ("0/1", "Signal:9", "0")),
    ({"phase": "Failed", "reason": "Evicted"}, {}, ("0/1", "Evicted", "0")),
    ({"phase": "Running", "containerStatuses": [RUNNING]}, {"deletionTimestamp": ago(1)}, ("1/1", "Terminating", "0")),
    ({"phase": "Succeeded", "containerStatuses": [terminated(reason="Completed")]}, {"deletionTimestamp": ago(1)},
     ("0/1", "Completed", "0")),
    ({"phase": "Running", "reason": "NodeLost"}, {"deletionTimestamp": ago(1)}, ("0/1", "Unknown", "0")),
    ({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}, {},
     ("0/1", "SchedulingGated", "0")),
])  # fmt: skip
def test_pod_status(status: Json, meta: Json, expected: tuple[str, str, str]) -> None:
    cells = row("Pod", {"metadata": dict(meta), "spec": {"containers": [{}]}, "status": status})
    assert tuple(cells[1:4]) == expected


@pytest.mark.parametrize(("entry", "expected"), [
    ({"name": "i", "state": {"running": {}}}, "Init:0/2"),
    ({"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}, "Init:0/2"),
    ({"name": "i", "state": {"waiting": {"reason": "ImagePullBackOff"}}}, "Init:ImagePullBackOff"),
    ({"name": "i", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}, "Init:Error"),
    ({"name": "i", "state": {"terminated": {"exitCode": 2}}}, "Init:ExitCode:2"),
    ({"name": "i", "state": {"terminated": {"exitCode": 0}}}, "PodInitializing"),
])  # fmt: skip
def test_init_containers(entry: Json, expected: str) -> None:
    spec = {"containers": [{}], "initContainers": [{"name": "i"}, {"name": "j"}]}
    status = {"phase": "Pending", "initContainerStatuses": [entry], "containerStatuses": [waiting("PodInitializing")]}
    assert row("Pod", {"spec": spec, "status": status})[2] == expected


def test_sidecars_count() -> None:
    spec = {"containers": [{}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]}
    sidecar = {"name": "s", "started": True, "ready": True, "restartCount": 1, "state": {"running": {}}}
    status = {"phase": "Running", "initContainerStatuses": [sidecar], "containerStatuses": [RUNNING]}
    assert row("Pod", {"spec": spec, "status": status})[1:4] == ["2/2", "Running", "1"]


def test_pod_wide_cells() -> None:
    spec = {"containers": [{}], "nodeName": "n", "readinessGates": [{"conditionType": "a"}]}
    status = {"podIPs": [{"ip": "1.1.1.1"}], "conditions": [{"type": "a", "status": "True"}]}
    assert row("Pod", {"spec": spec, "status": status})[4:] == ["5m", "1.1.1.1", "n", "<none>", "1/1"]
    assert row("Pod", {})[5:] == ["<none>", "<none>", "<none>", "<none>"]


@pytest.mark.parametrize(("spec", "status", "expected"), [
    ({"type": "ClusterIP", "clusterIP": "10.0.0.1", "ports": [{"port": 80, "protocol": "TCP"}]}, {},
     ["ClusterIP", "10.0.0.1", "<none>", "80/TCP"]),
    ({"type": "NodePort", "clusterIP": "10.0.0.1", "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30000}]}, {},
     ["NodePort", "10.0.0.1", "<none>", "80:30000/TCP"]),
    ({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}, {}, ["LoadBalancer", "10.0.0.1", "<pending>", "<none>"]),
    ({"type": "LoadBalancer", "clusterIP": "i"}, {"loadBalancer": {"ingress": [{"ip": "2"}, {"hostname": "1"}]}},
     ["LoadBalancer", "i", "1,2", "<none>"]),
    ({"type": "ExternalName", "externalName": "x.y"}, {}, ["ExternalName", "<none>", "x.y", "<none>"]),
])  # fmt: skip
def test_services(spec: Json, status: Json, expected: list[str]) -> None:
    assert row("Service", {"spec": spec, "status": status})[1:5] == expected


def test_nodes() -> None:
    labels = {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "edge"}
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "nodeInfo": {"kubeletVersion": "v1", "osImage": "Debian"},
        "addresses": [{"type": "InternalIP", "address": "1.1.1.1"}],
    }
    cells = row("Node", {"metadata": {"labels": labels}, "spec": {"unschedulable": True}, "status": status})
    assert cells[1:] == [
        "Ready,SchedulingDisabled",
        "edge,worker",
        "5m",
        "v1",
        "1.1.1.1",
        "<none>",
        "Debian",
        "<unknown>",
        "<unknown>",
    ]
    assert row("Node", {})[1:3] == ["Unknown", "<none>"]


@pytest.mark.parametrize(("kind", "group", "obj", "expected"), [
    ("Deployment", "apps", {"spec": {"replicas": 3, "selector": {"matchLabels": {"a": "b"}}},
                            "status": {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}},
     ["x", "1/3", 2, 1, "5m", "", "", "a=b"]),
    ("ReplicationController", "", {"spec": {"replicas": 3, "selector": {"a": "b"}}}, ["x", 3, 0, 0, "5m", "", "", "a=b"]),
    ("DaemonSet", "apps", {"status": {"desiredNumberScheduled": 2}}, ["x", 2, 0, 0, 0, 0, "<none>", "5m", "", "", "<none>"]),
    ("StatefulSet", "apps", {"spec": {"replicas": 2}}, ["x", "0/2", "5m", "", ""]),
    ("Job", "batch", {"spec": {"completions": 1}, "status": {"startTime": ago(60), "completionTime": ago(50), "succeeded": 1,
                                                          "conditions": [{"type": "Complete", "status": "True"}]}},
     ["x", "Complete", "1/1", "10s", "5m", "", "", "<none>"]),
    ("Job", "batch", {"spec": {"parallelism": 3}}, ["x", "Running", "0/1 of 3", "", "5m", "", "", "<none>"]),
    ("CronJob", "batch", {"spec": {"schedule": "@daily", "suspend": False}},
     ["x", "@daily", "<none>", "False", 0, "<none>", "5m", "", "", "<none>"]),
    ("Endpoints", "", {"subsets": [{"addresses": [{"ip": f"1.1.1.{i}"} for i in range(5)], "ports": [{"port": 80}]}]},
     ["x", "1.1.1.0:80,1.1.1.1:80,1.1.1.2:80 + 2 more...", "5m"]),
    ("EndpointSlice", "discovery.k8s.io", {"addressType": "IPv4"}, ["x", "IPv4", "<unset>", "<unset>", "5m"]),
    ("Secret", "", {"type": "Opaque", "data": {"a": ""}}, ["x", "Opaque", 1, "5m"]),
    ("ConfigMap", "", {"data": {"a": ""}, "binaryData": {"b": ""}}, ["x", 2, "5m"]),
    ("Ingress", "networking.k8s.io", {"spec": {"rules": [{"host": "a"}], "tls": [{}]}}, ["x", "<none>", "a", "", "80, 443", "5m"]),
    ("PersistentVolumeClaim", "", {"spec": {"volumeName": "v", "storageClassName": "s", "volumeMode": "Filesystem"},
        "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce", "ReadOnlyMany"]}},
     ["x", "Bound", "v", "1Gi", "RWO,ROX", "s", "<unset>", "5m", "Filesystem"]),
    ("ResourceQuota", "", {"status": {"hard": {"pods": "2", "limits.cpu": "1"}, "used": {"pods": "1"}}},
     ["x", "pods: 1/2", "limits.cpu: 0/1", "5m"]),
    ("StorageClass", "storage.k8s.io", {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
                                        "provisioner": "p"}, ["x (default)", "p", "Delete", "Immediate", False, "5m"]),
    ("RoleBinding", "rbac.authorization.k8s.io", {"roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "s", "namespace": "n"}]}, ["x", "Role/r", "5m", "", "", "n/s"]),
    ("CertificateSigningRequest", "certificates.k8s.io", {"spec": {"signerName": "s", "username": "u", "expirationSeconds": 3600},
        "status": {"conditions": [{"type": "Approved"}], "certificate": "x"}}, ["x", "5m", "s", "u", "60m", "Approved,Issued"]),
    ("ControllerRevision", "apps", {"metadata": {"ownerReferences": [
        {"controller": True, "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d"}]}, "revision": 2},
     ["x", "daemonset.apps/d", 2, "5m"]),
    ("ClusterRole", "rbac.authorization.k8s.io", {}, ["x", ago(300)]),
    ("APIService", "apiregistration.k8s.io", {}, ["x", "Local", "True", "5m"]),
    ("PodDisruptionBudget", "policy", {"spec": {"minAvailable": "50%"}}, ["x", "50%", "N/A", 0, "5m"]),
])  # fmt: skip
def test_rows(kind: str, group: str, obj: Json, expected: list[Any]) -> None:
    assert row(kind, obj, group) == expected


@pytest.mark.parametrize(("version", "spec", "status", "expected"), [
    ("v1", {"targetCPUUtilizationPercentage": 80}, {"currentCPUUtilizationPercentage": 10}, "cpu: 10%/80%"),
    ("v2", {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}]}, {},
     "cpu: <unknown>/80%"),
    ("v2", {"metrics": [{"type": "Pods", "pods": {"target": {"averageValue": "1"}}}] * 3}, {},
     "<unknown>/1, <unknown>/1 + 1 more..."),
])  # fmt: skip
def test_autoscaler_targets(version: str, spec: Json, status: Json, expected: str) -> None:
    assert row("HorizontalPodAutoscaler", {"spec": spec, "status": status}, "autoscaling", version)[2] == expected


def test_events_in_both_views() -> None:
    core = {
        "type": "Normal", "reason": "Pulled", "message": " done \n", "count": 3,
        "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{c}"},
        "source": {"component": "kubelet", "host": "n"}, "firstTimestamp": ago(60), "lastTimestamp": ago(5),
    }  # fmt: skip
    assert row("Event", core) == [
        "5s", "Normal", "Pulled", "pod/p", "spec.containers{c}", "kubelet, n", "done", "60s", 3, "x",
    ]  # fmt: skip
    new = {"eventTime": ago(30), "regarding": {"kind": "Node", "name": "n"}, "note": "hi", "reportingController": "c",
           "series": {"count": 7, "lastObservedTime": ago(10)}}  # fmt: skip
    cells = row("Event", new, "events.k8s.io")
    assert (cells[0], cells[3], cells[6], cells[7], cells[8]) == ("10s", "node/n", "hi", "30s", 7)


def test_custom_columns() -> None:
    columns = (Column("Name"), Column("Replicas", "integer", json_path=".spec.replicas"),
               Column("Ready", json_path='.status.conditions[?(@.type=="Ready")].status'),
               Column("Since", "date", json_path=".status.at"), Column("None", json_path=".no.such"))  # fmt: skip
    kind = Kind("x.io", "v1", "Foo", "foos", "foo", columns=columns)
    obj = {"metadata": {"name": "f"}, "spec": {"replicas": 2},
           "status": {"at": ago(5), "conditions": [{"type": "Ready", "status": "True"}]}}  # fmt: skip
    assert table_row(kind, obj, NOW) == ["f", 2, "True", "5s", None]
    assert table_row(
        Kind("x.io", "v1", "Foo", "foos", "foo"), {"metadata": {"name": "f", "creationTimestamp": ago(5)}}, NOW
    ) == ["f", "5s"]


@pytest.mark.parametrize(("path", "expected"), [
    (".a[0].b", [1]), (".a[*].b", [1, 2]), (".m['x.y']", [3]), (".m.x\\.y", [3]), (".a[9]", []),
])  # fmt: skip
def test_look_up(path: str, expected: list[Any]) -> None:
    assert look_up({"a": [{"b": 1}, {"b": 2}], "m": {"x.y": 3}}, path) == expected
