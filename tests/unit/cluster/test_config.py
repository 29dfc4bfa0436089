"""Configurations: what holds, what is refused, which ports are taken."""

from pathlib import Path

import pytest

from minik8s.cluster.config import (
    ClusterConfig,
    ConfigError,
    compute_ports,
    load,
    port_names,
    write_atomic,
)
from minik8s.cluster.lifecycle import resolve
from minik8s.cluster.programs import compute_programs


def config(tmp_path: Path, **fields) -> ClusterConfig:
    result = ClusterConfig(data_dir=tmp_path, **({"runtime": "process", "proxy": "iptables"} | fields))
    result.ports = compute_ports(port_names(result.nodes, result.runtime, bool(result.dns)), {}, lambda _: True)
    return result


def test_saved_and_loaded_again(tmp_path):
    before = config(tmp_path, nodes=2, fake_gpus=4, store="etcd=http://a:1,http://b:2")
    before.save()
    after = load(tmp_path)
    assert after == before
    assert after.etcd_urls == "http://a:1,http://b:2"


def test_a_folder_without_a_cluster_loads_as_none(tmp_path):
    assert load(tmp_path) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"store": "redis"}, "--store redis: must be embedded, etcd or etcd=URL[,URL]"),
        ({"runtime": "rkt"}, "--runtime rkt: must be one of auto, docker, process, fake"),
        ({"proxy": "ipvs"}, "--proxy ipvs: must be one of auto, iptables, userspace, none"),
        ({"nodes": 0}, "--nodes 0: must be between 1 and 5000"),
        ({"fake_gpus": -1}, "--fake-gpus -1: must be between 0 and 64"),
    ],
)
def test_a_refusal_names_the_option(tmp_path, fields, message):
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, **fields).validate() if "nodes" not in fields else ClusterConfig(tmp_path, nodes=0).validate()
    assert str(refused.value) == message


def test_ports_are_upstreams_unless_taken():
    taken = {6443, 10258, 10260}
    ports = compute_ports(port_names(2, "docker"), {}, lambda port: port not in taken)
    assert ports["apiserver"] >= 20000
    assert ports["scheduler"] == 10259
    assert (ports["kubelet-0"], ports["kubelet-1-healthz"]) == (10250, 10258 + 0) or ports["kubelet-1-healthz"] >= 20000
    assert ports["kubelet-1"] >= 20000
    assert len(set(ports.values())) == len(ports)


def test_saved_ports_are_kept():
    assert compute_ports(["apiserver"], {"apiserver": 7777}, lambda _: True) == {"apiserver": 7777}


def test_programs_follow_the_configuration(tmp_path):
    names = [program.name for program in compute_programs(config(tmp_path))]
    assert names == ["apiserver", "controller-manager", "scheduler", "kubelet", "proxy"]
    names = [program.name for program in compute_programs(config(tmp_path, nodes=3, proxy="none"))]
    assert names[3:] == ["kubelet-node-1", "kubelet-node-2", "kubelet-node-3"]
    [kubelet] = [p for p in compute_programs(config(tmp_path, nodes=500, runtime="fake")) if p.name == "kubelet"]
    assert "--fake-nodes=500" in kubelet.command


def test_dns_is_a_process_that_kubelets_know(tmp_path):
    chosen = config(tmp_path, dns=True, service_cidr="10.32.0.0/24", advertise_address="192.0.2.1")
    programs = {program.name: program for program in compute_programs(chosen)}
    assert {"--cluster-ip=10.32.0.10", "--bind-address=192.0.2.1", "--port=10053"} <= set(programs["dns"].command)
    assert "--cluster-dns=10.32.0.10" in programs["kubelet"].command
    without = {program.name: program for program in compute_programs(config(tmp_path, dns=False))}
    assert "dns" not in without and "--cluster-dns=" in without["kubelet"].command


@pytest.mark.parametrize(
    ("asked", "saved", "runtime", "proxy", "expected"),
    [
        (None, None, "process", "iptables", True),
        (None, None, "fake", "iptables", False),
        (None, None, "process", "none", False),
        (None, False, "process", "iptables", False),
        (True, False, "process", "iptables", True),
        (False, None, "process", "iptables", False),
    ],
)
def test_dns_unless_nobody_would_ask(tmp_path, asked, saved, runtime, proxy, expected):
    before = None if saved is None else config(tmp_path, dns=saved)
    after = resolve(config(tmp_path, dns=asked, runtime=runtime, proxy=proxy), before)
    assert after.dns is expected and ("dns" in after.ports) is expected


def test_the_store_decides_the_servers_flags(tmp_path):
    [server] = [p for p in compute_programs(config(tmp_path)) if p.name == "apiserver"]
    assert "--storage-backend=embedded" in server.command
    remote = config(tmp_path, store="etcd=http://h:2379")
    [server] = [p for p in compute_programs(remote) if p.name == "apiserver"]
    assert "--etcd-servers=http://h:2379" in server.command


def test_a_file_is_replaced_whole_and_with_its_mode(tmp_path):
    write_atomic(tmp_path / "key", b"one", mode=0o600)
    write_atomic(tmp_path / "key", b"two", mode=0o600)
    assert (tmp_path / "key").read_bytes() == b"two"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
