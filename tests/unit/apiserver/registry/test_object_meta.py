"""System fields of metadata."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from minik8s.api.status import ApiError, BadRequest, Conflict
from minik8s.apiserver.registry import object_meta


def test_generated_names_fit() -> None:
    name = object_meta.generate_name("x" * 100)
    assert len(name) == 63
    assert set(name[58:]) <= set(object_meta.NAME_ALPHABET)
    assert object_meta.generate_name("a-") != object_meta.generate_name("a-")


def test_uids_are_uuids_of_version_4() -> None:
    found = {object_meta.new_uid() for _ in range(1000)}
    assert len(found) == 1000
    for text in found:
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 4, uuid.RFC_4122)


def test_system_fields_are_the_servers() -> None:
    meta: dict[str, Any] = {"name": "a", "uid": "mine", "deletionTimestamp": "x", "selfLink": "/a"}
    object_meta.fill_system_fields(meta, 0)
    assert meta.keys() == {"name", "uid", "creationTimestamp"}
    assert meta["creationTimestamp"] == "1970-01-01T00:00:00Z"
    assert meta["uid"] != "mine"


def test_a_version_on_create_is_refused() -> None:
    with pytest.raises(ApiError, match="resourceVersion should not be set on objects to be created"):
        object_meta.fill_system_fields({"resourceVersion": "7"}, 0)


def test_namespace() -> None:
    obj: dict[str, Any] = {"metadata": {}}
    object_meta.check_namespace(obj, True, "a")
    assert obj["metadata"]["namespace"] == "a"
    with pytest.raises(BadRequest):
        object_meta.check_namespace(obj, True, "b")
    object_meta.check_namespace(obj, False, "")
    assert "namespace" not in obj["metadata"]


def test_an_update_keeps_what_it_leaves_out() -> None:
    old = {"uid": "u", "creationTimestamp": "t", "deletionTimestamp": "d", "deletionGracePeriodSeconds": 0}
    new: dict[str, Any] = {"name": "a"}
    object_meta.carry_system_fields(new, old)
    assert new == {"name": "a", **old}
    forged = {"deletionTimestamp": "x"}
    object_meta.carry_system_fields(forged, {"uid": "u", "creationTimestamp": "t"})
    assert "deletionTimestamp" not in forged


def test_uid_precondition() -> None:
    object_meta.check_uid_precondition("pods", "p", {}, {"uid": "u"})
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition: x, UID in object meta: u"):
        object_meta.check_uid_precondition("pods", "p", {"uid": "x"}, {"uid": "u"})
