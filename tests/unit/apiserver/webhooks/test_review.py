"""Which answers count, and what a no becomes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from minik8s.apiserver.webhooks.client import go_error, parse_target, status_error
from minik8s.apiserver.webhooks.failures import rejection
from minik8s.apiserver.webhooks.review import BadAnswer, build_request, read_answer, review_version
from tests.unit.apiserver.admission.fakes import attributes

PATCH = base64.b64encode(b'[{"op":"add","path":"/a","value":1}]').decode()


def answer(mutating: bool = True, version: str = "v1", **response: Any) -> Any:
    review = {
        "kind": "AdmissionReview",
        "apiVersion": f"admission.k8s.io/{version}",
        "response": {"uid": "1", **response},
    }
    return read_answer(json.dumps(review).encode(), "1", version, mutating)


def test_a_patch_comes_with_its_type() -> None:
    assert answer(allowed=True, patch=PATCH, patchType="JSONPatch").patch == [{"op": "add", "path": "/a", "value": 1}]
    for response, problem in (
        ({"patch": PATCH}, "response.patch but not response.patchType"),
        ({"patchType": "JSONPatch"}, "response.patchType but not response.patch"),
        ({"patch": PATCH, "patchType": "Merge"}, "invalid response.patchType"),
        ({"patch": "%", "patchType": "JSONPatch"}, "not a JSON patch"),
    ):
        with pytest.raises(BadAnswer, match=problem):
            answer(allowed=True, **response)


def test_v1beta1_is_not_so_strict() -> None:
    verdict = answer(version="v1beta1", uid="another", allowed=True, patch=PATCH)
    assert verdict.allowed and len(verdict.patch) == 1
    assert answer(mutating=False, version="v1beta1", allowed=True, patch=PATCH).patch == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [(b"no", "json parse error"), (b"[]", "not an object"), (b"{}", "webhook response was absent"),
     (b'{"response":{"uid":"1"}}', "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /")],
)  # fmt: skip
def test_answers_that_are_none(body: bytes, problem: str) -> None:
    with pytest.raises(BadAnswer, match=problem):
        read_answer(body, "1", "v1", mutating=False)


def test_anything_but_true_is_a_no() -> None:
    assert not answer(allowed="true").allowed
    assert not answer().allowed


def test_a_rejection_keeps_the_webhooks_status() -> None:
    error = rejection("a.b.c", {"code": 409, "reason": "Conflict", "message": "taken", "details": {"name": "x"}})
    assert (error.code, error.reason, error.details) == (409, "Conflict", {"name": "x"})
    assert error.message == 'admission webhook "a.b.c" denied the request: taken'
    assert rejection("a.b.c", {"code": 200, "reason": "Oops"}).code == 400
    assert rejection("a.b.c", {"reason": "Oops"}).message.endswith("denied the request: Oops")


def test_the_version_that_both_speak() -> None:
    assert review_version(("v2", "v1beta1", "v1")) == "v1beta1"


def test_options_are_those_of_the_operation() -> None:
    attrs = attributes(
        "Pod", {"metadata": {}}, "UPDATE", options={"kind": "PatchOptions", "force": True, "dryRun": ["All"]}
    )
    request = build_request(attrs, attrs.kind, attrs.obj, None)
    assert request["options"] == {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "dryRun": ["All"]}
    attrs = attributes("Pod", {"kind": "PodExecOptions"}, "CONNECT", subresource="exec")
    request = build_request(attrs, attrs.kind, attrs.obj, None)
    assert (
        request["options"] is None and request["kind"]["kind"] == "PodExecOptions" and request["subResource"] == "exec"
    )


def test_failures_in_gos_words() -> None:
    target = parse_target({"url": "https://hook.example.com:8443/x?y=z"})
    assert (target.path, target.port, target.server_name) == ("/x?y=z", 8443, "hook.example.com")
    assert go_error(ConnectionRefusedError(), target) == "dial tcp hook.example.com:8443: connect: connection refused"
    assert status_error(500, b'a "b"') == (
        'an error on the server ("a \\"b\\"") has prevented the request from succeeding'
    )
