"""What the Docker engine tells: `docker inspect`'s JSON as our statuses. Pure."""

from __future__ import annotations

from typing import Any

from minik8s.kubelet.runtimes import base
from minik8s.kubelet.runtimes.base import ContainerState as State
from minik8s.kubelet.runtimes.docker.config import LABEL_SHARE_PID, Place, split_annotations
from minik8s.kubelet.runtimes.logs import parse_stamp

NEVER = "0001-01-01T00:00:00Z"
EVENT_TYPES = {
    "start": base.EventType.CONTAINER_STARTED,
    "die": base.EventType.CONTAINER_DIED,
    "destroy": base.EventType.CONTAINER_REMOVED,
    "oom": base.EventType.OOM,
}


def parse_time(text: str | None) -> float:
    """Epoch seconds; Go's zero time is 0.0."""
    return 0.0 if not text or text == NEVER else parse_stamp(text)


def parse_place(info: dict[str, Any]) -> Place:
    """A sandbox."""
    labels, annotations = split_annotations(info["Config"].get("Labels") or {})
    host = info["HostConfig"]
    host_network = host.get("NetworkMode") == "host"
    running = bool(info["State"]["Running"])
    status = base.SandboxStatus(
        id=info["Id"],
        state=base.SandboxState.READY if running else base.SandboxState.NOT_READY,
        pod_name=labels.get(base.LABEL_POD_NAME, ""),
        pod_namespace=labels.get(base.LABEL_POD_NAMESPACE, ""),
        pod_uid=labels.get(base.LABEL_POD_UID, ""),
        attempt=int(labels.get(base.LABEL_SANDBOX_ATTEMPT, "0") or 0),
        created_at=parse_time(info.get("Created")),
        ips=parse_ips(info) if running and not host_network else (),
        host_network=host_network,
        labels=labels,
        annotations=annotations,
    )
    return Place(
        status,
        pid=int(info["State"].get("Pid") or 0),
        host_pid=host.get("PidMode") == "host",
        host_ipc=host.get("IpcMode") == "host",
        share_pid=labels.get(LABEL_SHARE_PID) == "true",
        cgroup_parent=host.get("CgroupParent") or "",
    )


def parse_ips(info: dict[str, Any]) -> tuple[str, ...]:
    """IPv4 first, then IPv6 where the network has it."""
    networks = (info.get("NetworkSettings") or {}).get("Networks") or {}
    found = [network.get(key) for network in networks.values() for key in ("IPAddress", "GlobalIPv6Address")]
    return tuple(address for address in found if address)


def parse_container(info: dict[str, Any], image_ref: str) -> base.ContainerStatus:
    """A container."""
    labels, annotations = split_annotations(info["Config"].get("Labels") or {})
    engine = info["State"]
    state = parse_state(engine)
    created = parse_time(info.get("Created"))
    exited = state is State.EXITED
    started = parse_time(engine.get("StartedAt")) or (created if exited else 0.0)
    finished = parse_time(engine.get("FinishedAt")) or created
    return base.ContainerStatus(
        id=info["Id"],
        name=labels.get(base.LABEL_CONTAINER_NAME, ""),
        sandbox_id=labels.get(base.LABEL_SANDBOX_ID, ""),
        pod_uid=labels.get(base.LABEL_POD_UID, ""),
        state=state,
        attempt=int(labels.get(base.LABEL_RESTART_COUNT, "0") or 0),
        image=info["Config"].get("Image") or "",
        image_ref=image_ref,
        created_at=created,
        started_at=started,
        # The engine stamps a very short run's start after its end.
        finished_at=max(started, finished) if exited else 0.0,
        exit_code=int(engine.get("ExitCode") or 0) if exited else 0,
        reason=parse_reason(engine) if exited else "",
        message=engine.get("Error") or "",
        pid=int(engine.get("Pid") or 0),
        labels=labels,
        annotations=annotations,
        log_path=labels.get(base.LABEL_LOG_PATH, ""),
    )


def parse_state(engine: dict[str, Any]) -> State:
    """A container whose start failed is "created" with an error to the engine, and has ended to us."""
    status = engine.get("Status")
    if status in ("running", "paused", "restarting"):
        return State.RUNNING
    if status == "created" and not engine.get("Error"):
        return State.CREATED
    return State.EXITED


def parse_reason(engine: dict[str, Any]) -> str:
    """Why it ended."""
    if engine.get("OOMKilled"):
        return "OOMKilled"
    if engine.get("Error"):
        return "ContainerCannotRun"
    return "Completed" if not engine.get("ExitCode") else "Error"


def parse_image(info: dict[str, Any]) -> base.ImageInfo:
    """An image; `docker-pullable://` when a registry knows it by digest, as dockershim has it."""
    digests = tuple(info.get("RepoDigests") or ())
    ref = f"docker-pullable://{digests[0]}" if digests else f"docker://{info['Id']}"
    user = (info.get("Config") or {}).get("User") or ""
    return base.ImageInfo(info["Id"], tuple(info.get("RepoTags") or ()), digests, int(info.get("Size") or 0), user, ref)


def parse_event(event: dict[str, Any]) -> base.RuntimeEvent | None:
    """None for what nobody needs to know."""
    kind = EVENT_TYPES.get(event.get("Action", ""))
    if kind is None:
        return None
    actor = event.get("Actor") or {}
    labels = actor.get("Attributes") or {}
    identifier = actor.get("ID", "")
    sandbox = labels.get(base.LABEL_KIND) == "sandbox"
    return base.RuntimeEvent(
        kind,
        labels.get(base.LABEL_POD_UID, ""),
        "" if sandbox else identifier,
        identifier if sandbox else labels.get(base.LABEL_SANDBOX_ID, ""),
        labels.get(base.LABEL_CONTAINER_NAME, ""),
    )


def parse_stats(identifier: str, stats: dict[str, Any], now: float) -> base.ContainerStats:
    """One sample; the working set is usage without inactive file pages, as cAdvisor counts."""
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    usage = int(memory.get("usage") or 0)
    inactive = int(details.get("total_inactive_file", details.get("inactive_file", 0)) or 0)
    networks = (stats.get("networks") or {}).values()
    return base.ContainerStats(
        identifier,
        now,
        cpu_usage_ns=int(((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0),
        memory_usage=usage,
        memory_working_set=max(0, usage - inactive),
        memory_rss=int(details.get("total_rss", details.get("anon", 0)) or 0),
        rx_bytes=sum(int(n.get("rx_bytes", 0)) for n in networks),
        tx_bytes=sum(int(n.get("tx_bytes", 0)) for n in networks),
        pids=int((stats.get("pids_stats") or {}).get("current") or 0),
    )
