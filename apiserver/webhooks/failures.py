"""What a webhook's no, or its silence, becomes.

Mirrors webhook/errors/statuserror.go and util/webhook/error.go. A *rejection* is the webhook's own Status with a prefix
to its message; a *failed call* is an internal error where the failure policy is Fail, and nothing where it is Ignore.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.status import ApiError, BadRequest, InternalError, from_status

JsonObject = dict[str, Any]


class CallFailed(Exception):
    """No usable answer; ``code`` is what metrics tell of it."""

    def __init__(self, name: str, reason: str, code: int = 503) -> None:
        super().__init__(f'failed calling webhook "{name}": {reason}')
        self.code = code

    def to_error(self) -> ApiError:
        return InternalError.of(self)


def rejection(name: str, result: JsonObject | None) -> ApiError:
    """The error of a webhook that says no; it keeps code, reason and details of the webhook's Status."""
    status = dict(result or {})
    denied = f'admission webhook "{name}" denied the request'
    why = status.get("message") or status.get("reason")
    status["message"] = f"{denied}: {why}" if why else f"{denied} without explanation"
    code = status.get("code")
    status["code"] = code if isinstance(code, int) and code >= 400 else 400
    error = from_status(status)
    error.reason = str(status.get("reason") or "")
    return error


def dry_run_unsupported(name: str) -> ApiError:
    """The webhook has side effects that it cannot leave out."""
    return BadRequest(f'admission webhook "{name}" does not support dry run')
