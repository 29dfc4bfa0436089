"""What the Docker engine is asked for, and how its answers are read: pure both ways."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.docker import config as render
from minik8s.kubelet.runtimes.docker import inspect as parse
from minik8s.kubelet.runtimes.docker.engine import parse_host
from minik8s.kubelet.runtimes.docker.streams import Demultiplexer

OPTIONS = base.RuntimeOptions("node-1", Path("/nowhere"), cluster_id="c1")
STATUS = base.SandboxStatus("sand", base.SandboxState.READY, "web", "shop", "u-1")


def container(config: base.ContainerConfig, place: render.Place | None = None, least: int = -1000) -> dict[str, Any]:
    return render.render_container(place or render.Place(STATUS), config, OPTIONS, least)


def test_names_are_dockershims() -> None:
    assert render.container_name("POD", "web", "shop", "u-1", 2) == "k8s_POD_web_shop_u-1_2"


def test_a_sandbox() -> None:
    config = base.SandboxConfig(
        "web", "shop", "u-1", hostname="web", dns=base.DNSConfig(("10.96.0.10",), (), ("ndots:5",)),
        port_mappings=(base.PortMapping(80, 8080),), sysctls={"net.ipv4.ip_forward": "1"}, annotations={"a": "b"},
    )  # fmt: skip
    body = render.render_sandbox(config, OPTIONS, -1000)
    host = body["HostConfig"]
    assert (body["Image"], body["Hostname"]) == ("minik8s/pause:1", "web")
    assert (host["NetworkMode"], host["IpcMode"], host["OomScoreAdj"]) == ("bridge", "shareable", -998)
    assert (host["Dns"], host["DnsSearch"], host["DnsOptions"]) == (["10.96.0.10"], ["."], ["ndots:5"])
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert body["Labels"]["annotation.a"] == "b" and body["Labels"][base.LABEL_NODE] == "node-1"


def test_a_host_network_sandbox_has_no_name_and_no_ports() -> None:
    config = base.SandboxConfig("web", "shop", "u-1", hostname="web", host_network=True,
                                port_mappings=(base.PortMapping(80, 8080),))  # fmt: skip
    body = render.render_sandbox(config, OPTIONS, 0)
    assert (body["HostConfig"]["NetworkMode"], body["HostConfig"]["UTSMode"], body["Hostname"]) == ("host", "host", "")
    assert "PortBindings" not in body["HostConfig"] and body["HostConfig"]["OomScoreAdj"] == 0


def test_a_container_joins_its_sandbox() -> None:
    host = container(base.ContainerConfig("app", "img"))["HostConfig"]
    assert (host["NetworkMode"], host["IpcMode"], host["PidMode"]) == ("container:sand", "container:sand", "")
    shared = render.Place(STATUS, share_pid=True, host_ipc=True, cgroup_parent="/pods/u-1")
    host = container(base.ContainerConfig("app", "img"), shared)["HostConfig"]
    assert (host["PidMode"], host["IpcMode"], host["CgroupParent"]) == ("container:sand", "host", "/pods/u-1")


def test_command_and_args_replace_only_what_they_name() -> None:
    assert "Entrypoint" not in container(base.ContainerConfig("app", "img"))
    body = container(base.ContainerConfig("app", "img", command=("a",), args=("b", "c"), working_dir="/w"))
    assert (body["Entrypoint"], body["Cmd"], body["WorkingDir"]) == (["a"], ["b", "c"], "/w")


def test_gpus() -> None:
    none = container(base.ContainerConfig("app", "img", env={"NVIDIA_VISIBLE_DEVICES": "all"}))
    assert none["Env"] == ["NVIDIA_VISIBLE_DEVICES=void"] and "DeviceRequests" not in none["HostConfig"]
    some = container(base.ContainerConfig("app", "img", gpus=("GPU-a", "GPU-b")))
    assert some["Env"] == ["NVIDIA_VISIBLE_DEVICES=GPU-a,GPU-b"]
    (request,) = some["HostConfig"]["DeviceRequests"]
    assert (request["DeviceIDs"], request["Capabilities"]) == (["GPU-a", "GPU-b"], [["gpu"]])
    declared = container(base.ContainerConfig("app", "img", gpus=("GPU-a",), gpus_declared=True))
    assert "DeviceRequests" not in declared["HostConfig"]


def test_security() -> None:
    security = base.SecurityContext(
        run_as_user=1, run_as_group=2, supplemental_groups=(3,), readonly_root=True, no_new_privileges=True,
        add_capabilities=("NET_ADMIN",), drop_capabilities=("ALL",), masked_paths=False, apparmor="p",
        selinux={"level": "s0", "user": ""},
    )  # fmt: skip
    body = container(base.ContainerConfig("app", "img", security=security))
    host = body["HostConfig"]
    assert body["User"] == "1:2" and host["GroupAdd"] == ["3"] and host["ReadonlyRootfs"]
    assert (host["CapAdd"], host["CapDrop"], host["MaskedPaths"]) == (["NET_ADMIN"], ["ALL"], [])
    assert host["SecurityOpt"] == ["no-new-privileges", "seccomp=unconfined", "apparmor=p", "label=level:s0"]
    assert render.render_security_options(base.SecurityContext(seccomp="default")) == []


def test_resources_and_mounts() -> None:
    resources = base.Resources(cpu_shares=512, cpu_quota=50_000, memory_limit=1 << 20, pids_limit=9, oom_score_adj=-997)
    mounts = (base.Mount("/a", "/b", readonly=True, propagation="Bidirectional"),)
    host = container(base.ContainerConfig("app", "img", resources=resources, mounts=mounts), least=0)["HostConfig"]
    assert (host["CpuShares"], host["CpuQuota"], host["CpuPeriod"]) == (512, 50_000, 100_000)
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"], host["OomScoreAdj"]) == (1 << 20, 1 << 20, 9, 0)
    (mount,) = host["Mounts"]
    assert (mount["ReadOnly"], mount["BindOptions"]["Propagation"]) == (True, "rshared")


def inspected(state: dict[str, Any]) -> dict[str, Any]:
    labels = {base.LABEL_CONTAINER_NAME: "app", base.LABEL_POD_UID: "u", "annotation.x": "y"}
    return {"Id": "i", "Created": "2026-01-01T00:00:00Z", "State": state, "Config": {"Labels": labels, "Image": "img"}}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Status": "created"}, ("created", 0, "")),
        ({"Status": "created", "Error": "no such file", "ExitCode": 127}, ("exited", 127, "ContainerCannotRun")),
        ({"Status": "running", "ExitCode": 0, "Pid": 7}, ("running", 0, "")),
        ({"Status": "exited", "ExitCode": 0}, ("exited", 0, "Completed")),
        ({"Status": "exited", "ExitCode": 3}, ("exited", 3, "Error")),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, ("exited", 137, "OOMKilled")),
        ({"Status": "dead", "ExitCode": 1}, ("exited", 1, "Error")),
    ],
)
def test_container_states(state: dict[str, Any], expected: tuple[str, int, str]) -> None:
    status = parse.parse_container(inspected(state), "docker://x")
    assert (status.state.value, status.exit_code, status.reason) == expected
    assert status.annotations == {"x": "y"} and "annotation.x" not in status.labels


def test_gos_zero_time_is_never() -> None:
    assert parse.parse_time("0001-01-01T00:00:00Z") == 0.0
    assert parse.parse_time("1970-01-01T00:00:02.5Z") == 2.5


def test_events_that_nobody_needs_are_dropped() -> None:
    actor = {"ID": "i", "Attributes": {base.LABEL_POD_UID: "u", base.LABEL_KIND: "sandbox"}}
    assert parse.parse_event({"Action": "exec_start: ls", "Actor": actor}) is None
    event = parse.parse_event({"Action": "die", "Actor": actor})
    assert event == base.RuntimeEvent(base.EventType.CONTAINER_DIED, "u", "", "i", "")


def test_frames_in_any_pieces() -> None:
    data = struct.pack(">BxxxI", 1, 3) + b"out" + struct.pack(">BxxxI", 2, 3) + b"err"
    for size in (1, 5, len(data)):
        frames = Demultiplexer()
        found = [frame for i in range(0, len(data), size) for frame in frames.feed(data[i : i + size])]
        assert found == [(1, b"out"), (2, b"err")]


def test_docker_host() -> None:
    assert parse_host("unix:///run/x.sock").unix_path == "/run/x.sock"
    assert (parse_host("tcp://10.0.0.1:2376").host, parse_host("tcp://10.0.0.1").port) == ("10.0.0.1", 2375)
    with pytest.raises(ValueError):
        parse_host("ssh://somewhere")
