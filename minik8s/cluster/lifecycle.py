"""Up and down: choose what is left open, write certificates, start the keeper, wait until every part is ready.

Invariants: ``up`` on a running cluster changes nothing; a failure names the component, the cause and the log;
``down`` leaves no process, no container and no packet rule of ours behind, and keeps the data unless told not to.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from minik8s.cluster import pki, supervisor
from minik8s.cluster.config import (
    ClusterConfig,
    compute_ports,
    find_advertise_address,
    load,
    port_is_free,
    port_names,
)
from minik8s.cluster.programs import Program, component_command, compute_programs
from minik8s.cluster.readiness import is_ready

#: Where Docker listens, and Podman's compatible socket would be linked.
DOCKER_SOCKET = "/var/run/docker.sock"

DEFAULT_SERVICE_CIDR = "10.96.0.0/16"
#: Every address of 127.0.0.0/8 can be listened on without any set-up: what the userspace proxy needs.
LOOPBACK_SERVICE_CIDR = "127.96.0.0/16"

Progress = Callable[[str], None]


class StartError(RuntimeError):
    """A component did not become ready; the message names it, the cause and the log."""


def up(config: ClusterConfig, progress: Progress, timeout: float = 60) -> ClusterConfig:
    """Bring the cluster up and return its final configuration once every component is ready.

    Raises StartError, SupervisorError or ConfigError. On failure what was started keeps running under its
    supervisor, so that ``status`` and ``logs`` can be asked; ``down`` ends it.
    """
    config.validate()
    with _lock(config.data_dir):
        running = supervisor.running_pid(config.data_dir) is not None
        saved = load(config.data_dir)
        if running and saved is not None:
            progress(f"already up (data in {config.data_dir})")
            config = saved
        else:
            config = resolve(config, saved)
            pki.ensure(config)
            config.save()
            supervisor.start(config, compute_programs(config))
        wait_ready(config, compute_programs(config), progress, timeout)
    return config


def resolve(config: ClusterConfig, saved: ClusterConfig | None) -> ClusterConfig:
    """Settle every ``auto``, the address and the ports; asks the machine, changes nothing."""
    if config.runtime == "auto":
        config.runtime = saved.runtime if saved else ("docker" if docker_answers() else "process")
    if config.proxy == "auto":
        config.proxy = saved.proxy if saved else ("iptables" if iptables_usable() else "userspace")
    if config.dns is None:
        # simulated pods ask nothing, and without a proxy nobody reaches a service address
        useful = config.runtime != "fake" and config.proxy != "none"
        config.dns = useful if saved is None or saved.dns is None else saved.dns
    if config.proxy == "userspace" and config.service_cidr == DEFAULT_SERVICE_CIDR:
        config.service_cidr = LOOPBACK_SERVICE_CIDR
    config.advertise_address = find_advertise_address()
    names = port_names(config.nodes, config.runtime, config.dns, config.addons)
    config.ports = compute_ports(names, saved.ports if saved else {}, port_is_free)
    return config


def docker_answers() -> bool:
    """Whether a Docker engine answers a ping on its socket."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect(DOCKER_SOCKET)
        client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in client.recv(64)
    return False


def iptables_usable() -> bool:
    """Whether we are root and iptables lists the nat table here."""
    if os.geteuid() != 0 or shutil.which("iptables-restore") is None:
        return False
    done = subprocess.run(["iptables", "-w", "2", "-t", "nat", "-S", "OUTPUT"], capture_output=True, check=False)
    return done.returncode == 0


def wait_ready(config: ClusterConfig, programs: list[Program], progress: Progress, timeout: float) -> None:
    """Return once every program answers its health URL; say each as it comes."""
    started = time.monotonic()
    waiting = {program.name: program for program in programs}
    while waiting:
        for name, program in list(waiting.items()):
            if is_ready(program.health_url, timeout=0.5):
                del waiting[name]
                progress(f"{name:<20} ready after {time.monotonic() - started:.1f} s")
        if waiting and time.monotonic() - started > timeout:
            raise StartError(explain_failure(config, next(iter(waiting))))
        time.sleep(0.02 if waiting else 0)


def explain_failure(config: ClusterConfig, name: str) -> str:
    """Why ``name`` is not ready: its state, the last thing it said, and where to read on."""
    log = config.logs / f"{name}.log"
    try:
        state = str(supervisor.process_states(config.data_dir).get(name, {}).get("description", "unknown"))
    except supervisor.SupervisorError as error:
        state = str(error)
    return f"{name} is not ready ({state}): {last_words(log)}\n  log: {log}"


def last_words(log: Path) -> str:
    """The last line of a log that is not blank."""
    if not log.exists():
        return "it wrote no log"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it wrote nothing"


def down(data_dir: Path, progress: Progress, purge: bool = False) -> None:
    """Stop the components, then remove containers and packet rules; with ``purge`` the data too."""
    config = load(data_dir)
    if config is None:
        progress(f"no cluster in {data_dir}")
        return
    with _lock(data_dir):
        supervisor.stop(data_dir)
        for command in cleanup_commands(config):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                progress(f"{command[3]} --cleanup: {(done.stdout + done.stderr).strip()}")
    if purge:
        shutil.rmtree(data_dir, ignore_errors=True)
    progress("down" + (", data removed" if purge else f"; data kept in {data_dir}"))


def cleanup_commands(config: ClusterConfig) -> Iterator[tuple[str, ...]]:
    """What each component offers to remove its traces on the machine, as kube-proxy's ``--cleanup`` does."""
    for name in [] if config.runtime == "fake" else config.node_names():
        root = config.data_dir / "kubelet" / name
        yield component_command(
            "kubelet", "--cleanup", f"--container-runtime={config.runtime}", f"--root-dir={root}",
            f"--hostname-override={name}",
        )  # fmt: skip
    if config.proxy == "iptables":
        yield component_command("proxy", "--cleanup", f"--proxy-mode={config.proxy}")


@contextlib.contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """One ``up`` or ``down`` at a time."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
