"""The plugins one by one, on clusters small enough to see the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minik8s.scheduler.listers import Listers
from minik8s.scheduler.model import SchedPod, Taint
from minik8s.scheduler.plugins import default_algorithm
from minik8s.scheduler.plugins.images import ImageLocality
from minik8s.scheduler.plugins.resources import BalancedAllocation, Fit
from minik8s.scheduler.plugins.taints import TaintToleration, tolerates_one
from minik8s.scheduler.snapshot import Snapshot
from tests.unit.scheduler.clusters import GIB, cluster, make_node, make_pod

MIB = 1 << 20


def feasible(snapshot: Snapshot, pod: SchedPod, listers: Listers | None = None) -> set[str]:
    decision = default_algorithm(listers, seed=1).fit(pod, snapshot)
    return {snapshot.node(int(i)).name for i in np.flatnonzero(decision.fits)}


def scores(plugin: Any, snapshot: Snapshot, pod: SchedPod) -> dict[str, int] | None:
    nodes = np.array(sorted(snapshot.position.values()))
    found = plugin.score(pod, snapshot, nodes)
    return None if found is None else {snapshot.node(int(n)).name: int(s) for n, s in zip(nodes, found, strict=True)}


def affinity(kind: str, match: dict[str, str], key: str = "kubernetes.io/hostname", **extra: Any) -> dict[str, Any]:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": match}, **extra}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


ZONES = [make_node(n, labels={"zone": z}) for n, z in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"))]


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerated"),
    [
        ({"operator": "Exists"}, Taint("k", "v", "NoSchedule"), True),
        ({"key": "k", "operator": "Exists"}, Taint("k", "v", "NoExecute"), True),
        ({"key": "k", "value": "v"}, Taint("k", "v", "NoSchedule"), True),
        ({"key": "k", "value": "w"}, Taint("k", "v", "NoSchedule"), False),
        ({"key": "k", "value": "v", "effect": "NoExecute"}, Taint("k", "v", "NoSchedule"), False),
        ({"key": "other", "operator": "Exists"}, Taint("k", "v", "NoSchedule"), False),
    ],
)
def test_tolerations(toleration: dict[str, str], taint: Taint, tolerated: bool) -> None:
    assert tolerates_one(toleration, taint) is tolerated


@pytest.mark.parametrize(
    ("expression", "nodes"),
    [
        ({"key": "zone", "operator": "In", "values": ["a", "c"]}, {"a1", "a2"}),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, {"b1", "b2", "plain"}),
        ({"key": "zone", "operator": "Exists"}, {"a1", "a2", "b1", "b2"}),
        ({"key": "zone", "operator": "DoesNotExist"}, {"plain"}),
        ({"key": "cores", "operator": "Gt", "values": ["8"]}, {"plain"}),
        ({"key": "cores", "operator": "Lt", "values": ["8"]}, set()),
    ],
)
def test_node_affinity_operators(expression: dict[str, Any], nodes: set[str]) -> None:
    snapshot = cluster(*ZONES, make_node("plain", labels={"cores": "16"}))
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    pod = make_pod("p", affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}})
    assert feasible(snapshot, pod) == nodes


def test_an_empty_term_matches_nothing() -> None:
    required = {"nodeSelectorTerms": [{}]}
    pod = make_pod("p", affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}})
    assert feasible(cluster(*ZONES), pod) == set()


def test_affinity_follows_a_pod_into_its_zone() -> None:
    snapshot = cluster(*ZONES, pods={"a1": [make_pod("db", labels={"app": "db"})]})
    near = affinity("podAffinity", {"app": "db"}, key="zone")
    assert feasible(snapshot, make_pod("p", affinity=near)) == {"a1", "a2"}
    assert feasible(snapshot, make_pod("p", affinity=near, namespace="other")) == set()


def test_the_first_of_a_group_may_go_anywhere() -> None:
    near = affinity("podAffinity", {"app": "web"}, key="zone")
    pod = make_pod("p", labels={"app": "web"}, affinity=near)
    assert feasible(cluster(*ZONES), pod) == {"a1", "a2", "b1", "b2"}


def test_anti_affinity_works_both_ways() -> None:
    away = affinity("podAntiAffinity", {"app": "web"}, key="zone")
    loner = make_pod("loner", labels={"app": "web"}, affinity=away)
    snapshot = cluster(*ZONES, pods={"a1": [loner]})
    assert feasible(snapshot, make_pod("p", labels={"app": "web"}, affinity=away)) == {"b1", "b2"}
    assert feasible(snapshot, make_pod("q", labels={"app": "web"})) == {"b1", "b2"}
    snapshot.remove_pod("default/loner")
    assert feasible(snapshot, make_pod("q", labels={"app": "web"})) == {"a1", "a2", "b1", "b2"}


def test_namespaces_by_selector() -> None:
    away = affinity("podAntiAffinity", {"app": "web"}, namespaceSelector={"matchLabels": {"team": "red"}})
    snapshot = cluster(*ZONES, pods={"a1": [make_pod("w", labels={"app": "web"}, namespace="red-1")]})
    snapshot.terms.namespace_labels["red-1"] = {"team": "red"}
    assert feasible(snapshot, make_pod("p", affinity=away)) == {"a2", "b1", "b2"}


def spread(key: str = "zone", skew: int = 1, **extra: Any) -> dict[str, Any]:
    selector = {"labelSelector": {"matchLabels": {"app": "web"}}}
    return {"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": "DoNotSchedule", **selector, **extra}


def test_spreading_keeps_zones_even() -> None:
    web = {"app": "web"}
    snapshot = cluster(*ZONES, make_node("plain"), pods={"a1": [make_pod("w1", labels=web)]})
    pod = make_pod("p", labels=web, topologySpreadConstraints=[spread()])
    assert feasible(snapshot, pod) == {"b1", "b2"}
    wide = make_pod("p", labels=web, topologySpreadConstraints=[spread(skew=2)])
    assert feasible(snapshot, wide) == {"a1", "a2", "b1", "b2"}


def test_min_domains_makes_the_missing_one_empty() -> None:
    web = {"app": "web"}
    snapshot = cluster(*ZONES, pods={"a1": [make_pod("w1", labels=web)], "b1": [make_pod("w2", labels=web)]})
    pod = make_pod("p", labels=web, topologySpreadConstraints=[spread(minDomains=3)])
    assert feasible(snapshot, pod) == set()


def test_terminating_pods_do_not_count_for_spreading() -> None:
    web = {"app": "web"}
    snapshot = cluster(*ZONES)
    leaving = make_pod("w1", labels=web)
    snapshot.add_pod(
        type(leaving)(**{f: getattr(leaving, f) for f in leaving.__slots__} | {"terminating": True, "node": "a1"})
    )
    pod = make_pod("p", labels=web, topologySpreadConstraints=[spread()])
    assert feasible(snapshot, pod) == {"a1", "a2", "b1", "b2"}


def test_least_allocated_in_whole_numbers_as_upstream() -> None:
    snapshot = cluster(
        make_node("busy", cpu=4000, allocatable={"memory": 10000 * MIB}),
        make_node("free", cpu=6000, allocatable={"memory": 10000 * MIB}),
        pods={"busy": [make_pod("b", cpu="2", requests={"memory": "5000Mi"})]},
    )
    pod = make_pod("p", cpu="1", requests={"memory": "2000Mi"})
    # cpu (4000-3000)/4000 = 25, memory 3000/10000 = 30 → 27; cpu 5000/6000 = 83, memory 80 → 81
    assert scores(Fit(), snapshot, pod) == {"busy": 27, "free": 81}


def test_balanced_allocation_prefers_like_parts() -> None:
    snapshot = cluster(
        make_node("even", cpu=4000, allocatable={"memory": 4 * GIB}),
        make_node("odd", cpu=4000, allocatable={"memory": 4 * GIB}),
        pods={"odd": [make_pod("o", cpu="2")]},
    )
    pod = make_pod("p", cpu="1", requests={"memory": "1Gi"})
    assert scores(BalancedAllocation(), snapshot, pod) == {"even": 100, "odd": 75}
    assert scores(BalancedAllocation(), snapshot, make_pod("q", cpu="")) is None


def test_image_locality_counts_large_images() -> None:
    snapshot = cluster(make_node("has", images={"big:latest": 1000 * MIB}), make_node("not"))
    # half the nodes have it: 500 of at most 1000 MB, from 23 up
    assert scores(ImageLocality(), snapshot, make_pod("p", image="big")) == {"has": 48, "not": 0}


def test_prefer_no_schedule_makes_a_node_worse() -> None:
    snapshot = cluster(make_node("a", taints=(Taint("k", "v", "PreferNoSchedule"),)), make_node("b"))
    assert scores(TaintToleration(), snapshot, make_pod("p")) == {"a": 0, "b": 100}
    tolerant = make_pod("p", tolerations=[{"key": "k", "operator": "Exists"}])
    assert scores(TaintToleration(), snapshot, tolerant) == {"a": 100, "b": 100}


def claim(name: str, volume: str = "", storage_class: str = "local") -> dict[str, Any]:
    status = {"phase": "Bound" if volume else "Pending"}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "storageClassName": storage_class, "volumeName": volume, "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": status,
    }  # fmt: skip


def volume(name: str, node: str, size: str = "2Gi") -> dict[str, Any]:
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    return {
        "metadata": {"name": name},
        "spec": {
            "storageClassName": "local", "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"],
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
    }  # fmt: skip


def test_a_claim_of_one_pod_only() -> None:
    sole = claim("sole", "pv-a")
    sole["spec"]["accessModes"] = ["ReadWriteOncePod"]
    listers = Listers(claims={"default/sole": sole}, volumes={"pv-a": volume("pv-a", "a1")})
    mounts = [{"name": "v", "persistentVolumeClaim": {"claimName": "sole"}}]
    snapshot = cluster(*ZONES)
    assert feasible(snapshot, make_pod("p", volumes=mounts), listers) == {"a1"}
    snapshot.add_pod(make_pod("holder", node="a1", volumes=mounts))
    assert feasible(snapshot, make_pod("p", volumes=mounts), listers) == set()
    snapshot.remove_pod("default/holder")
    assert feasible(snapshot, make_pod("p", volumes=mounts), listers) == {"a1"}


def test_volumes_draw_the_pod_to_their_nodes() -> None:
    waits = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    listers = Listers(
        claims={"default/bound": claim("bound", "pv-a"), "default/waits": claim("waits")},
        volumes={"pv-a": volume("pv-a", "a1"), "pv-b": volume("pv-b", "b1"), "small": volume("small", "b2", "1Mi")},
        classes={"local": waits},
    )
    mounts = {n: [{"name": "v", "persistentVolumeClaim": {"claimName": n}}] for n in ("bound", "waits")}
    assert feasible(cluster(*ZONES), make_pod("p", volumes=mounts["bound"]), listers) == {"a1"}
    assert feasible(cluster(*ZONES), make_pod("p", volumes=mounts["waits"]), listers) == {"a1", "b1"}
    del listers.classes["local"]
    decision = default_algorithm(listers).fit(make_pod("p", volumes=mounts["waits"]), cluster(*ZONES))
    assert decision.whole == "pod has unbound immediate PersistentVolumeClaims"
