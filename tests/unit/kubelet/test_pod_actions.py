"""The kubelet's decision, as a table: what runs, what the spec says, what is to be done."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.actions import PodActions, ProbeView, compute_pod_actions, next_backoff
from minik8s.kubelet.observed import LABEL_BACKOFF, Observed, container_hash
from minik8s.kubelet.runtimes.base import (
    LABEL_CONTAINER_HASH,
    ContainerState,
    ContainerStatus,
    SandboxState,
    SandboxStatus,
)

NOW = 1000.0
READY = SandboxStatus("s0", SandboxState.READY, "web", "default", "u", ips=("10.0.0.5",))
DEAD = SandboxStatus("s0", SandboxState.NOT_READY, "web", "default", "u")


def pod(**spec: Any) -> core.Pod:
    body = {"containers": [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}], "restartPolicy": "Always", **spec}
    return core.Pod.from_dict({"metadata": {"name": "web", "namespace": "default", "uid": "u"}, "spec": body})


def running(name: str, **fields: Any) -> ContainerStatus:
    return ContainerStatus(f"id-{name}", name, "s0", "u", ContainerState.RUNNING, created_at=900.0, **fields)


def exited(name: str, code: int = 0, ended: float = 950.0, **fields: Any) -> ContainerStatus:
    return ContainerStatus(
        f"id-{name}-{ended:g}", name, "s0", "u", ContainerState.EXITED,
        created_at=940.0, finished_at=ended, exit_code=code, **fields,
    )  # fmt: skip


def decide(
    spec: core.Pod, *containers: ContainerStatus, sandbox: SandboxStatus | None = READY, **kw: Any
) -> PodActions:
    observed = Observed.of([sandbox] if sandbox else [], containers)
    return compute_pod_actions(spec, observed, NOW, **kw)


def test_a_new_pod_gets_a_sandbox_and_its_containers() -> None:
    actions = decide(pod(), sandbox=None)
    assert (actions.create_sandbox, actions.sandbox_attempt, actions.to_start) == (True, 0, ["a", "b"])


def test_a_new_pod_with_init_containers_starts_the_first_only() -> None:
    spec = pod(initContainers=[{"name": "i1", "image": "i"}, {"name": "i2", "image": "i"}])
    actions = decide(spec, sandbox=None)
    assert (actions.init_to_start, actions.to_start) == (["i1"], [])


def test_nothing_is_done_when_all_runs() -> None:
    assert decide(pod(), running("a"), running("b")).idle


@pytest.mark.parametrize(
    ("policy", "code", "restarted"),
    [("Always", 0, True), ("Always", 1, True), ("OnFailure", 0, False), ("OnFailure", 1, True),
     ("Never", 0, False), ("Never", 1, False)],
)  # fmt: skip
def test_restart_policies(policy: str, code: int, restarted: bool) -> None:
    actions = decide(pod(restartPolicy=policy), running("a"), exited("b", code))
    assert actions.to_start == (["b"] if restarted else [])
    assert not actions.kill_pod


@pytest.mark.parametrize("policy", ["OnFailure", "Never"])
def test_a_pod_whose_containers_have_all_ended_is_killed(policy: str) -> None:
    actions = decide(pod(restartPolicy=policy), exited("a"), exited("b"))
    assert actions.kill_pod and not actions.create_sandbox and not actions.starts


def test_a_dead_sandbox_is_replaced_with_everything_in_it() -> None:
    actions = decide(pod(), exited("a", 137), exited("b", 137), sandbox=DEAD)
    assert actions.kill_pod and actions.create_sandbox
    assert actions.sandbox_attempt == 1 and actions.to_start == ["a", "b"]


def test_a_dead_sandbox_of_a_pod_that_ran_once_is_not_replaced() -> None:
    actions = decide(pod(restartPolicy="Never"), exited("a", 137), exited("b"), sandbox=DEAD)
    assert actions.kill_pod and not actions.create_sandbox


def test_init_containers_go_on_after_the_last_that_ended_well() -> None:
    spec = pod(initContainers=[{"name": f"i{n}", "image": "i"} for n in (1, 2, 3)])
    assert decide(spec, exited("i1")).init_to_start == ["i2"]
    assert decide(spec, exited("i1"), running("i2")).idle
    assert decide(spec, exited("i2")).init_to_start == ["i3"]  # the record of i1 was cleaned away
    done = decide(spec, exited("i1"), exited("i2"), exited("i3"))
    assert (done.init_to_start, done.to_start) == ([], ["a", "b"])


def test_a_failed_init_container_is_tried_again_or_ends_the_pod() -> None:
    inits = [{"name": "i1", "image": "i"}]
    assert decide(pod(initContainers=inits), exited("i1", 1)).init_to_start == ["i1"]
    never = decide(pod(initContainers=inits, restartPolicy="Never"), exited("i1", 1))
    assert never.kill_pod and not never.starts


SIDECARS = [{"name": "s", "image": "i", "restartPolicy": "Always"}, {"name": "i2", "image": "i"}]


def test_a_running_sidecar_lets_the_next_one_start() -> None:
    spec = pod(initContainers=SIDECARS)
    assert decide(spec, running("s")).init_to_start == ["i2"]
    assert decide(spec, running("s"), exited("i2")).to_start == ["a", "b"]


def test_a_dead_sidecar_is_started_again_beside_running_containers() -> None:
    spec = pod(initContainers=SIDECARS)
    actions = decide(spec, exited("s", 1), exited("i2"), running("a"), running("b"))
    assert (actions.init_to_start, actions.to_start) == (["s"], [])


def test_a_sidecar_with_a_startup_probe_holds_the_next_back() -> None:
    slow = [{**SIDECARS[0], "startupProbe": {"tcpSocket": {"port": 80}}}, SIDECARS[1]]
    spec = pod(initContainers=slow)
    assert decide(spec, running("s")).idle
    passed = ProbeView(startup_succeeded=frozenset({"id-s"}))
    assert decide(spec, running("s"), probes=passed).init_to_start == ["i2"]
    failed = decide(spec, running("s"), probes=ProbeView(startup_failed=frozenset({"id-s"})))
    assert [k.message for k in failed.to_kill] == ["Init container s failed startup probe"]


def test_sidecars_do_not_keep_a_finished_pod_alive() -> None:
    spec = pod(initContainers=SIDECARS, restartPolicy="Never")
    actions = decide(spec, running("s"), exited("i2"), exited("a"), exited("b"))
    assert actions.kill_pod and not actions.starts


def test_a_failed_liveness_probe_kills_and_restarts() -> None:
    failed = ProbeView(liveness_failed=frozenset({"id-a"}))
    actions = decide(pod(), running("a"), running("b"), probes=failed)
    assert [(k.container_id, k.message, k.probe) for k in actions.to_kill] == [
        ("id-a", "Container a failed liveness probe, will be restarted", "liveness")
    ]
    assert actions.to_start == ["a"]
    never = decide(pod(restartPolicy="Never"), running("a"), running("b"), probes=failed)
    assert [k.message for k in never.to_kill] == ["Container a failed liveness probe"] and not never.to_start


def test_another_image_means_another_container_whatever_the_policy() -> None:
    spec = pod(restartPolicy="Never")
    current = running("a", labels={LABEL_CONTAINER_HASH: container_hash(spec.spec.containers[0])})
    assert decide(spec, current, running("b")).idle
    spec.spec.containers[0].image = "other"
    actions = decide(spec, current, running("b"))
    assert actions.to_kill[0].message == "Container a definition changed, will be restarted"
    assert actions.to_start == ["a"]


def test_ephemeral_containers_start_once() -> None:
    spec = pod(ephemeralContainers=[{"name": "e", "image": "i"}])
    assert decide(spec, running("a"), running("b")).ephemeral_to_start == ["e"]
    assert decide(spec, running("a"), running("b"), exited("e", 1)).ephemeral_to_start == []


def test_a_pod_that_is_being_deleted_starts_nothing() -> None:
    spec = pod()
    spec.metadata.deletion_timestamp = "2026-01-01T00:00:00Z"
    assert decide(spec, running("a"), exited("b", 1)).to_start == []


@pytest.mark.parametrize(
    ("label", "ended", "due"),
    [("0", 999.0, None), ("10", 995.0, 1005.0), ("10", 985.0, None), ("300", 900.0, 1200.0)],
)
def test_a_crashed_container_waits_as_its_label_says(label: str, ended: float, due: float | None) -> None:
    actions = decide(pod(), exited("a", 1, ended, labels={LABEL_BACKOFF: label}), running("b"))
    assert actions.backing_off == ({"a": due} if due else {})
    assert actions.to_start == ([] if due else ["a"])


def test_back_off_doubles_to_five_minutes_and_is_forgotten_after_ten() -> None:
    delays, label = [], "0"
    for _ in range(8):
        dead = exited("a", 1, labels={LABEL_BACKOFF: label})
        delays.append(next_backoff(Observed.of([READY], [dead]), "a"))
        label = str(delays[-1])
    assert delays == [10, 20, 40, 80, 160, 300, 300, 300]
    veteran = exited("a", 1, ended=940.0 + 601, labels={LABEL_BACKOFF: "300"})
    assert next_backoff(Observed.of([READY], [veteran]), "a") == 10


def test_what_failed_a_moment_ago_is_held_back() -> None:
    actions = decide(pod(), running("a"), not_before={"b": NOW + 3})
    assert actions.to_start == [] and actions.backing_off == {"b": NOW + 3}
