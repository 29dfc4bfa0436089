"""Errors: upstream's messages, codes and causes, and the way to the wire and back."""

from typing import Any

import pytest

from minik8s.api import status
from minik8s.api.status import ApiError, FieldError, from_response, from_status

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
ERRORS: list[tuple[ApiError, int, str, str]] = [
    (status.NotFound.of("pods", "x"), 404, "NotFound", 'pods "x" not found'),
    (status.NotFound.of("deployments", "x", "apps"), 404, "NotFound", 'deployments.apps "x" not found'),
    (status.NotFound.path(), 404, "NotFound", "the server could not find the requested resource"),
    (status.AlreadyExists.of("pods", "x"), 409, "AlreadyExists", 'pods "x" already exists'),
    (status.Conflict.of("pods", "x"), 409, "Conflict", f'Operation cannot be fulfilled on pods "x": {MODIFIED}'),
    (status.Forbidden.of("pods", "x", "no"), 403, "Forbidden", 'pods "x" is forbidden: no'),
    (status.Forbidden.of("pods", "", "no"), 403, "Forbidden", "pods is forbidden: no"),
    (status.Unauthorized(), 401, "Unauthorized", "Unauthorized"),
    (status.Gone.too_old(3, 7), 410, "Expired", "too old resource version: 3 (7)"),
    (status.TooManyRequests.of("wait", 3), 429, "TooManyRequests", "wait"),
    (status.InternalError.of("boom"), 500, "InternalError", "Internal error occurred: boom"),
    (status.RequestEntityTooLarge.of(9), 413, "RequestEntityTooLarge", "Request entity too large: limit is 9"),
    (status.BadRequest("bad"), 400, "BadRequest", "bad"),
]


@pytest.mark.parametrize(("error", "code", "reason", "message"), ERRORS, ids=lambda value: type(value).__name__)
def test_errors(error: ApiError, code: int, reason: str, message: str) -> None:
    assert (error.code, error.reason, error.message, str(error)) == (code, reason, message, message)
    back = from_status(error.to_status())
    assert type(back) is type(error) and vars(back) == vars(error)


def test_details_name_the_resource() -> None:
    assert status.NotFound.of("deployments.apps", "x").details == {"name": "x", "group": "apps", "kind": "deployments"}


def test_invalid_lists_its_causes() -> None:
    error = status.Invalid.of(
        "Pod",
        "x",
        [FieldError.required("spec.containers"), FieldError.invalid("spec.priority", -1, "must be positive")],
    )
    assert error.message == (
        'Pod "x" is invalid: [spec.containers: Required value, spec.priority: Invalid value: -1: must be positive]'
    )
    assert error.causes == [
        {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers"},
        {"reason": "FieldValueInvalid", "message": "Invalid value: -1: must be positive", "field": "spec.priority"},
    ]
    assert status.Invalid.of("Pod", "x", [FieldError.required("a")]).message == 'Pod "x" is invalid: a: Required value'


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FieldError.required("f"), "Required value"),
        (FieldError.required("f", "say one"), "Required value: say one"),
        (FieldError.invalid("f", "x", "why"), 'Invalid value: "x": why'),
        (FieldError.invalid("f", True, ""), "Invalid value: true"),
        (FieldError.invalid("f", {"a": 1}, "why"), 'Invalid value: {"a":1}: why'),
        (FieldError.not_supported("f", "x", ["A", "B"]), 'Unsupported value: "x": supported values: "A", "B"'),
        (FieldError.duplicate("f", "x"), 'Duplicate value: "x"'),
        (FieldError.forbidden("f", "why"), "Forbidden: why"),
        (FieldError.not_found("f", "x"), 'Not found: "x"'),
        (FieldError.too_long("f", "x" * 99, 63), "Too long: may not be more than 63 bytes"),
        (FieldError.too_many("f", 5, 1), "Too many: 5: must have at most 1 item"),
        (FieldError.internal("f", "boom"), "Internal error: boom"),
    ],
)
def test_field_errors(error: FieldError, message: str) -> None:
    assert error.message() == message
    assert str(error) == f"f: {message}"


@pytest.mark.parametrize(
    ("given", "cls"),
    [
        ({"code": 404, "reason": "NotFound"}, status.NotFound),
        ({"code": 409}, status.Conflict),
        ({"code": 410, "reason": "Gone"}, status.Gone),
        ({"code": 500}, status.InternalError),
        ({"code": 418}, ApiError),
        ({}, status.InternalError),
    ],
)
def test_class_by_reason_then_code(given: dict[str, Any], cls: type[ApiError]) -> None:
    assert type(from_status(given)) is cls


def test_answers_without_a_status() -> None:
    error = from_response(503, "upstream connect error")
    assert isinstance(error, status.ServiceUnavailable) and "upstream connect error" in error.message


def test_retry_after() -> None:
    assert status.TooManyRequests.of("wait", 3).retry_after == 3
    assert status.NotFound.of("pods", "x").retry_after is None
