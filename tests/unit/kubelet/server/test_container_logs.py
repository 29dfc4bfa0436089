"""Which container's logs are meant, and how a query is understood: upstream's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.server.container_logs import (
    LogsUnavailable,
    has_container,
    limit_pieces,
    parse_request,
    resolve_container_id,
)
from minik8s.kubelet.server.execute import encode_outcome, render_outcome


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, container_id: str = "") -> core.Pod:
    status = {"name": "c", "state": state, "lastState": last or {}, "containerID": container_id, "ready": False,
              "restartCount": 0, "image": "i", "imageID": ""}  # fmt: skip
    return core.Pod.from_dict(
        {
            "metadata": {"name": "p", "namespace": "n"},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
            "status": {"containerStatuses": [status]},
        }
    )


def ended(container_id: str = "") -> dict[str, Any]:
    return {"terminated": {"exitCode": 1, "containerID": container_id}}


def test_a_running_container() -> None:
    assert resolve_container_id(pod({"running": {}}, container_id="docker://abc"), "c", False) == "abc"


def test_previous() -> None:
    assert resolve_container_id(pod({"running": {}}, ended("docker://old")), "c", True) == "old"
    with pytest.raises(LogsUnavailable, match='previous terminated container "c" in pod "p" not found') as caught:
        resolve_container_id(pod({"running": {}}), "c", True)
    assert caught.value.status == 400


def test_a_container_that_ended() -> None:
    assert resolve_container_id(pod(ended("docker://x")), "c", False) == "x"
    assert resolve_container_id(pod(ended(), ended("docker://y")), "c", False) == "y"
    waits = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert resolve_container_id(pod(waits, ended("docker://z")), "c", False) == "z"
    with pytest.raises(LogsUnavailable, match='container "c" in pod "p" is terminated'):
        resolve_container_id(pod(ended()), "c", False)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ContainerCreating", "is waiting to start: ContainerCreating"),
        ("ErrImagePull", "is waiting to start: image can't be pulled"),
        ("ImagePullBackOff", "is waiting to start: trying and failing to pull image"),
    ],
)
def test_a_container_that_waits(reason: str, words: str) -> None:
    with pytest.raises(LogsUnavailable, match=f'container "c" in pod "p" {words}'):
        resolve_container_id(pod({"waiting": {"reason": reason}}), "c", False)


def test_an_unknown_container() -> None:
    assert not has_container(pod({}), "other")
    with pytest.raises(LogsUnavailable, match='container "other" in pod "p" is not available'):
        resolve_container_id(pod({}), "other", False)


def test_the_query() -> None:
    wanted = parse_request({"follow": "true", "tailLines": "7", "timestamps": "1", "sinceSeconds": "60"}, 1000.0)
    assert (wanted.options.follow, wanted.options.tail, wanted.options.timestamps) == (True, 7, True)
    assert (wanted.options.since, wanted.previous, wanted.limit_bytes) == (940.0, False, None)
    assert parse_request({"sinceTime": "1970-01-01T00:00:09Z", "previous": "true"}, 0).options.since == 9.0
    assert not parse_request({"stream": "Stderr"}, 0).options.stdout


@pytest.mark.parametrize(
    "query",
    [{"tailLines": "-1"}, {"limitBytes": "0"}, {"sinceSeconds": "0"}, {"sinceSeconds": "1", "sinceTime": "x"},
     {"tailLines": "x"}, {"sinceTime": "x"}],
)  # fmt: skip
def test_bad_queries(query: dict[str, str]) -> None:
    with pytest.raises(LogsUnavailable) as caught:
        parse_request(query, 0)
    assert caught.value.status in (400, 422)


async def test_limit_bytes() -> None:
    async def source() -> AsyncIterator[bytes]:
        for piece in (b"abc", b"def", b"ghi"):
            yield piece

    assert b"".join([piece async for piece in limit_pieces(source(), 4)]) == b"abcd"
    assert b"".join([piece async for piece in limit_pieces(source(), None)]) == b"abcdefghi"


def test_outcomes() -> None:
    assert encode_outcome(render_outcome(0), True) == b'{"metadata": {}, "status": "Success"}'
    assert encode_outcome(render_outcome(0), False) == b""
    failed = render_outcome(5)
    assert failed["reason"] == "NonZeroExitCode"
    assert failed["details"]["causes"] == [{"reason": "ExitCode", "message": "5"}]
    assert encode_outcome(failed, False) == b"command terminated with non-zero exit code: exit status 5"
