"""GET /containerLogs/{namespace}/{pod}/{container}: which container, which lines, how many bytes.

Mirrors pkg/kubelet/server (getContainerLogs) and kubelet_pods.go (validateContainerLogStatus), whose messages are what
people see in `kubectl logs`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from minik8s.api import core
from minik8s.kubelet.runtimes.base import LogOptions
from minik8s.kubelet.runtimes.logs import parse_stamp

TRUE = frozenset({"true", "1", "t", "T", "True", "TRUE"})
PULL_PROBLEMS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class LogsUnavailable(Exception):
    """Answered with `status` and the message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class LogRequest:
    """The query, understood."""

    options: LogOptions
    previous: bool
    limit_bytes: int | None


def parse_request(query: Mapping[str, str], now: float) -> LogRequest:
    """PodLogOptions from the query; LogsUnavailable(422) as upstream's validation says."""
    tail, limit = _number(query, "tailLines", least=0), _number(query, "limitBytes", least=1)
    seconds = _number(query, "sinceSeconds", least=1)
    since_time = query.get("sinceTime", "")
    if seconds is not None and since_time:
        raise LogsUnavailable(422, "at most one of `sinceTime` or `sinceSeconds` may be specified")
    since: float | None = None
    if seconds is not None:
        since = now - seconds
    elif since_time:
        try:
            since = parse_stamp(since_time)
        except ValueError as exc:
            raise LogsUnavailable(400, f"sinceTime: {exc}") from exc
    stream = query.get("stream", "All") or "All"
    options = LogOptions(
        follow=query.get("follow", "") in TRUE,
        tail=tail,
        since=since,
        timestamps=query.get("timestamps", "") in TRUE,
        stdout=stream in ("All", "Stdout"),
        stderr=stream in ("All", "Stderr"),
    )
    return LogRequest(options, query.get("previous", "") in TRUE, limit)


def _number(query: Mapping[str, str], name: str, least: int) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        value = int(text)
    except ValueError as exc:
        raise LogsUnavailable(400, f"{name}: {text!r} is not a number") from exc
    if value < least:
        raise LogsUnavailable(422, f"{name}: must be greater than or equal to {least}")
    return value


def find_status(pod: core.Pod, name: str) -> core.ContainerStatus | None:
    """Of any of the three lists."""
    lists = (
        pod.status.container_statuses,
        pod.status.init_container_statuses,
        pod.status.ephemeral_container_statuses,
    )
    return next((status for statuses in lists for status in statuses or [] if status.name == name), None)


def has_container(pod: core.Pod, name: str) -> bool:
    """Whether the spec knows it."""
    lists = (pod.spec.containers, pod.spec.init_containers, pod.spec.ephemeral_containers)
    return any(container.name == name for containers in lists for container in containers or [])


def resolve_container_id(pod: core.Pod, name: str, previous: bool) -> str:
    """The engine's id of the container whose logs are meant; LogsUnavailable(400) with upstream's words."""
    pod_name = pod.metadata.name
    status = find_status(pod, name)
    if status is None:
        raise LogsUnavailable(400, f'container "{name}" in pod "{pod_name}" is not available')
    state = status.state or core.ContainerState()
    last = status.last_state.terminated if status.last_state else None
    last_id = (last.container_id or "") if last else ""
    if previous:
        if not last_id:
            raise LogsUnavailable(400, f'previous terminated container "{name}" in pod "{pod_name}" not found')
        return bare_id(last_id)
    if state.running is not None:
        return bare_id(status.container_id or "")
    found = (state.terminated.container_id or "") if state.terminated else ""
    if found or last_id:
        return bare_id(found or last_id)
    if state.terminated is not None or last is not None:
        raise LogsUnavailable(400, f'container "{name}" in pod "{pod_name}" is terminated')
    raise LogsUnavailable(400, _waiting_message(state.waiting, name, pod_name or ""))


def _waiting_message(waiting: core.ContainerStateWaiting | None, name: str, pod_name: str) -> str:
    start = f'container "{name}" in pod "{pod_name}" is waiting to start'
    if waiting is None:
        return f"{start} - no logs yet"
    reason = waiting.reason or ""
    return f"{start}: {PULL_PROBLEMS.get(reason, reason)}"


def bare_id(container_id: str) -> str:
    """`docker://abc` → `abc`."""
    return container_id.split("://", 1)[-1]


async def limit_pieces(source: AsyncIterator[bytes], limit: int | None) -> AsyncIterator[bytes]:
    """At most `limit` bytes."""
    left = limit
    async for piece in source:
        if left is None:
            yield piece
            continue
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
