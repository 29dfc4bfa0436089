"""What a pod reads from the cluster: volumes, environment, devices; and what happens when it is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minik8s.api import core
from minik8s.kubelet.runtimes.base import LABEL_DEVICES, ContainerConfig
from minik8s.testing.time import settle


def config_map(name: str, **data: str) -> core.ConfigMap:
    return core.ConfigMap.from_dict({"metadata": {"name": name, "namespace": "default", "uid": name}, "data": data})


def only_config(rig: Any) -> ContainerConfig:
    (container,) = rig.runtime.containers.values()
    config: ContainerConfig = container.config
    return config


def mounted(rig: Any, path: str) -> Path:
    return next(Path(m.host_path) for m in only_config(rig).mounts if m.container_path == path)


VOLUME = {
    "volumes": [{"name": "v", "configMap": {"name": "cm"}}, {"name": "e", "emptyDir": {}}],
    "containers": [
        {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent",
         "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "e", "mountPath": "/e"}]}
    ],
}  # fmt: skip


async def test_a_running_pod_sees_a_changed_config_map(rig: Any) -> None:
    await rig.start(simulated=False)
    rig.api.add(config_map("cm", a="1"))
    await rig.add(rig.make_pod(**VOLUME))
    await rig.until(lambda: bool(rig.runtime.containers))
    place = mounted(rig, "/v")
    assert (place / "a").read_text() == "1"
    assert mounted(rig, "/etc/hosts").read_text().splitlines()[-1].startswith("10.244.0.2\tweb")
    changed = await rig.client.get(core.ConfigMap, "cm", "default")
    changed.data["a"] = "2"
    await rig.client.update(changed)
    await rig.until(lambda: (place / "a").read_text() == "2")
    assert rig.runtime.calls["create_container"] == 1


async def test_volumes_are_gone_when_the_pod_is(rig: Any) -> None:
    await rig.start(simulated=False)
    rig.api.add(config_map("cm", a="1"))
    await rig.add(rig.make_pod(**VOLUME))
    await rig.until(lambda: bool(rig.runtime.containers))
    pod_dir = rig.root / "pods" / "uid-web"
    assert pod_dir.is_dir()
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=1)

    async def gone() -> bool:
        return not await rig.exists()

    await rig.until(gone)
    assert not pod_dir.exists() and not rig.runtime.containers


async def test_a_pod_waits_for_its_volume(rig: Any) -> None:
    await rig.start(simulated=False)
    await rig.add(rig.make_pod(**VOLUME))
    await rig.clock.advance("5s")
    status = await rig.status()
    assert status.phase == "Pending" and not rig.runtime.containers
    text = 'MountVolume.SetUp failed for volume "v" : configmap "cm" not found'
    assert ("FailedMount", text) in await rig.events()
    rig.api.add(config_map("cm", a="1"))
    await settle()
    assert (await rig.status()).phase == "Running"  # at once: the object is watched


async def test_a_container_waits_for_its_environment(rig: Any) -> None:
    await rig.start()
    source = {"configMapKeyRef": {"name": "cm", "key": "k"}}
    env = [{"name": "X", "valueFrom": source}]
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "env": env}
    await rig.add(rig.make_pod(containers=[app]))
    waiting = (await rig.status()).container_statuses[0].state.waiting
    assert (waiting.reason, waiting.message) == ("CreateContainerConfigError", 'configmap "cm" not found')
    rig.api.add(config_map("cm", k="v"))
    await settle()
    assert only_config(rig).env["X"] == "v"
    assert (await rig.status()).phase == "Running"


def gpu_pod(rig: Any, name: str) -> core.Pod:
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "resources": limits}
    pod: core.Pod = rig.make_pod(name, containers=[app])
    return pod


async def test_gpus_are_held_once_and_over_a_restart(rig: Any) -> None:
    await rig.start(fake_gpus=2)
    node = await rig.client.get(core.Node, "n1")
    assert node.status.capacity["nvidia.com/gpu"] == "2"
    for name in ("a", "b"):
        await rig.add(gpu_pod(rig, name))

    def held() -> dict[str, list[str]]:
        return {
            c.status.pod_uid: json.loads(c.config.labels[LABEL_DEVICES])["nvidia.com/gpu"]
            for c in rig.runtime.containers.values()
        }

    before = held()
    assert len({uuids[0] for uuids in before.values()}) == 2
    await rig.restart()
    await rig.add(gpu_pod(rig, "c"))
    refused = await rig.status("c")
    assert (refused.phase, refused.reason) == ("Failed", "OutOfnvidia.com/gpu")
    assert held() == before
    await rig.client.delete(core.Pod, "a", "default", grace_period_seconds=0)
    await rig.clock.advance("2s")
    await rig.add(gpu_pod(rig, "d"))
    assert (await rig.status("d")).phase == "Running"
    assert held()["uid-d"] == before["uid-a"] and held()["uid-b"] == before["uid-b"]


async def test_a_refused_pod_says_why_and_never_runs(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod(nodeSelector={"no": "where"}))
    status = await rig.status()
    assert (status.phase, status.reason) == ("Failed", "NodeAffinity")
    assert status.message == "Pod was rejected: Predicate NodeAffinity failed"
    assert not rig.runtime.sandboxes


async def test_readiness_is_told_as_soon_as_the_probe_answers(rig: Any) -> None:
    probe = {"exec": {"command": ["x"]}, "periodSeconds": 10, "failureThreshold": 1}
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "readinessProbe": probe}
    await rig.start()
    await rig.add(rig.make_pod(containers=[app]))
    assert rig.condition(await rig.status(), "Ready").status == "True"
    (container,) = rig.runtime.containers.values()
    container.behaviour.exec_exit_code = 1
    await rig.clock.advance("11s")
    status = await rig.status()
    assert rig.condition(status, "Ready").message == "containers with unready status: [app]"
    assert status.container_statuses[0].restart_count == 0


async def test_a_failing_liveness_probe_restarts_the_container(rig: Any) -> None:
    probe = {"exec": {"command": ["x"]}, "periodSeconds": 2, "failureThreshold": 2}
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "livenessProbe": probe}
    rig.behave("app", exec_exit_code=1)
    await rig.start()
    await rig.add(rig.make_pod(containers=[app]))
    await rig.clock.advance("3s")
    assert (await rig.status()).container_statuses[0].restart_count == 1
    events = await rig.events()
    assert ("Killing", "Container app failed liveness probe, will be restarted") in events
    assert ("Unhealthy", "Liveness probe failed: x\n") in events


async def test_an_outage_of_the_api_server_stops_nothing(rig: Any) -> None:
    rig.behave("app", run_for=30.0, exit_code=1)
    await rig.start()
    await rig.add(rig.make_pod())
    rig.api.cut_watches()
    rig.api.faults.down = True
    await rig.clock.advance("32s")
    assert rig.runtime.calls["create_container"] == 2  # restarted although nobody could be told
    await rig.clock.advance("1m")
    rig.api.faults.down = False
    await rig.clock.advance("2m")
    status = await rig.status()
    assert status.container_statuses[0].restart_count >= 2


async def test_a_dead_runtime_concludes_nothing(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod())
    before = await rig.status()
    rig.runtime.available = False
    await rig.clock.advance("65s")
    assert (await rig.status()).container_statuses == before.container_statuses
    ready = next(c for c in (await rig.client.get(core.Node, "n1")).status.conditions if c.type == "Ready")
    assert (ready.status, ready.reason) == ("False", "KubeletNotReady")
    rig.runtime.available = True
    await rig.clock.advance("2m")
    assert (await rig.status()).phase == "Running" and rig.runtime.calls["create_container"] == 1
    ready = next(c for c in (await rig.client.get(core.Node, "n1")).status.conditions if c.type == "Ready")
    assert ready.status == "True"


async def test_the_node_keeps_its_lease_and_leaves_its_status_alone(rig: Any) -> None:
    from minik8s.api import coordination

    await rig.start()
    first = await rig.client.get(coordination.Lease, "n1", "kube-node-lease")
    written = rig.api.count("PATCH", "nodes")
    await rig.clock.advance("35s")
    lease = await rig.client.get(coordination.Lease, "n1", "kube-node-lease")
    assert lease.spec.holder_identity == "n1" and lease.spec.renew_time > first.spec.renew_time
    assert rig.api.count("PATCH", "nodes") == written
    await rig.clock.advance("5m")
    assert rig.api.count("PATCH", "nodes") > written
