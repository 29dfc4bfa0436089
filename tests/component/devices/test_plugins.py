"""A real plugin process's side of the device plugin API against the kubelet's, over real sockets."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from minik8s.api import core
from minik8s.kubelet.devices.grants import LABEL_GRANTS, LABEL_PLAN
from minik8s.kubelet.devices.manager import PLUGIN_PATIENCE_SECONDS, STOPPED_GRACE_SECONDS, DeviceManager
from minik8s.kubelet.devices.plugins.podresources import PodResourcesServer
from minik8s.kubelet.devices.plugins.registration import Registration
from minik8s.kubelet.env import ConfigError
from minik8s.kubelet.runtimes import base
from minik8s.testing.time import VirtualClock
from tests.component.devices.toy_plugin import ToyPlugin, load

RESOURCE = "toy.example.com/thing"


def pod(uid: str, count: int, init: int = 0) -> core.Pod:
    def container(name: str, amount: int) -> dict[str, Any]:
        return {"name": name, "image": "i", "resources": {"limits": {RESOURCE: str(amount)}}}

    spec = {"containers": [container("c", count)], "initContainers": [container("i", init)] if init else []}
    return core.Pod.from_dict({"metadata": {"name": uid, "namespace": "ns", "uid": uid}, "spec": spec})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in gRPC's threads
            await asyncio.sleep(0.01)


class Node:
    """A device manager with its sockets; `restart` is a new kubelet."""

    def __init__(self, root: Path) -> None:
        self.root, self.clock = root, VirtualClock()
        self.registered: list[str] = []
        self.pods: list[core.Pod] = []
        self.plugins: list[ToyPlugin] = []
        self.start()

    def start(self) -> None:
        self.manager = DeviceManager(self.clock)
        registration = Registration(self.root, self.manager, self.registered.append)
        resources = PodResourcesServer(self.root, self.manager.ledgers, lambda: self.pods)
        self._tasks = [asyncio.create_task(registration.run()), asyncio.create_task(resources.run())]

    async def close(self) -> None:
        await self.stop()
        for plugin in self.plugins:
            await plugin.stop()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def plug(self, count: int, **options: Any) -> ToyPlugin:
        folder = self.root / "device-plugins"
        await until(lambda: (folder / "kubelet.sock").exists())
        plugin = ToyPlugin(folder, RESOURCE, count, **options)
        self.plugins.append(plugin)
        await plugin.start()
        await plugin.register()
        await until(lambda: self.manager.figures().get(RESOURCE) == (count, count))
        return plugin

    def figures(self) -> tuple[int, int]:
        return self.manager.figures()[RESOURCE]


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose sockets' paths stay below the kernel's 107 bytes, which pytest's own folders may not."""
    with tempfile.TemporaryDirectory(prefix="dp-") as folder:
        yield Path(folder)


@pytest.fixture
async def node(short_path: Path) -> AsyncIterator[Node]:
    made = Node(short_path)
    yield made
    await made.close()


async def test_grpc_is_loaded_only_for_somebody_who_connects(tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from minik8s.kubelet.devices.manager import DeviceManager
from minik8s.kubelet.devices.plugins.registration import Registration
from minik8s.clock import SystemClock
async def main(root):
    task = asyncio.create_task(Registration(root, DeviceManager(SystemClock()), print).run())
    while not (root / "device-plugins/kubelet.sock").exists():
        await asyncio.sleep(0.01)
    print("grpc" in sys.modules)
    reader, writer = await asyncio.open_unix_connection(str(root / "device-plugins/kubelet.sock"))
    await reader.read(1)
    print("grpc" in sys.modules)
    writer.close()
    task.cancel()
asyncio.run(main(Path(sys.argv[1])))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert out.split() == [b"False", b"True"]


async def test_a_plugin_registers_and_its_devices_are_allocated(node: Node) -> None:
    plugin = await node.plug(3)
    assert node.registered == [RESOURCE]
    assert await node.manager.admit(pod("a", 2)) is None
    assert plugin.calls == [("Allocate", ["toy-0", "toy-1"])]
    config = await node.manager.equip("a", base.ContainerConfig("c", "i", env={"A": "1", "TOY_DEVICES": "mine"}))
    assert config.env == {"A": "1", "TOY_DEVICES": "toy-0,toy-1"}
    assert config.mounts == (base.Mount(str(node.root / "device-plugins"), "/toy", True),)
    assert config.devices == (base.Device("/dev/null", "/dev/toy0", "rw"),)
    assert config.annotations == {"toy.example.com/devices": "toy-0,toy-1"}
    assert config.gpus == () and len(plugin.calls) == 1
    refusal = await node.manager.admit(pod("b", 2))
    assert refusal is not None and refusal.reason == "UnexpectedAdmissionError" and not refusal.later
    assert refusal.message == (
        f"Pod was rejected: Allocate failed due to requested number of devices unavailable for {RESOURCE}. "
        "Requested: 2, Available: 1, which is unexpected"
    )
    later = await node.manager.admit(pod("b", 2), leaving={"a"})
    assert later is not None and later.later
    node.manager.release("a")
    assert await node.manager.admit(pod("b", 2)) is None


async def test_the_plugins_wish_is_followed_and_init_containers_reuse(node: Node) -> None:
    plugin = await node.plug(4, prefer=True, pre_start=True)
    assert await node.manager.admit(pod("a", 2, init=1)) is None
    assert plugin.calls[0] == ("GetPreferredAllocation", ["toy-2", "toy-3"])
    held = node.manager.ledgers.of(RESOURCE).held["a"]
    assert set(held["c"]) == {"toy-2", "toy-3"} and set(held["i"]) <= set(held["c"])
    await node.manager.equip("a", base.ContainerConfig("c", "i"))
    assert plugin.calls[-1] == ("PreStartContainer", ["toy-2", "toy-3"])


async def test_a_refusal_of_the_plugin_gives_everything_back(node: Node) -> None:
    plugin = await node.plug(1)
    plugin.refuse = "on fire"
    refusal = await node.manager.admit(pod("a", 1))
    assert refusal is not None
    assert refusal.message == (
        "Pod was rejected: Allocate failed due to rpc error: code = Unknown desc = on fire, which is unexpected"
    )
    plugin.refuse = ""
    assert await node.manager.admit(pod("b", 1)) is None


async def test_health_changes_and_the_plugins_end_show_in_the_figures(node: Node) -> None:
    changes: list[int] = []
    node.manager.on_change = lambda: changes.append(1)
    plugin = await node.plug(2)
    await plugin.set_health("toy-0", "Unhealthy")
    await until(lambda: node.figures() == (2, 1))
    assert await node.manager.admit(pod("a", 1)) is None
    assert node.manager.ledgers.of(RESOURCE).uuids("a", "c") == ("toy-1",)
    await plugin.set_health("toy-0", "Healthy")
    await until(lambda: node.figures() == (2, 2))
    await plugin.stop()
    await until(lambda: node.figures() == (2, 0))
    refusal = await node.manager.admit(pod("b", 1))
    assert refusal is not None and "no healthy devices present; cannot allocate unhealthy devices" in refusal.message
    await node.clock.advance(STOPPED_GRACE_SECONDS)
    assert node.figures() == (0, 0)
    await node.plug(2)
    assert node.manager.ledgers.of(RESOURCE).uuids("a", "c") == ("toy-1",) and len(changes) >= 5


async def test_bad_registrations_are_refused_in_upstreams_words(node: Node) -> None:
    plugin = await node.plug(1)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.register(version="v1alpha1")
    assert error.value.details() == (
        'requested API version "v1alpha1" is not supported by kubelet. Supported version is [v1beta1]'
    )
    plugin.resource = "cpu"
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await plugin.register()
    assert error.value.details() == 'the ResourceName "cpu" is invalid'


async def test_a_restarted_kubelet_knows_what_containers_hold_and_asks_plugins_back(node: Node) -> None:
    plugin = await node.plug(2)
    await node.manager.admit(pod("a", 1))
    await node.manager.admit(pod("half", 1))
    config = await node.manager.equip("a", base.ContainerConfig("c", "i"))
    half = node.manager.mark(base.SandboxConfig("half", "ns", "half"))
    assert LABEL_GRANTS in config.labels and LABEL_PLAN in half.labels
    await node.stop()
    await plugin.stop()
    node.start()
    running = base.ContainerStatus("x", "c", "s", "a", base.ContainerState.RUNNING, labels=config.labels)
    sandbox = base.SandboxStatus("s", base.SandboxState.READY, "half", "ns", "half", labels=half.labels)
    node.manager.adopt([sandbox], [running])
    node.manager.expect([RESOURCE])
    assert node.figures() == (0, 0)
    assert node.manager.awaits_plugin(pod("bound", 1)), "it was placed here before; the plugin will be back"
    again = await node.manager.equip("a", base.ContainerConfig("c", "i"))  # it crashed: what it needs is on its label
    assert again.env == {"TOY_DEVICES": "toy-0"}
    with pytest.raises(ConfigError, match="no device plugin for"):
        await node.manager.equip("half", base.ContainerConfig("c", "i"))
    plugin = await node.plug(2)  # real plugins see the new socket
    assert not node.manager.awaits_plugin(pod("bound", 1))
    assert (await node.manager.equip("half", base.ContainerConfig("c", "i"))).env == {"TOY_DEVICES": "toy-1"}
    refusal = await node.manager.admit(pod("b", 1))
    assert refusal is not None and "Available: 0" in refusal.message
    node.manager.keep_only({"a"})
    assert await node.manager.admit(pod("b", 1)) is None


async def test_a_plugin_that_never_comes_back_is_not_waited_for_long(node: Node) -> None:
    node.manager.expect([RESOURCE])
    assert node.manager.awaits_plugin(pod("a", 1)) and not node.manager.awaits_plugin(pod("b", 0))
    await node.clock.advance(PLUGIN_PATIENCE_SECONDS + 1)
    assert not node.manager.awaits_plugin(pod("a", 1))
    assert await node.manager.admit(pod("a", 1)) is not None


async def test_podresources_tells_who_holds_what(node: Node) -> None:
    api = load("v1")
    await node.plug(2)
    node.pods = [pod("a", 1)]
    await node.manager.admit(node.pods[0])
    socket = node.root / "pod-resources" / "kubelet.sock"
    async with grpc.aio.insecure_channel(f"unix:{socket}") as channel:

        def ask(name: str, request: Any, answer: Any) -> Any:
            return channel.unary_unary(
                f"/v1.PodResourcesLister/{name}",
                request_serializer=lambda m: m.SerializeToString(),
                response_deserializer=answer.FromString,
            )(request, timeout=10)

        listed = await ask("List", api.ListPodResourcesRequest(), api.ListPodResourcesResponse)
        (found,) = listed.pod_resources
        assert (found.name, found.namespace, found.containers[0].name) == ("a", "ns", "c")
        (device,) = found.containers[0].devices
        assert (device.resource_name, list(device.device_ids)) == (RESOURCE, ["toy-0"])
        assert [n.ID for n in device.topology.nodes] == [1]
        allocatable = await ask(
            "GetAllocatableResources", api.AllocatableResourcesRequest(), api.AllocatableResourcesResponse
        )
        assert [list(d.device_ids) for d in allocatable.devices] == [["toy-0"], ["toy-1"]]
        got = await ask(
            "Get", api.GetPodResourcesRequest(pod_name="a", pod_namespace="ns"), api.GetPodResourcesResponse
        )
        assert got.pod_resources == found
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await ask("Get", api.GetPodResourcesRequest(pod_name="x"), api.GetPodResourcesResponse)
        assert error.value.code() == grpc.StatusCode.NOT_FOUND


async def test_a_path_too_long_for_a_socket_is_said_and_harms_nothing(tmp_path: Path) -> None:
    registration = Registration(tmp_path / ("x" * 100), DeviceManager(VirtualClock()), print)
    (tmp_path / ("x" * 100)).mkdir()
    await asyncio.wait_for(registration.run(), 5)
