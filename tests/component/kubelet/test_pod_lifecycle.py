"""A pod's whole life on one node: started, restarted, adopted, stopped."""

from __future__ import annotations

from typing import Any

from minik8s.api import core


async def test_a_pod_becomes_ready_and_its_status_says_how(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod())
    status = await rig.status()
    assert status.phase == "Running"
    assert rig.condition(status, "Ready").status == "True"
    assert rig.condition(status, "PodReadyToStartContainers").status == "True"
    assert status.pod_ip == "10.244.0.2"
    assert status.host_ip == "10.0.0.1"
    assert status.qos_class == "BestEffort"
    (container,) = status.container_statuses
    assert container.ready and container.started and container.restart_count == 0
    assert container.container_id.startswith("fake://")
    reasons = [reason for reason, _ in await rig.events()]
    assert {"Pulling", "Pulled", "Created", "Started"} <= set(reasons)


async def test_a_crash_loop_is_timed_as_upstream_times_it(rig: Any) -> None:
    rig.behave("app", run_for=1.0, exit_code=3)
    await rig.start()
    await rig.add(rig.make_pod())
    begun = rig.clock.now()
    starts = []
    for _ in range(400):
        now = [round(c.status.started_at - begun) for c in rig.runtime.containers.values()]
        starts = sorted({*starts, *now})
        await rig.clock.advance("1s")
    # each runs a second; the waits between are 0, 10, 20, 40, 80, 160
    assert starts[:7] == [0, 1, 12, 33, 74, 155, 316]
    status = await rig.status()
    (container,) = status.container_statuses
    assert container.state.waiting.reason == "CrashLoopBackOff"
    assert container.state.waiting.message == ("back-off 5m0s restarting failed container=app pod=web_default(uid-web)")
    assert container.last_state.terminated.exit_code == 3
    assert container.restart_count == 6
    assert status.phase == "Running"
    assert ("BackOff", "Back-off restarting failed container app in pod web_default(uid-web)") in await rig.events()


async def test_a_restarted_kubelet_adopts_what_runs(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod())
    before = await rig.status()
    made = rig.runtime.calls["create_container"]
    await rig.restart()
    await rig.clock.advance("2m")
    after = await rig.status()
    assert rig.runtime.calls["create_container"] == made
    assert after.container_statuses == before.container_statuses
    assert after.pod_ip == before.pod_ip and after.start_time == before.start_time


async def test_a_crash_loop_survives_a_kubelet_restart(rig: Any) -> None:
    rig.behave("app", run_for=1.0, exit_code=1)
    await rig.start()
    await rig.add(rig.make_pod())
    await rig.clock.advance("15s")  # the third container ran from 12 to 13 and now waits 20 s
    assert (await rig.status()).container_statuses[0].restart_count == 2
    await rig.restart()
    await rig.clock.advance("10s")
    assert (await rig.status()).container_statuses[0].restart_count == 2
    await rig.clock.advance("9s")
    assert (await rig.status()).container_statuses[0].restart_count == 3


async def test_graceful_deletion_waits_for_the_container(rig: Any) -> None:
    rig.behave("app", stop_seconds=5.0)
    await rig.start()
    await rig.add(rig.make_pod())
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=30)
    await rig.clock.advance("4s")
    assert await rig.exists()
    assert rig.runtime.sandboxes
    await rig.clock.advance("2s")
    assert not await rig.exists()
    assert not rig.runtime.sandboxes and not rig.runtime.containers
    assert ("Killing", "Stopping container app") in await rig.events()


async def test_a_second_deletion_shortens_the_wait(rig: Any) -> None:
    rig.behave("app", stop_seconds=100.0)
    await rig.start()
    await rig.add(rig.make_pod())
    assert await rig.exists()
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=60)
    await rig.clock.advance("5s")
    assert await rig.exists()
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=2)
    await rig.clock.advance("3s")
    assert not await rig.exists()


async def test_a_job_pod_succeeds_and_keeps_its_record_until_deleted(rig: Any) -> None:
    rig.behave("app", run_for=3.0, exit_code=0)
    await rig.start()
    await rig.add(rig.make_pod(restartPolicy="Never"))
    await rig.clock.advance("5s")
    status = await rig.status()
    assert status.phase == "Succeeded"
    assert status.container_statuses[0].state.terminated.reason == "Completed"
    assert rig.condition(status, "Ready").reason == "PodCompleted"
    assert len(rig.runtime.containers) == 1  # for its logs
    await rig.restart()
    await rig.clock.advance("5m")
    assert rig.runtime.calls["create_container"] == 1
    assert (await rig.status()).phase == "Succeeded"
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=0)
    await rig.clock.advance("1s")
    assert not rig.runtime.containers and not rig.runtime.sandboxes


async def test_init_containers_run_in_order_and_sidecars_stay(rig: Any) -> None:
    rig.behave("first", run_for=2.0, exit_code=0)
    rig.behave("third", run_for=2.0, exit_code=0)
    await rig.start()
    inits = [
        {"name": "first", "image": "i:1"},
        {"name": "side", "image": "i:1", "restartPolicy": "Always"},
        {"name": "third", "image": "i:1"},
    ]
    await rig.add(rig.make_pod(initContainers=inits))

    def names() -> list[str]:
        return sorted(c.config.name for c in rig.runtime.containers.values())

    assert names() == ["first"]
    status = await rig.status()
    assert status.phase == "Pending"
    assert status.container_statuses[0].state.waiting.reason == "PodInitializing"
    assert rig.condition(status, "Initialized").message == "containers with incomplete status: [first side third]"
    await rig.clock.advance("3s")
    assert names() == ["first", "side", "third"]
    await rig.clock.advance("3s")
    assert names() == ["app", "first", "side", "third"]
    status = await rig.status()
    assert status.phase == "Running"
    assert rig.condition(status, "Initialized").status == "True"
    assert rig.condition(status, "Ready").status == "True"


async def test_a_failed_init_container_ends_a_pod_that_may_not_restart(rig: Any) -> None:
    rig.behave("first", run_for=1.0, exit_code=7)
    await rig.start()
    await rig.add(rig.make_pod(restartPolicy="Never", initContainers=[{"name": "first", "image": "i:1"}]))
    await rig.clock.advance("2s")
    status = await rig.status()
    assert status.phase == "Failed"
    assert status.init_container_statuses[0].state.terminated.exit_code == 7


async def test_an_unknown_pod_on_the_runtime_is_stopped(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod())
    await rig.stop()
    rig.api.remove(core.Pod, "web", "default")
    await rig.start()
    await rig.clock.advance("40s")
    assert not rig.runtime.containers and not rig.runtime.sandboxes


async def test_a_dead_sandbox_is_replaced_and_restarts_are_counted(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod())
    rig.runtime.crash_node()
    await rig.clock.advance("30s")
    status = await rig.status()
    assert status.phase == "Running" and rig.condition(status, "Ready").status == "True"
    assert status.container_statuses[0].restart_count == 1
    assert status.pod_ip


async def test_a_new_image_replaces_the_container(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod())
    pod = await rig.pod()
    pod.spec.containers[0].image = "app:2"
    await rig.client.update(pod)
    await rig.clock.advance("35s")
    status = await rig.status()
    assert status.container_statuses[0].image == "app:2"
    assert status.container_statuses[0].restart_count == 1
    assert ("Killing", "Container app definition changed, will be restarted") in await rig.events()


async def test_the_active_deadline_ends_a_pod(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod(activeDeadlineSeconds=20))
    await rig.clock.advance("19s")
    assert (await rig.status()).phase == "Running"
    await rig.clock.advance("35s")
    status = await rig.status()
    assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")


async def test_image_pulls_back_off(rig: Any) -> None:
    rig.behave("app:1", pull_error="no such image")
    await rig.start()
    await rig.add(rig.make_pod())
    status = await rig.status()
    assert status.container_statuses[0].state.waiting.reason == "ErrImagePull"
    assert status.phase == "Pending"
    await rig.clock.advance("3s")
    assert (await rig.status()).container_statuses[0].state.waiting.reason == "ImagePullBackOff"
    rig.behave("app:1")
    await rig.clock.advance("20s")
    assert (await rig.status()).phase == "Running"


async def test_a_kubelet_that_dies_between_create_and_start_costs_no_restart(rig: Any) -> None:
    await rig.start()
    rig.runtime.delay("start_container", 60.0)
    await rig.add(rig.make_pod())
    assert [c.status.state for c in rig.runtime.containers.values()] == ["created"]
    await rig.stop()
    rig.runtime.delay("start_container", 0.0)
    await rig.start()
    await rig.clock.advance("1s")
    status = await rig.status()
    assert status.phase == "Running" and status.container_statuses[0].restart_count == 0
    assert len(rig.runtime.containers) == 1


async def test_pre_stop_and_post_start_hooks(rig: Any) -> None:
    ran: list[str] = []

    def run(command: Any) -> Any:
        from minik8s.kubelet.runtimes.base import ExecResult

        ran.append(" ".join(command))
        return ExecResult(0, b"", b"")

    rig.behave("app", exec=run, stop_seconds=1.0)
    hooks = {"postStart": {"exec": {"command": ["hello"]}}, "preStop": {"exec": {"command": ["bye"]}}}
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "lifecycle": hooks}
    await rig.start()
    await rig.add(rig.make_pod(containers=[app]))
    assert ran == ["hello"]
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=10)
    await rig.clock.advance("500ms")
    assert ran == ["hello", "bye"] and await rig.exists()
    await rig.clock.advance("2s")
    assert not await rig.exists()


async def test_a_pre_stop_hook_spends_from_the_grace_period(rig: Any) -> None:
    rig.behave("app", exec_seconds=100.0, stop_seconds=None)
    hooks = {"preStop": {"exec": {"command": ["slow"]}}}
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "lifecycle": hooks}
    await rig.start()
    await rig.add(rig.make_pod(containers=[app]))
    await rig.client.delete(core.Pod, "web", "default", grace_period_seconds=10)
    await rig.clock.advance("11s")
    assert await rig.exists()
    await rig.clock.advance("2s")  # two seconds are left to the stop signal, whatever the hook took
    assert not await rig.exists()


async def test_a_failed_post_start_hook_kills_the_container(rig: Any) -> None:
    rig.behave("app", exec_exit_code=5)
    hooks = {"postStart": {"exec": {"command": ["no"]}}}
    app = {"name": "app", "image": "app:1", "imagePullPolicy": "IfNotPresent", "lifecycle": hooks}
    await rig.start()
    await rig.add(rig.make_pod(containers=[app]))
    await rig.clock.advance("2s")
    assert (await rig.status()).container_statuses[0].ready is False
    reasons = [reason for reason, _ in await rig.events()]
    assert "FailedPostStartHook" in reasons and "Killing" in reasons


async def test_readiness_gates_of_others_make_a_pod_ready(rig: Any) -> None:
    await rig.start()
    await rig.add(rig.make_pod(readinessGates=[{"conditionType": "example.test/lb"}]))
    assert rig.condition(await rig.status(), "Ready").reason == "ReadinessGatesNotReady"
    body = {"status": {"conditions": [{"type": "example.test/lb", "status": "True"}]}}
    await rig.client.patch(core.Pod, "web", "default", body, type="strategic", subresource="status")
    await rig.clock.advance("1s")
    status = await rig.status()
    assert rig.condition(status, "Ready").status == "True"
    assert rig.condition(status, "example.test/lb").status == "True"  # not ours, and still there
