"""What is used of a quota."""

from typing import Any

import pytest

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.quota.controller import ResourceQuotaController
from minik8s.controllers.quota.usage import pod_usage, quota_matches, service_usage
from tests.unit.controllers.builders import pod
from tests.unit.controllers.conftest import Bench


def container(cpu: str = "", limit: str = "", **more: Any) -> dict[str, Any]:
    resources: dict[str, Any] = {"requests": {"cpu": cpu} if cpu else {}, "limits": {"cpu": limit} if limit else {}}
    return {"name": "c", "resources": resources, **more}


def used(spec: dict[str, Any], phase: str = "Running") -> dict[str, str]:
    return {name: str(amount) for name, amount in pod_usage({"spec": spec, "status": {"phase": phase}}).items()}


def test_pod_usage() -> None:
    spec = {"containers": [container("100m", "1"), container("200m")], "overhead": {"cpu": "50m"}}
    found = used(spec)
    assert (found["pods"], found["cpu"], found["requests.cpu"], found["limits.cpu"]) == ("1", "350m", "350m", "1050m")
    assert used(spec, "Succeeded") == {"count/pods": "1"}


def test_init_containers_count_by_the_greediest_step_and_sidecars_stay() -> None:
    sidecar = container("100m", restartPolicy="Always")
    assert used({"containers": [container("300m")], "initContainers": [container("2")]})["cpu"] == "2"
    assert used({"containers": [container("300m")], "initContainers": [sidecar, container("150m")]})["cpu"] == "400m"
    assert used({"containers": [container("300m")], "initContainers": [sidecar, container("2")]})["cpu"] == "2100m"


def test_services() -> None:
    ports = [{"port": 80}, {"port": 443}]
    found = service_usage({"spec": {"type": "LoadBalancer", "ports": ports}})
    assert {name: str(amount) for name, amount in found.items()} == {
        "services": "1", "count/services": "1", "services.loadbalancers": "1", "services.nodeports": "2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scopes", "spec", "expected"),
    [
        (["Terminating"], {"activeDeadlineSeconds": 5}, True),
        (["NotTerminating"], {"activeDeadlineSeconds": 5}, False),
        (["BestEffort"], {"containers": [container()]}, True),
        (["BestEffort"], {"containers": [container("1")]}, False),
        (["NotBestEffort", "NotTerminating"], {"containers": [container("1")]}, True),
        (["PriorityClass"], {"priorityClassName": "high"}, True),
    ],
)
def test_scopes(scopes: list[str], spec: dict[str, Any], expected: bool) -> None:
    assert quota_matches({"spec": {"scopes": scopes}}, {"spec": spec}) is expected


def test_scope_selector() -> None:
    expression = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    quota = {"spec": {"scopeSelector": {"matchExpressions": [expression]}}}
    assert quota_matches(quota, {"spec": {"priorityClassName": "high"}})
    assert not quota_matches(quota, {"spec": {"priorityClassName": "low"}})


async def test_the_loop_gives_back_what_is_deleted(bench: Bench) -> None:
    bench.discoverable(core.ConfigMap, core.Pod)
    hard = {"pods": "5", "configmaps": "10", "services": "2"}
    spec = core.ResourceQuotaSpec(hard=hard)
    bench.api.add(core.ResourceQuota(metadata=ObjectMeta(name="q", namespace="default"), spec=spec))
    bench.api.add(pod("a", ready=True, node="n1"))
    bench.api.add(core.ConfigMap(metadata=ObjectMeta(name="c", namespace="default")))
    await bench.start(ResourceQuotaController)
    status = bench.api.get(core.ResourceQuota, "q", "default").status
    assert (status.hard, status.used) == (hard, {"pods": "1", "configmaps": "1", "services": "0"})
    bench.api.remove(core.Pod, "a", "default")
    bench.api.remove(core.ConfigMap, "c", "default")
    await bench.rest("6s")
    status = bench.api.get(core.ResourceQuota, "q", "default").status
    assert status.used == {"pods": "0", "configmaps": "0", "services": "0"}
