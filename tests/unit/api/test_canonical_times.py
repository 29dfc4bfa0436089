"""Times that clients other than Go's write: taken, and kept in Go's form."""

import pytest
from pydantic import ValidationError

from minik8s.api import coordination, core


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00", "2026-01-02T05:04:05.999+02:00"])
def test_a_time_is_kept_as_go_writes_it(text: str) -> None:
    pod = core.Pod.from_dict({"metadata": {"name": "p", "creationTimestamp": text}})
    assert pod.to_dict()["metadata"]["creationTimestamp"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05.120000Z", "2026-01-02T03:04:05.12+00:00"])
def test_micro_times_have_six_digits(text: str) -> None:
    lease = coordination.Lease.from_dict({"metadata": {"name": "l"}, "spec": {"renewTime": text}})
    assert lease.to_dict()["spec"]["renewTime"] == "2026-01-02T03:04:05.120000Z"


@pytest.mark.parametrize("text", ["yesterday", "2026-01-02", "2026-01-02T03:04:05"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        core.Pod.model_validate({"metadata": {"name": "p", "creationTimestamp": text}})
