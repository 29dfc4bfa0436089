"""Every failure becomes a Status: what the caches and the store raise, in upstream's words.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/status.go and registry/generic's
InterpretXError. What nobody expected is logged with its traceback and told without internals.
"""

from __future__ import annotations

import asyncio

from minik8s.api.status import (
    ApiError,
    BadRequest,
    Conflict,
    Gone,
    InternalError,
    RequestEntityTooLarge,
    ServiceUnavailable,
    Timeout,
)
from minik8s.apiserver.cache.interface import (
    BadRequestError,
    KeyMissing,
    ResourceExpired,
    ResourceVersionTooLarge,
    RevisionMismatch,
)
from minik8s.apiserver.storage.base import StoreError, ValueTooLarge
from minik8s.component import get_logger

log = get_logger(__name__)


def translate(error: Exception) -> ApiError:
    """The API's error for an exception; unknown ones are logged as a bug."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ResourceExpired):
        return _expired(error)
    if isinstance(error, ResourceVersionTooLarge):
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        return Timeout(f"Timeout: {error}", details={"causes": [cause], "retryAfterSeconds": 1})
    if isinstance(error, BadRequestError):
        return BadRequest(str(error))
    if isinstance(error, RevisionMismatch | KeyMissing):
        return Conflict(Conflict.MODIFIED)
    if isinstance(error, ValueTooLarge):
        return RequestEntityTooLarge(f"Request entity too large: {error}")
    if isinstance(error, StoreError):
        log.warning("the store failed", error=str(error))
        return ServiceUnavailable("the store is not available", details={"retryAfterSeconds": 1})
    if isinstance(error, asyncio.TimeoutError):
        return Timeout.of("request did not complete within the allotted timeout")
    log.exception("request failed", error=repr(error))
    return InternalError.of("the server failed; its log says why")


def _expired(error: ResourceExpired) -> ApiError:
    gone = ExpiredPage(error.message)
    gone.continue_token = error.continue_token
    return gone


class ExpiredPage(Gone):
    """410 that may carry a token with which the list goes on, inconsistently."""

    continue_token = ""

    def to_status(self) -> dict[str, object]:
        status = super().to_status()
        if self.continue_token:
            status["metadata"] = {"continue": self.continue_token}
        return status
