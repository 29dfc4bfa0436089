"""Adopting and releasing."""

import pytest

from minik8s.controllers.owners import Claim, compute_claim
from tests.unit.controllers.builders import pod, replica_set


@pytest.mark.parametrize(
    ("owned_by", "matches", "owner_dying", "pod_dying", "expected"),
    [
        ("us", True, False, False, Claim.OURS),
        ("us", True, True, False, Claim.OURS),
        ("us", False, False, False, Claim.RELEASE),
        ("us", False, True, False, Claim.NOT_OURS),
        ("other", True, False, False, Claim.NOT_OURS),
        (None, True, False, False, Claim.ADOPT),
        (None, False, False, False, Claim.NOT_OURS),
        (None, True, True, False, Claim.NOT_OURS),
        (None, True, False, True, Claim.NOT_OURS),
    ],
)
def test_claim(owned_by: str | None, matches: bool, owner_dying: bool, pod_dying: bool, expected: Claim) -> None:
    us, other = replica_set("us"), replica_set("other")
    if owner_dying:
        us.metadata.deletion_timestamp = "2026-01-01T00:00:00Z"
    candidate = pod(owner={"us": us, "other": other, None: None}[owned_by], deleting=pod_dying)
    assert compute_claim(us.metadata, candidate.metadata, matches) is expected
