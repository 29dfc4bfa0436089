"""From what the runtime shows to PodStatus."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.container_status import ContainerFacts, Waiting
from minik8s.kubelet.observed import Observed
from minik8s.kubelet.qos import oom_score, qos_class
from minik8s.kubelet.runtimes.base import (
    LABEL_RESTART_COUNT,
    ContainerState,
    ContainerStatus,
    SandboxState,
    SandboxStatus,
)
from minik8s.kubelet.status import (
    NodeFacts,
    StatusFacts,
    Verdict,
    compute_phase,
    compute_pod_status,
    compute_status_patch,
)

READY = SandboxStatus("s0", SandboxState.READY, "web", "default", "u", ips=("10.0.0.5",))
NOW = 1_767_225_600.0


def pod(status: dict[str, Any] | None = None, **spec: Any) -> core.Pod:
    body = {"containers": [{"name": "a", "image": "i"}], "restartPolicy": "Always", **spec}
    meta = {"name": "web", "namespace": "default", "uid": "u"}
    return core.Pod.from_dict({"metadata": meta, "spec": body, "status": status or {}})


def seen(name: str, state: ContainerState, code: int = 0, attempt: int = 0, **fields: Any) -> ContainerStatus:
    return ContainerStatus(
        f"id-{name}-{attempt}", name, "s0", "u", state, attempt=attempt, image="i", image_ref="fake://i",
        created_at=NOW - 10, started_at=NOW - 9, finished_at=NOW - 1 if state == ContainerState.EXITED else 0,
        exit_code=code, labels={LABEL_RESTART_COUNT: str(attempt)}, **fields,
    )  # fmt: skip


RUN, END = ContainerState.RUNNING, ContainerState.EXITED


def status(spec: core.Pod, *containers: ContainerStatus, **facts: Any) -> core.PodStatus:
    ended = facts.pop("ended", False)
    verdict = facts.pop("verdict", None)
    given = StatusFacts(NodeFacts(("192.0.2.1",)), ContainerFacts(ended=ended, **facts), verdict, NOW - 20, ended)
    return compute_pod_status(spec, Observed.of([READY], containers), given, NOW)


def conditions(of: core.PodStatus) -> dict[str, str]:
    return {c.type: c.status for c in of.conditions}


def test_a_pod_that_was_just_bound() -> None:
    result = compute_pod_status(pod(), Observed(), StatusFacts(NodeFacts(("192.0.2.1",)), start_time=NOW), NOW)
    assert result.phase == "Pending" and result.pod_ip is None and result.host_ip == "192.0.2.1"
    assert result.container_statuses[0].state.waiting.reason == "ContainerCreating"
    assert conditions(result) == {
        "PodReadyToStartContainers": "False", "Initialized": "True", "Ready": "False", "ContainersReady": "False",
        "PodScheduled": "True",
    }  # fmt: skip
    assert result.conditions[2].message == "containers with unready status: [a]"


def test_a_running_pod() -> None:
    result = status(pod(), seen("a", RUN))
    assert result.phase == "Running" and set(conditions(result).values()) == {"True"}
    (container,) = result.container_statuses
    assert container.container_id == "fake://id-a-0" and container.image_id == "fake://i"
    assert container.state.running.started_at == "2025-12-31T23:59:51Z"
    assert [ip.ip for ip in result.pod_ips] == ["10.0.0.5"]


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Always", 1, "Running"), ("OnFailure", 0, "Succeeded"), ("OnFailure", 1, "Running"),
     ("Never", 0, "Succeeded"), ("Never", 1, "Failed")],
)  # fmt: skip
def test_phases_of_a_pod_whose_container_has_ended(policy: str, code: int, phase: str) -> None:
    assert status(pod(restartPolicy=policy), seen("a", END, code)).phase == phase


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (143, "Failed")])
def test_a_stopped_pod_has_an_end_whatever_its_policy(code: int, phase: str) -> None:
    assert status(pod(), seen("a", END, code), ended=True).phase == phase


def test_a_crash_loop_waits_and_remembers_how_it_ended() -> None:
    why = {"a": Waiting("CrashLoopBackOff", "back-off 10s")}
    result = status(pod(), seen("a", END, 3, attempt=1), seen("a", END, 2), waiting=why)
    (container,) = result.container_statuses
    assert container.state.waiting.reason == "CrashLoopBackOff" and container.state.terminated is None
    assert container.last_state.terminated.exit_code == 3 and container.restart_count == 1
    assert result.phase == "Running"


def test_a_pod_that_may_not_restart_shows_its_end_not_a_wait() -> None:
    why = {"a": Waiting("CrashLoopBackOff")}
    result = status(pod(restartPolicy="Never"), seen("a", END, 3), waiting=why)
    assert result.container_statuses[0].state.terminated.exit_code == 3


def test_termination_messages_and_reasons_are_shown() -> None:
    result = status(pod(restartPolicy="Never"), seen("a", END, 137, reason="OOMKilled"), messages={"id-a-0": "bye"})
    ended = result.container_statuses[0].state.terminated
    assert (ended.reason, ended.message, ended.exit_code) == ("OOMKilled", "bye", 137)


def test_readiness_and_startup_probes_decide() -> None:
    probes = {"readinessProbe": {"tcpSocket": {"port": 1}}, "startupProbe": {"tcpSocket": {"port": 1}}}
    spec = pod(containers=[{"name": "a", "image": "i", **probes}])
    for readiness, startup, expected in [
        ({}, {}, (False, False)),
        ({"id-a-0": True}, {}, (False, False)),
        ({}, {"id-a-0": True}, (True, False)),
        ({"id-a-0": True}, {"id-a-0": True}, (True, True)),
        ({"id-a-0": False}, {"id-a-0": True}, (True, False)),
    ]:
        (container,) = status(spec, seen("a", RUN), readiness=readiness, startup=startup).container_statuses
        assert (container.started, container.ready) == expected


def test_readiness_gates() -> None:
    gated = pod(readinessGates=[{"conditionType": "x/y"}])
    ready = next(c for c in status(gated, seen("a", RUN)).conditions if c.type == "Ready")
    assert ready.reason == "ReadinessGatesNotReady"
    assert ready.message == 'corresponding condition of pod readiness gate "x/y" does not exist.'
    gated.status.conditions = [core.PodCondition(type="x/y", status="True")]
    assert conditions(status(gated, seen("a", RUN)))["Ready"] == "True"


def test_transition_times_stay_while_the_status_stays() -> None:
    old = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    result = status(pod({"conditions": [old]}), seen("a", RUN))
    times = {c.type: c.last_transition_time for c in result.conditions}
    assert times["Ready"] == "2020-01-01T00:00:00Z" and times["Initialized"] == "2026-01-01T00:00:00Z"


def test_an_end_is_final() -> None:
    assert status(pod({"phase": "Failed", "reason": "Evicted"}), seen("a", RUN)).phase == "Failed"


def test_a_verdict_fails_the_pod() -> None:
    result = status(pod(), seen("a", END, 143), ended=True, verdict=Verdict("Evicted", "low on memory"))
    assert (result.phase, result.reason, result.message) == ("Failed", "Evicted", "low on memory")


def test_a_container_that_vanished_while_the_pod_was_stopped() -> None:
    old = {"containerStatuses": [
        {"name": "a", "image": "i", "imageID": "", "ready": True, "restartCount": 2, "containerID": "fake://x",
         "state": {"running": {}}}]}  # fmt: skip
    ended = status(pod(old), ended=True).container_statuses[0].state.terminated
    assert (ended.reason, ended.exit_code) == ("ContainerStatusUnknown", 137)


def test_init_containers_and_sidecars() -> None:
    spec = pod(initContainers=[{"name": "i", "image": "i"}, {"name": "s", "image": "i", "restartPolicy": "Always"}])
    first = status(spec, seen("i", RUN))
    assert first.phase == "Pending" and first.container_statuses[0].state.waiting.reason == "PodInitializing"
    assert conditions(first)["Initialized"] == "False"
    both = status(spec, seen("i", END), seen("s", RUN), seen("a", RUN))
    assert both.phase == "Running" and conditions(both)["Initialized"] == "True"
    assert [c.ready for c in both.init_container_statuses] == [True, True]
    waiting = status(spec, seen("i", END), seen("s", RUN))
    assert waiting.phase == "Pending"


def test_phase_of_a_failed_init_container() -> None:
    spec = pod(restartPolicy="Never", initContainers=[{"name": "i", "image": "i"}])
    result = status(spec, seen("i", END, 1))
    assert compute_phase(spec, [*result.init_container_statuses, *result.container_statuses]) == "Failed"


def test_the_patch_says_only_what_changed_and_whom_it_means() -> None:
    old = status(pod(), seen("a", RUN))
    assert compute_status_patch("u", old, old.model_copy(deep=True)) is None
    spec = pod()
    spec.status = old
    new = status(spec, seen("a", END, 1))
    patch = compute_status_patch("u", old, new)
    assert patch is not None and patch["metadata"] == {"uid": "u"}
    assert set(patch["status"]) == {"containerStatuses", "conditions"}
    assert {c["type"] for c in patch["status"]["conditions"]} == {"Ready", "ContainersReady"}


def test_the_patch_leaves_conditions_of_others_alone() -> None:
    old = core.PodStatus(conditions=[core.PodCondition(type="x/y", status="True")], phase="Running")
    patch = compute_status_patch("u", old, core.PodStatus(phase="Running"))
    assert patch is None


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Mi"}}, "Burstable"),
        ({"limits": {"nvidia.com/gpu": "1"}}, "BestEffort"),
    ],
)
def test_quality_of_service(resources: dict[str, Any], expected: str) -> None:
    spec = pod(containers=[{"name": "a", "image": "i", "resources": resources}])
    assert qos_class(spec) == expected


def test_the_kernel_kills_the_best_effort_pod_first() -> None:
    half = pod(containers=[{"name": "a", "image": "i", "resources": {"requests": {"memory": "512Mi"}}}])
    assert oom_score(half, half.spec.containers[0], 1 << 30) == 500
    assert oom_score(pod(), pod().spec.containers[0], 1 << 30) == 1000
