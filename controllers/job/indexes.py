"""Sets of completion indexes as text: `0-2,5,7-8`. Pure.

Mirrors upstream's pkg/controller/job/indexed_job_utils.go.
"""

from collections.abc import Iterable

from minik8s.api import core

ANNOTATION = "batch.kubernetes.io/job-completion-index"


def parse_indexes(text: str | None, completions: int) -> set[int]:
    """The indexes in the text that are below `completions`."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first:
            found.update(range(int(first), int(last or first) + 1))
    return {index for index in found if index < completions}


def format_indexes(indexes: Iterable[int]) -> str:
    """Runs are joined."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def index_of(pod: core.Pod) -> int | None:
    text = pod.metadata.annotations.get(ANNOTATION, "")
    return int(text) if text.isdigit() else None
