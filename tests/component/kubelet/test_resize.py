"""In-place resize: done where the node has room, deferred where not, with a restart where the policy says so."""

from __future__ import annotations

from typing import Any

from minik8s.api import core
from tests.component.kubelet.conftest import NODE, Rig


def make(memory: str, policy: list[dict[str, str]] | None = None) -> core.Pod:
    container = {"name": "app", "image": "img", "resources": {"limits": {"memory": memory, "cpu": "100m"}}}
    container |= {"resizePolicy": policy or []}
    meta = {"name": "web", "namespace": "default", "uid": "u1"}
    return core.Pod.from_dict({"metadata": meta, "spec": {"nodeName": NODE, "containers": [container]}})


async def resize(rig: Rig, memory: str, policy: list[dict[str, str]] | None = None) -> None:
    limits = {"limits": {"memory": memory, "cpu": "100m"}}
    body: dict[str, Any] = {"spec": {"containers": [{"name": "app", "resources": limits}]}}
    await rig.client.patch(core.Pod, "web", "default", body, type="strategic")
    await rig.clock.advance("2s")


def pending(status: core.PodStatus) -> list[str]:
    return [c.reason or "" for c in status.conditions if c.type == "PodResizePending"]


async def test_memory_grows_without_a_restart(rig: Rig) -> None:
    await rig.start()
    await rig.add(make("64Mi"))
    await rig.clock.advance("2s")
    await resize(rig, "128Mi")
    (container,) = rig.runtime.containers.values()
    assert container.config.resources.memory_limit == 128 << 20
    (told,) = (await rig.status()).container_statuses
    assert told.restart_count == 0 and told.resources is not None and told.resources.limits["memory"] == "128Mi"


async def test_what_does_not_fit_waits_and_says_so(rig: Rig) -> None:
    await rig.start()
    await rig.add(make("64Mi"))
    await rig.clock.advance("2s")
    await resize(rig, "9999Gi")
    status = await rig.status()
    assert pending(status) == ["Infeasible"]
    (container,) = rig.runtime.containers.values()
    assert container.config.resources.memory_limit == 64 << 20
    await resize(rig, "64Mi")
    assert pending(await rig.status()) == []


async def test_a_policy_may_ask_for_a_restart(rig: Rig) -> None:
    await rig.start()
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    await rig.add(make("64Mi", policy))
    await rig.clock.advance("2s")
    body = [{"op": "replace", "path": "/spec/containers/0/resources/limits/memory", "value": "128Mi"}]
    await rig.client.patch(core.Pod, "web", "default", body, type="json")
    await rig.clock.advance("30s")
    (told,) = (await rig.status()).container_statuses
    assert told.restart_count == 1 and told.resources is not None and told.resources.limits["memory"] == "128Mi"
