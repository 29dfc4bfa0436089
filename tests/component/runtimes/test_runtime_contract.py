"""The runtime contract: what the kubelet may rely on, whatever runs its containers (kubelet/runtimes/base.py).

Every test runs on the fake, the process (with and without root's namespaces) and the Docker runtime. A test that
needs a capability is skipped, by name, on a runtime that says it has not got it.
"""

from __future__ import annotations

import asyncio
import time

import pytest
from harness import Harness, Scripts

from minik8s.kubelet.runtimes import base, make_runtime
from minik8s.kubelet.runtimes.base import ContainerState as State
from minik8s.kubelet.runtimes.base import EventType, SandboxState


def needs(rt: Harness, *capabilities: str, real: bool = True) -> None:
    """Skips where the runtime has not got it (or only pretends)."""
    missing = set(capabilities) - rt.capabilities
    if missing or (real and not rt.real):
        pytest.skip(f"{rt.kind}: no {', '.join(sorted(missing)) or 'real processes'}")


# sandboxes
async def test_a_sandbox_is_ready_and_listed(rt: Harness) -> None:
    before = time.time()
    sandbox = await rt.sandbox(labels={"mine": "yes"}, annotations={"note": "kept"}, attempt=2)
    assert sandbox.state is SandboxState.READY
    assert before - 2 < sandbox.created_at < time.time() + 2
    (listed,) = await rt.runtime.list_sandboxes(sandbox.pod_uid)
    assert listed == sandbox
    assert (listed.labels["mine"], listed.annotations["note"], listed.attempt) == ("yes", "kept", 2)
    assert listed.labels[base.LABEL_POD_NAME] == sandbox.pod_name
    assert await rt.runtime.sandbox_status(sandbox.id) == sandbox


async def test_pods_have_addresses_of_their_own(rt: Harness) -> None:
    needs(rt, "network", real=False)
    one, two = await rt.sandbox(), await rt.sandbox()
    assert one.ip and two.ip and one.ip != two.ip


async def test_a_host_network_pod_has_none(rt: Harness) -> None:
    sandbox = await rt.sandbox(host_network=True)
    assert sandbox.ips == () and sandbox.host_network


async def test_a_stopped_sandbox_is_not_ready_and_its_containers_are_dead(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    identifier = await rt.start(Scripts.FOREVER, sandbox)
    await rt.runtime.stop_sandbox(sandbox.id)
    status = await rt.runtime.sandbox_status(sandbox.id)
    assert status.state is SandboxState.NOT_READY and status.ips == ()
    assert (await rt.ended(identifier)).exit_code == 137
    await rt.runtime.stop_sandbox(sandbox.id)


async def test_a_removed_sandbox_takes_its_containers_along(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    identifier = await rt.start(Scripts.FOREVER, sandbox)
    await rt.runtime.remove_sandbox(sandbox.id)
    assert await rt.runtime.list_sandboxes(sandbox.pod_uid) == []
    assert await rt.runtime.list_containers(sandbox.pod_uid) == []
    with pytest.raises(base.ContainerNotFound):
        await rt.runtime.sandbox_status(sandbox.id)
    with pytest.raises(base.ContainerNotFound):
        await rt.runtime.container_status(identifier)
    await rt.runtime.remove_sandbox(sandbox.id)


async def test_an_address_is_free_again_after_its_pod(rt: Harness) -> None:
    needs(rt, "network", real=False)
    first = await rt.sandbox()
    await rt.runtime.remove_sandbox(first.id)
    seen = {(await rt.sandbox()).ip for _ in range(2)}
    assert first.ip in seen


async def test_two_sandboxes_of_one_attempt_are_refused(rt: Harness) -> None:
    sandbox = await rt.sandbox(pod_uid="twice", pod_name="twice")
    with pytest.raises(base.CreateContainerError):
        await rt.sandbox(pod_uid="twice", pod_name="twice")
    assert [s.id for s in await rt.runtime.list_sandboxes("twice")] == [sandbox.id]


# life and death
async def test_created_then_running(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    config = rt.config(Scripts.FOREVER, labels={"a": "1"}, annotations={"b": "2"}, attempt=4)
    identifier = await rt.runtime.create_container(sandbox.id, config)
    created = await rt.runtime.container_status(identifier)
    assert created.state is State.CREATED and created.started_at == 0.0
    before = time.time()
    await rt.runtime.start_container(identifier)
    running = await rt.runtime.container_status(identifier)
    assert running.state is State.RUNNING and before - 2 < running.started_at < time.time() + 2
    assert (running.name, running.sandbox_id, running.pod_uid) == ("app", sandbox.id, sandbox.pod_uid)
    assert (running.labels["a"], running.annotations["b"], running.attempt) == ("1", "2", 4)
    assert running.image == rt.image and running.image_ref
    assert [c.id for c in await rt.runtime.list_containers(sandbox.pod_uid)] == [identifier]


async def test_exit_code_zero_is_completed(rt: Harness) -> None:
    status = await rt.ended(await rt.start(Scripts.DONE))
    assert (status.exit_code, status.reason, status.pid) == (0, "Completed", 0)
    assert status.finished_at >= status.started_at > 0


async def test_another_exit_code_is_an_error(rt: Harness) -> None:
    status = await rt.ended(await rt.start(Scripts.FAIL))
    assert (status.exit_code, status.reason) == (3, "Error")


async def test_a_list_has_the_exit_codes_too(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    await rt.ended(await rt.start(Scripts.FAIL, sandbox))
    (listed,) = await rt.runtime.list_containers(sandbox.pod_uid)
    assert (listed.state, listed.exit_code) == (State.EXITED, 3)


async def test_stop_lets_a_polite_process_end_itself(rt: Harness) -> None:
    identifier = await rt.start(Scripts.POLITE)
    await rt.logged(identifier, b"ready")
    before = time.monotonic()
    await rt.runtime.stop_container(identifier, 20)
    assert time.monotonic() - before < 10
    assert (await rt.runtime.container_status(identifier)).exit_code == 7


async def test_stop_kills_after_the_grace_period(rt: Harness) -> None:
    if rt.kind == "plain":
        pytest.skip("plain: a process that is not pid 1 does not ignore SIGTERM")
    identifier = await rt.start(Scripts.FOREVER)
    before = time.monotonic()
    await rt.runtime.stop_container(identifier, 1)
    assert 0.9 < time.monotonic() - before < 8
    assert (await rt.runtime.container_status(identifier)).exit_code == 137


async def test_stop_without_grace_kills_at_once(rt: Harness) -> None:
    identifier = await rt.start(Scripts.POLITE)
    await rt.runtime.stop_container(identifier, 0)
    assert (await rt.runtime.container_status(identifier)).exit_code == 137


async def test_a_shorter_grace_overtakes_a_longer_one(rt: Harness) -> None:
    if rt.kind == "plain":
        pytest.skip("plain: a process that is not pid 1 does not ignore SIGTERM")
    identifier = await rt.start(Scripts.FOREVER)
    slow = asyncio.create_task(rt.runtime.stop_container(identifier, 60))
    await asyncio.sleep(0)
    await asyncio.wait_for(rt.runtime.stop_container(identifier, 1), 10)
    await asyncio.wait_for(slow, 10)
    assert (await rt.runtime.container_status(identifier)).exit_code == 137


async def test_stop_and_remove_are_idempotent(rt: Harness) -> None:
    identifier = await rt.start(Scripts.DONE)
    await rt.ended(identifier)
    await rt.runtime.stop_container(identifier, 5)
    await rt.runtime.remove_container(identifier)
    await rt.runtime.remove_container(identifier)
    await rt.runtime.stop_container(identifier, 5)
    with pytest.raises(base.ContainerNotFound):
        await rt.runtime.container_status(identifier)


async def test_remove_kills_what_runs(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    identifier = await rt.start(Scripts.FOREVER, sandbox)
    await rt.runtime.remove_container(identifier)
    assert await rt.runtime.list_containers(sandbox.pod_uid) == []
    assert (await rt.runtime.sandbox_status(sandbox.id)).state is SandboxState.READY


async def test_containers_of_one_pod_live_and_die_alone(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    one = await rt.start(Scripts.FOREVER, sandbox, name="one")
    two = await rt.start(Scripts.FAIL, sandbox, name="two")
    await rt.ended(two)
    assert (await rt.runtime.container_status(one)).state is State.RUNNING
    again = await rt.start(Scripts.FAIL, sandbox, name="two", attempt=1)
    await rt.ended(again)
    assert {c.attempt for c in await rt.runtime.list_containers(sandbox.pod_uid) if c.name == "two"} == {0, 1}


async def test_a_start_that_fails_says_why(rt: Harness) -> None:
    needs(rt)
    sandbox = await rt.sandbox()
    config = rt.config("", command=("/no/such/program",))
    identifier = await rt.runtime.create_container(sandbox.id, config)
    with pytest.raises(base.StartContainerError, match="no such file"):
        try:
            await rt.runtime.start_container(identifier)
        except base.StartContainerError as exc:
            raise base.StartContainerError(exc.message.lower()) from exc
    status = await rt.runtime.container_status(identifier)
    assert (status.state, status.exit_code, status.reason) == (State.EXITED, 127, "ContainerCannotRun")


async def test_creating_in_a_sandbox_that_is_gone_fails(rt: Harness) -> None:
    with pytest.raises(base.RuntimeFault):
        await rt.runtime.create_container("0" * 64, rt.config(Scripts.DONE))


async def test_a_process_that_kills_itself_is_137(rt: Harness) -> None:
    if rt.kind in ("docker", "process"):
        pytest.skip(f"{rt.kind}: pid 1 of a namespace cannot kill itself")
    assert (await rt.ended(await rt.start(Scripts.KILLED))).exit_code == 137


# environment, users, mounts, limits
async def test_environment_and_arguments(rt: Harness) -> None:
    needs(rt)
    sandbox = await rt.sandbox()
    config = rt.config("", command=("/bin/sh", "-c"), args=('echo "$GREETING $0"', "you"), env={"GREETING": "hello"})
    identifier = await rt.runtime.create_container(sandbox.id, config)
    await rt.runtime.start_container(identifier)
    await rt.ended(identifier)
    assert await rt.read_logs(identifier) == b"hello you\n"


async def test_the_pods_host_name(rt: Harness) -> None:
    needs(rt, "network")
    sandbox = await rt.sandbox(hostname="web-0")
    identifier = await rt.start(Scripts.FOREVER, sandbox)
    assert (await rt.runtime.exec_sync(identifier, ["hostname"])).stdout == b"web-0\n"


async def test_a_volume_appears_at_its_path(rt: Harness) -> None:
    needs(rt, "mounts")
    folder = rt.options.root_dir / "volume"
    folder.mkdir()
    (folder / "file").write_text("from outside")
    mounts = (
        base.Mount(str(folder), "/data/deep", readonly=False),
        base.Mount(str(folder), "/frozen", readonly=True),
        base.Mount(str(folder / "file"), "/etc/single"),
    )
    identifier = await rt.start(Scripts.FOREVER, mounts=mounts)
    script = "cat /data/deep/file /etc/single; echo back > /data/deep/answer; echo no > /frozen/x"
    result = await rt.runtime.exec_sync(identifier, ["/bin/sh", "-c", script])
    assert result.stdout == b"from outsidefrom outside" and result.exit_code != 0
    assert (folder / "answer").read_text() == "back\n" and not (folder / "x").exists()


async def test_a_mount_whose_source_is_missing_is_refused(rt: Harness) -> None:
    needs(rt)
    sandbox = await rt.sandbox()
    config = rt.config(Scripts.DONE, mounts=(base.Mount(str(rt.options.root_dir / "none"), "/data"),))
    with pytest.raises(base.CreateContainerError, match="bind source path does not exist"):
        await rt.runtime.create_container(sandbox.id, config)


async def test_user_and_groups(rt: Harness) -> None:
    needs(rt, "users")
    security = base.SecurityContext(run_as_user=1234, run_as_group=2345, supplemental_groups=(3456,))
    identifier = await rt.start("id; exec sleep 1000", security=security)
    await rt.logged(identifier, b"uid=1234")
    text = await rt.read_logs(identifier)
    assert b"gid=2345" in text and b"3456" in text


async def test_root_is_refused_when_it_must_not_be(rt: Harness) -> None:
    sandbox = await rt.sandbox()
    security = base.SecurityContext(run_as_non_root=True, run_as_user=0)
    with pytest.raises(base.CreateContainerConfigError, match="runAsUser breaks non-root policy"):
        await rt.runtime.create_container(sandbox.id, rt.config(Scripts.DONE, security=security))


async def test_a_readonly_root(rt: Harness) -> None:
    needs(rt, "readonly-root")
    identifier = await rt.start(Scripts.FOREVER, security=base.SecurityContext(readonly_root=True))
    assert (await rt.runtime.exec_sync(identifier, ["/bin/sh", "-c", "echo x > /etc/x"])).exit_code != 0


async def test_the_root_is_the_containers_own(rt: Harness) -> None:
    needs(rt, "mounts")
    sandbox = await rt.sandbox()
    one = await rt.start(Scripts.FOREVER, sandbox, name="one")
    two = await rt.start(Scripts.FOREVER, sandbox, name="two")
    await rt.runtime.exec_sync(one, ["/bin/sh", "-c", "echo mine > /etc/minik8s-test"])
    assert (await rt.runtime.exec_sync(one, ["cat", "/etc/minik8s-test"])).stdout == b"mine\n"
    assert (await rt.runtime.exec_sync(two, ["cat", "/etc/minik8s-test"])).exit_code == 1


async def test_processes_of_others_are_not_seen(rt: Harness) -> None:
    needs(rt, "pid-namespace")
    identifier = await rt.start(Scripts.FOREVER)
    result = await rt.runtime.exec_sync(identifier, ["/bin/sh", "-c", "ls -d /proc/[0-9]* | wc -l"])
    assert int(result.stdout) < 6


async def test_a_shared_process_namespace_is_seen_by_all(rt: Harness) -> None:
    needs(rt, "pid-namespace")
    sandbox = await rt.sandbox(share_process_namespace=True)
    await rt.start("exec sleep 4321", sandbox, name="one")
    two = await rt.start(Scripts.FOREVER, sandbox, name="two")
    result = await rt.runtime.exec_sync(two, ["/bin/sh", "-c", "cat /proc/*/cmdline | tr '\\0' ' '"])
    assert b"sleep 4321" in result.stdout and b"pause" in result.stdout


async def test_containers_of_a_pod_share_localhost(rt: Harness) -> None:
    needs(rt, "network")
    sandbox = await rt.sandbox()
    listen = "echo pong | nc -l -p 7777" if rt.kind == "docker" else "echo pong | /bin/busybox nc -l -p 7777"
    await rt.start(listen, sandbox, name="server")
    client = await rt.start(Scripts.FOREVER, sandbox, name="client")
    ask = ["/bin/busybox", "sh", "-c", "/bin/busybox nc 127.0.0.1 7777 < /dev/null"]

    async def look() -> bool:
        return (await rt.runtime.exec_sync(client, ask)).stdout == b"pong\n"

    await rt.until(look)


async def test_pods_reach_each_other_and_this_host_reaches_them(rt: Harness) -> None:
    needs(rt, "network")
    one, two = await rt.sandbox(), await rt.sandbox()
    await rt.start("while :; do echo pong | /bin/busybox nc -l -p 7272; done", one)
    client = await rt.start(Scripts.FOREVER, two)

    async def from_pod() -> bytes:
        command = ["/bin/busybox", "sh", "-c", f"/bin/busybox nc {one.ip} 7272 < /dev/null"]
        return (await rt.runtime.exec_sync(client, command)).stdout

    async def from_host() -> bytes:
        try:
            reader, writer = await asyncio.open_connection(one.ip, 7272)
        except OSError:
            return b""
        data = await reader.read(5)
        writer.close()
        return data

    assert await rt.until(from_pod) == b"pong\n"
    assert await rt.until(from_host) == b"pong\n"


async def test_a_host_port_leads_to_the_pod(rt: Harness) -> None:
    needs(rt, "network")
    sandbox = await rt.sandbox(port_mappings=(base.PortMapping(7171, 30717),))
    await rt.start("while :; do echo pong | /bin/busybox nc -l -p 7171; done", sandbox)

    async def look(address: str) -> bytes:
        try:
            reader, writer = await asyncio.open_connection(address, 30717)
            data = await asyncio.wait_for(reader.read(5), 2)
            writer.close()
        except (OSError, TimeoutError):
            return b""
        return data

    assert await rt.until(lambda: look("127.0.0.1")) == b"pong\n"
    await rt.runtime.remove_sandbox(sandbox.id)
    assert await look("127.0.0.1") == b""


async def test_a_memory_limit_kills(rt: Harness) -> None:
    needs(rt, "cgroups")
    resources = base.Resources(memory_limit=32 << 20)
    status = await rt.ended(await rt.start("exec dd if=/dev/zero of=/dev/null bs=200M count=1", resources=resources))
    assert status.exit_code == 137 and status.reason == "OOMKilled"


async def test_gpus_are_named_or_hidden(rt: Harness) -> None:
    needs(rt, "gpus")
    sandbox = await rt.sandbox()
    show = 'echo "[$NVIDIA_VISIBLE_DEVICES]"'
    none = await rt.start(show, sandbox, name="none", env={"NVIDIA_VISIBLE_DEVICES": "all"})
    two = await rt.start(show, sandbox, name="two", gpus=("GPU-a", "GPU-b"), gpus_declared=True)
    await rt.ended(none)
    await rt.ended(two)
    assert await rt.read_logs(none) == b"[void]\n"
    assert await rt.read_logs(two) == b"[GPU-a,GPU-b]\n"


# exec, attach, port-forward
async def test_exec_sync_has_output_and_exit_code(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start(Scripts.FOREVER)
    result = await rt.runtime.exec_sync(identifier, ["/bin/sh", "-c", "echo out; echo err >&2; exit 5"])
    assert (result.exit_code, result.stdout, result.stderr) == (5, b"out\n", b"err\n")


async def test_exec_of_nothing_is_126_or_127(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start(Scripts.FOREVER)
    result = await rt.runtime.exec_sync(identifier, ["/no/such/program"])
    assert result.exit_code in (126, 127) and b"no such file" in result.stderr.lower()


async def test_exec_that_takes_too_long_is_ended(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start(Scripts.FOREVER)
    before = time.monotonic()
    with pytest.raises(TimeoutError):
        await rt.runtime.exec_sync(identifier, ["sleep", "60"], timeout=0.5)
    assert time.monotonic() - before < 5


async def test_exec_in_a_dead_container_is_refused(rt: Harness) -> None:
    identifier = await rt.start(Scripts.DONE)
    await rt.ended(identifier)
    with pytest.raises(base.ContainerNotFound):
        await rt.runtime.exec_sync(identifier, ["true"])


async def collect(stream: base.ExecStream) -> bytes:
    out = b""
    while (piece := await asyncio.wait_for(stream.read(), 10)) is not None:
        out += piece[1]
    return out


async def test_exec_with_stdin_ends_with_it(rt: Harness) -> None:
    identifier = await rt.start(Scripts.FOREVER)
    stream = await rt.runtime.exec(identifier, ["cat"], stdin=True)
    await stream.write_stdin(b"through\n")
    await stream.close_stdin()
    assert b"through\n" in await collect(stream)
    assert await stream.wait() == 0
    await stream.close()


async def test_a_big_input_comes_through(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start(Scripts.FOREVER)
    stream = await rt.runtime.exec(identifier, ["/bin/sh", "-c", "wc -c"], stdin=True)
    await stream.write_stdin(b"x" * 1_000_000)
    await stream.close_stdin()
    assert int(await collect(stream)) == 1_000_000
    await stream.close()


async def test_a_terminal_with_its_size(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start(Scripts.FOREVER)
    command = ["/bin/sh", "-c", "read go; stty size; [ -t 0 ] && echo terminal"]
    stream = await rt.runtime.exec(identifier, command, stdin=True, tty=True)
    await stream.resize(123, 45)
    await stream.write_stdin(b"go\n")
    text = await collect(stream)
    assert b"45 123" in text and b"terminal" in text
    assert await stream.wait() == 0
    await stream.close()


async def test_attach_reads_what_comes_and_writes_stdin(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start("while read line; do echo got $line; done; exit 4", stdin=True)
    stream = await rt.runtime.attach(identifier, stdin=True)
    await stream.write_stdin(b"hello\n")
    assert await asyncio.wait_for(stream.read(), 10) == (1, b"got hello\n")
    await stream.close()
    assert (await rt.runtime.container_status(identifier)).state is State.RUNNING


async def test_attach_tells_the_end(rt: Harness) -> None:
    needs(rt)
    identifier = await rt.start("read line; exit 4", stdin=True)
    stream = await rt.runtime.attach(identifier, stdin=True)
    await stream.write_stdin(b"\n")
    assert await collect(stream) == b""
    assert await asyncio.wait_for(stream.wait(), 10) == 4
    await stream.close()


async def test_port_forward_reaches_localhost_of_the_pod(rt: Harness) -> None:
    needs(rt, "network")
    sandbox = await rt.sandbox()
    await rt.start("echo pong | /bin/busybox nc -l -p 7070", sandbox)

    async def look() -> bytes:
        try:
            stream = await rt.runtime.port_forward(sandbox.id, 7070)
        except ConnectionError:
            return b""
        data = await stream.read()
        await stream.close()
        return data

    assert await rt.until(look) == b"pong\n"


async def test_port_forward_to_nobody_is_refused(rt: Harness) -> None:
    needs(rt, "network")
    sandbox = await rt.sandbox()
    with pytest.raises(ConnectionError):
        await rt.runtime.port_forward(sandbox.id, 9)


# logs
async def test_logs_have_both_streams_in_order(rt: Harness) -> None:
    identifier = await rt.start(Scripts.LINES)
    await rt.logged(identifier, b"three")
    assert sorted((await rt.read_logs(identifier)).split()) == [b"one", b"three", b"two"]
    assert (await rt.read_logs(identifier, tail=1)).strip() in (b"three", b"two")
    assert await rt.read_logs(identifier, tail=0) == b""
    assert len((await rt.read_logs(identifier, tail=99)).split()) == 3


async def test_logs_with_timestamps_and_since(rt: Harness) -> None:
    identifier = await rt.start(Scripts.LINES)
    await rt.logged(identifier, b"three")
    text = await rt.read_logs(identifier, timestamps=True)
    stamp, _, word = text.splitlines()[0].partition(b" ")
    assert word in (b"one", b"two") and stamp.endswith(b"Z") and b"T" in stamp
    assert await rt.read_logs(identifier, since=time.time() + 60) == b""
    assert len((await rt.read_logs(identifier, since=time.time() - 60)).split()) == 3


async def test_following_ends_with_the_container(rt: Harness) -> None:
    identifier = await rt.start(Scripts.LINES_THEN_END)
    text = await asyncio.wait_for(rt.read_logs(identifier, follow=True), 10)
    assert text == b"one\ntwo\n"


async def test_logs_outlive_the_process_but_not_the_container(rt: Harness) -> None:
    identifier = await rt.start(Scripts.LINES_THEN_END)
    await rt.ended(identifier)
    assert await rt.read_logs(identifier) == b"one\ntwo\n"
    await rt.runtime.remove_container(identifier)
    with pytest.raises(base.ContainerNotFound):
        await rt.read_logs(identifier)


# images, figures, events, adoption
async def test_images(rt: Harness) -> None:
    info = await rt.runtime.image_status(rt.image)
    assert info is not None and info.id.startswith("sha256:") and info.ref
    assert info.id in {image.id for image in await rt.runtime.list_images()}
    assert await rt.runtime.image_status("minik8s-test/never-seen:9") is None


async def test_an_image_in_use_stays(rt: Harness) -> None:
    await rt.start(Scripts.FOREVER)
    with pytest.raises(base.RuntimeFault):
        await rt.runtime.remove_image(rt.image)


async def test_stats_of_a_running_container(rt: Harness) -> None:
    needs(rt, "cgroups", real=False)
    identifier = await rt.start(Scripts.FOREVER)
    figures = {item.id: item for item in await rt.runtime.stats()}
    assert figures[identifier].memory_usage > 0 and figures[identifier].timestamp > time.time() - 60


async def test_events_tell_start_death_and_removal(rt: Harness) -> None:
    events = rt.runtime.events()
    assert (await anext(events)).type is EventType.RESYNC
    identifier = await rt.start(Scripts.FAIL)
    await rt.ended(identifier)
    await rt.runtime.remove_container(identifier)
    seen: list[EventType] = []
    while EventType.CONTAINER_REMOVED not in seen:
        event = await asyncio.wait_for(anext(events), 10)
        if event.container_id == identifier:
            assert event.pod_uid and event.sandbox_id and event.container_name == "app"
            seen.append(event.type)
    assert seen == [EventType.CONTAINER_STARTED, EventType.CONTAINER_DIED, EventType.CONTAINER_REMOVED]


async def test_an_event_comes_soon_after_the_end(rt: Harness) -> None:
    identifier = await rt.start(Scripts.POLITE)
    await rt.logged(identifier, b"ready")
    events = rt.runtime.events()
    await anext(events)
    await rt.runtime.stop_container(identifier, 10)
    while (event := await asyncio.wait_for(anext(events), 5)).type is not EventType.CONTAINER_DIED:
        pass
    assert event.container_id == identifier
    finished = (await rt.runtime.container_status(identifier)).finished_at
    assert time.time() - finished < 2


async def test_a_new_kubelet_adopts_what_runs(rt: Harness) -> None:
    needs(rt)
    sandbox = await rt.sandbox()
    running = await rt.start(Scripts.POLITE, sandbox, name="running", labels={"kept": "yes"})
    ended = await rt.start(Scripts.FAIL, sandbox, name="ended")
    await rt.ended(ended)
    await rt.logged(running, b"ready")
    await rt.runtime.close()
    rt.runtime = make_runtime(rt.runtime.name, rt.options)
    await rt.runtime.start()
    found = {c.name: c for c in await rt.runtime.list_containers(sandbox.pod_uid)}
    assert (found["running"].state, found["running"].labels["kept"]) == (State.RUNNING, "yes")
    assert (found["ended"].state, found["ended"].exit_code) == (State.EXITED, 3)
    assert (await rt.runtime.list_sandboxes(sandbox.pod_uid))[0].ips == sandbox.ips
    await rt.runtime.stop_container(running, 10)
    assert (await rt.runtime.container_status(running)).exit_code == 7


async def test_another_nodes_pods_are_not_ours(rt: Harness) -> None:
    await rt.sandbox()
    options = base.RuntimeOptions(
        "other-node", rt.options.root_dir / "other", pod_cidr="10.251.8.0/24", env=rt.options.env
    )
    other = make_runtime(rt.runtime.name, options)
    await other.start()
    try:
        assert await other.list_sandboxes() == [] and await other.list_containers() == []
    finally:
        await other.close()
        await other.dismantle()
