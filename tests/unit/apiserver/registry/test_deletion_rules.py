"""Grace and finalizers, without a server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from minik8s.api.scheme import SCHEME
from minik8s.api.status import Conflict, Invalid
from minik8s.apiserver.registry import delete
from minik8s.apiserver.registry.strategy import strategy_for

PODS = SCHEME.by_resource("", "v1", "pods")
assert PODS is not None


def resource(plural: str = "pods") -> Any:
    kind = SCHEME.by_resource("", "v1", plural)
    assert kind is not None
    return SimpleNamespace(kind=kind, strategy=strategy_for(kind), group_resource=kind.group_resource)


def pod(**meta: Any) -> dict[str, Any]:
    spec = {"nodeName": "n", "containers": [{"name": "c"}], "terminationGracePeriodSeconds": 30}
    return {"metadata": {"name": "p", "generation": 1} | meta, "spec": spec, "status": {"phase": "Running"}}


def test_first_delete_marks() -> None:
    obj = pod()
    assert delete.begin_grace(resource(), obj, {}, 0) == (True, False)
    assert obj["metadata"]["deletionTimestamp"] == "1970-01-01T00:00:30Z"
    assert (obj["metadata"]["deletionGracePeriodSeconds"], obj["metadata"]["generation"]) == (30, 2)


def test_later_deletes_only_shorten() -> None:
    going = {"deletionTimestamp": "1970-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}
    assert delete.begin_grace(resource(), pod(**going), {}, 0) == (False, True)
    assert delete.begin_grace(resource(), pod(**going), {"gracePeriodSeconds": 60}, 0) == (False, True)
    obj = pod(**going)
    assert delete.begin_grace(resource(), obj, {"gracePeriodSeconds": 10}, 0) == (True, False)
    assert obj["metadata"]["deletionTimestamp"] == "1970-01-01T00:00:10Z"
    spent = pod(**going | {"deletionGracePeriodSeconds": 0})
    assert delete.begin_grace(resource(), spent, {}, 0) == (False, False)


@pytest.mark.parametrize(
    ("present", "options", "expected"),
    [
        ([], {}, None),
        (["a"], {}, None),
        ([], {"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        (["orphan"], {"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        (["a", "orphan"], {"propagationPolicy": "Background"}, ["a"]),
        (["orphan"], {}, None),
        ([], {"orphanDependents": True}, ["orphan"]),
        (["foregroundDeletion"], {"orphanDependents": False}, []),
    ],
)
def test_finalizers(present: list[str], options: dict[str, Any], expected: list[str] | None) -> None:
    assert delete.finalizers_for(resource(), {"finalizers": present}, options) == expected


def test_events_are_never_depended_on() -> None:
    assert delete.finalizers_for(resource("events"), {}, {"propagationPolicy": "Orphan"}) is None


def test_preconditions() -> None:
    meta = {"uid": "u", "resourceVersion": "5"}
    delete.check_preconditions(resource(), "p", meta, {"uid": "u", "resourceVersion": "5"})
    for wrong in ({"uid": "x"}, {"resourceVersion": "4"}):
        with pytest.raises(Conflict, match="in the precondition"):
            delete.check_preconditions(resource(), "p", meta, wrong)


def test_options() -> None:
    delete.validate_options({"propagationPolicy": "Foreground", "gracePeriodSeconds": 1})
    with pytest.raises(Invalid, match="cannot be both set"):
        delete.validate_options({"propagationPolicy": "Orphan", "orphanDependents": True})
    with pytest.raises(Invalid, match='supported values: "Foreground", "Background", "Orphan", "nil"'):
        delete.validate_options({"propagationPolicy": "x"})
