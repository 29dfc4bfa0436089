"""What the node says of itself, whom it lets in, and the small files it writes for pods."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.admission import compute_refusal
from minik8s.kubelet.backoff import Backoff, format_duration
from minik8s.kubelet.command import compute_configs, compute_pod_cidr, make_parser, parse_taints
from minik8s.kubelet.eviction.thresholds import DEFAULT, amounts, crossed, parse_thresholds, pressures
from minik8s.kubelet.hosts import (
    ClusterDns,
    ResolvConf,
    compute_resolv_conf,
    parse_resolv_conf,
    pod_hostname,
    render_hosts,
)
from minik8s.kubelet.machine import Machine, Usage
from minik8s.kubelet.node_status import NodeInputs, compute_node_status, is_worth_telling
from minik8s.kubelet.requests import pod_requests


def pod(
    name: str = "web", namespace: str = "ns", containers: list[dict[str, Any]] | None = None, **spec: Any
) -> core.Pod:
    body = {"containers": containers or [{"name": "a", "image": "i"}], **spec}
    return core.Pod.from_dict({"metadata": {"name": name, "namespace": namespace, "uid": f"u-{name}"}, "spec": body})


def asks(**amounts: str) -> list[dict[str, Any]]:
    named = {name.replace("_", "."): value for name, value in amounts.items()}
    return [{"name": "a", "image": "i", "resources": {"requests": named}}]


# admission --------------------------------------------------------------------------------------------------------

NODE = core.Node.from_dict({
    "metadata": {"name": "n1", "labels": {"disk": "ssd", "cores": "8"}},
    "status": {"allocatable": {"cpu": "2", "memory": "1Gi", "pods": "3"}},
})  # fmt: skip


def verdict(spec: core.Pod, *others: core.Pod, node: core.Node = NODE) -> tuple[str, str] | None:
    result = compute_refusal(spec, node, others)
    return (result.reason, result.message) if result else None


def test_a_pod_that_fits_is_welcome() -> None:
    assert verdict(pod(containers=asks(cpu="2")), pod("other")) is None


def test_resources_that_are_gone() -> None:
    assert verdict(pod(containers=asks(cpu="1500m")), pod("other", containers=asks(cpu="1"))) == (
        "OutOfcpu",
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
    )
    assert verdict(pod(), *(pod(f"p{n}") for n in range(3))) == (
        "OutOfpods",
        "Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    )


@pytest.mark.parametrize(
    ("operator", "key", "values", "fits"),
    [
        ("In", "disk", ["ssd"], True), ("In", "disk", ["hdd"], False), ("NotIn", "disk", ["hdd"], True),
        ("Exists", "disk", [], True), ("DoesNotExist", "disk", [], False), ("Gt", "cores", ["4"], True),
        ("Lt", "cores", ["4"], False), ("Gt", "disk", ["4"], False),
    ],
)  # fmt: skip
def test_node_affinity(operator: str, key: str, values: list[str], fits: bool) -> None:
    term = {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}
    required = {"nodeSelectorTerms": [term]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    expected = None if fits else ("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed")
    assert verdict(pod(affinity=affinity)) == expected


def test_selectors_ports_and_taints() -> None:
    assert verdict(pod(nodeSelector={"disk": "hdd"})) is not None
    ports = [{"name": "a", "image": "i", "ports": [{"containerPort": 80, "hostPort": 8080}]}]
    assert verdict(pod(containers=ports), pod("other", containers=ports)) == (
        "NodePorts", "Pod was rejected: Predicate NodePorts failed",
    )  # fmt: skip
    tainted = NODE.model_copy(deep=True)
    tainted.spec.taints = [core.Taint(key="k", value="v", effect="NoExecute")]
    assert verdict(pod(), node=tainted) is not None
    assert verdict(pod(tolerations=[{"key": "k", "operator": "Equal", "value": "v"}]), node=tainted) is None
    assert verdict(pod(tolerations=[{"operator": "Exists"}]), node=tainted) is None


def test_requests_count_init_containers_by_their_peak() -> None:
    def sized(name: str, cpu: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}

    inits = [sized("i1", "3"), sized("s", "1", restartPolicy="Always"), sized("i2", "1")]
    assert pod_requests(pod(containers=[sized("a", "500m")], initContainers=inits)) == {"cpu": 3000}
    assert pod_requests(pod(containers=[sized("a", "500m")], initContainers=inits[1:])) == {"cpu": 2000}
    assert pod_requests(pod(containers=[sized("a", "1")], overhead={"cpu": "250m"})) == {"cpu": 1250}


# node status ------------------------------------------------------------------------------------------------------

MACHINE = Machine(4, 8 << 30, 100 << 30, "amd64", "6.1", "Debian", "boot", "id", "uuid", 0)
USAGE = Usage(4 << 30, 50 << 30, 0.5, 30000)
INPUTS = NodeInputs(
    "n1", MACHINE, USAGE, ("192.0.2.1",), 10250, 110, "docker://20.10", devices={"nvidia.com/gpu": (2, 1)}
)


def test_a_healthy_node() -> None:
    status = compute_node_status(INPUTS, [], "2026-01-01T00:00:00Z")
    assert status.capacity["cpu"] == "4" and status.capacity["memory"] == "8388608Ki"
    assert status.allocatable["memory"] == "8286208Ki" and status.allocatable["pods"] == "110"
    assert (status.capacity["nvidia.com/gpu"], status.allocatable["nvidia.com/gpu"]) == ("2", "1")
    assert {c.type: (c.status, c.reason) for c in status.conditions} == {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID"),
        "Ready": ("True", "KubeletReady"),
    }
    assert [(a.type, a.address) for a in status.addresses] == [("InternalIP", "192.0.2.1"), ("Hostname", "n1")]
    assert status.node_info.kubelet_version.startswith("v1.33.") and status.node_info.architecture == "amd64"
    assert status.daemon_endpoints.kubelet_endpoint.port == 10250


def test_pressure_and_a_silent_runtime_are_told() -> None:
    short = pressures(crossed(parse_thresholds(DEFAULT), amounts(Usage(1 << 20, 1 << 30, 0.5, 10), INPUTS.machine)))
    ill = replace(INPUTS, pressures=short, runtime_trouble="container runtime is down")
    conditions = {c.type: c for c in compute_node_status(ill, [], "now").conditions}
    assert [conditions[k].status for k in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")] == [
        "True", "True", "True", "False",
    ]  # fmt: skip
    assert conditions["Ready"].message == "container runtime is down"


def test_a_heartbeat_alone_is_not_worth_a_status() -> None:
    first = compute_node_status(INPUTS, [], "2026-01-01T00:00:00Z")
    second = compute_node_status(INPUTS, first.conditions, "2026-01-01T00:00:10Z")
    assert not is_worth_telling(first, second)
    assert second.conditions[0].last_transition_time == "2026-01-01T00:00:00Z"
    third = compute_node_status(replace(INPUTS, max_pods=10), second.conditions, "2026-01-01T00:00:20Z")
    assert is_worth_telling(second, third)


# hosts and DNS ----------------------------------------------------------------------------------------------------

HOST = ResolvConf(["9.9.9.9"], ["corp.test"], ["timeout:1"])
CLUSTER = ClusterDns(("10.96.0.10",), "cluster.local")


def test_the_hosts_file() -> None:
    text = render_hosts(
        ["10.0.0.5"], "h", "s.ns.svc.cluster.local", [core.HostAlias(ip="1.2.3.4", hostnames=["a", "b"])]
    )
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert text.endswith("10.0.0.5\th.s.ns.svc.cluster.local\th\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")


def test_hostnames() -> None:
    assert pod_hostname(pod("x" * 80), "c.l") == ("x" * 63, "")
    assert pod_hostname(pod(hostname="h", subdomain="s"), "c.l") == ("h", "s.ns.svc.c.l")
    assert pod_hostname(pod(hostname="h", subdomain="s", setHostnameAsFQDN=True), "c.l")[0] == "h.s.ns.svc.c.l"


def test_dns_policies() -> None:
    first = compute_resolv_conf(pod(dnsPolicy="ClusterFirst"), HOST, CLUSTER)
    assert first.render() == (
        "search ns.svc.cluster.local svc.cluster.local cluster.local corp.test\n"
        "nameserver 10.96.0.10\noptions ndots:5\n"
    )
    for own in (pod(dnsPolicy="Default"), pod(dnsPolicy="ClusterFirst", hostNetwork=True)):
        assert compute_resolv_conf(own, HOST, CLUSTER) == HOST
    assert compute_resolv_conf(pod(dnsPolicy="ClusterFirst"), HOST, ClusterDns()) == HOST
    with_net = pod(dnsPolicy="ClusterFirstWithHostNet", hostNetwork=True)
    assert compute_resolv_conf(with_net, HOST, CLUSTER).nameservers == ["10.96.0.10"]


def test_dns_config_adds_and_overrides() -> None:
    config = {
        "nameservers": ["1.1.1.1"],
        "searches": ["x.test"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
    }
    mixed = compute_resolv_conf(pod(dnsPolicy="ClusterFirst", dnsConfig=config), HOST, CLUSTER)
    assert mixed.nameservers == ["10.96.0.10", "1.1.1.1"] and mixed.searches[-1] == "x.test"
    assert mixed.options == ["ndots:2", "edns0"]
    alone = compute_resolv_conf(pod(dnsPolicy="None", dnsConfig=config), HOST, CLUSTER)
    assert alone == ResolvConf(["1.1.1.1"], ["x.test"], ["ndots:2", "edns0"])


def test_resolv_conf_is_read_as_the_library_reads_it() -> None:
    text = "# c\nsearch a b\nnameserver 1.1.1.1\n\nnameserver 2.2.2.2\noptions x y:1\nsearch c\n"
    assert parse_resolv_conf(text) == ResolvConf(["1.1.1.1", "2.2.2.2"], ["c"], ["x", "y:1"])


# small things -----------------------------------------------------------------------------------------------------


def test_back_off_doubles_and_forgets() -> None:
    backoff = Backoff()
    waits = []
    for now in (0.0, 10.0, 30.0):
        backoff.failed("k", now)
        waits.append(backoff.remaining("k", now))
    assert waits == [10, 20, 40] and backoff.remaining("k", 75.0) == 0 and backoff.remaining("other", 0.0) == 0
    backoff.failed("k", 1000.0)
    assert backoff.remaining("k", 1000.0) == 10
    backoff.collect(5000.0)
    assert not backoff.entries


@pytest.mark.parametrize(("seconds", "text"), [(10, "10s"), (160, "2m40s"), (300, "5m0s"), (3661, "1h1m1s")])
def test_durations_as_go_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_flags() -> None:
    options = make_parser().parse_args(
        ["--kubeconfig", "k", "--node-labels", "a=b,c=", "--register-with-taints", "k=v:NoSchedule", "--cluster-dns",
         "10.96.0.10", "--hostname-override", "N1", "--fake-gpus=2", "--root-dir", "/r"]
    )  # fmt: skip
    (config,) = compute_configs(options, "machine")
    assert config.node_name == "n1" and config.node_labels == {"a": "b", "c": ""} and config.fake_gpus == 2
    assert (
        config.taints == (("k", "v", "NoSchedule"),) and config.cluster_dns == CLUSTER and config.root_dir == Path("/r")
    )
    with pytest.raises(argparse.ArgumentTypeError):
        parse_taints("k=v:Sometimes")


def test_one_process_plays_many_fake_nodes() -> None:
    options = make_parser().parse_args(["--container-runtime", "fake", "--fake-nodes", "3"])
    configs = compute_configs(options, "machine")
    assert [c.node_name for c in configs] == ["node-0", "node-1", "node-2"]
    assert len({c.root_dir for c in configs}) == 3 and all(c.simulated for c in configs)
    assert [c.pod_cidr for c in configs] == ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]
    assert compute_pod_cidr("10.244.0.0/24", 5000) == "10.7.136.0/24"
