"""Errors: one exception tree whose wire form is Kubernetes' Status.

Mirrors apimachinery pkg/api/errors/errors.go: codes, reasons and messages. A class per reason, so that callers write
`except NotFound`; `from_status` turns a server's answer into the same class. Invariant:
`from_status(error.to_status())` has the type, code, reason, message and details of `error`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from minik8s.api.field_errors import FieldError as FieldError
from minik8s.api.field_errors import aggregate, quote


def qualified(resource: str, group: str = "") -> str:
    """`deployments` + `apps` → `deployments.apps`: how upstream prints a resource or kind with its group."""
    return f"{resource}.{group}" if group else resource


def _split(resource: str, group: str) -> tuple[str, str]:
    name, _, rest = resource.partition(".")
    return (name, rest) if rest and not group else (resource, group)


class ApiError(Exception):
    """A failure with a code, a machine-readable reason, a message and details (`name`, `kind`, `causes` …)."""

    default_code: ClassVar[int] = 500
    default_reason: ClassVar[str] = ""

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        reason: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = self.default_code if code is None else code
        self.reason = self.default_reason if reason is None else reason
        self.details: dict[str, Any] = dict(details or {})

    @property
    def retry_after(self) -> int | None:
        """Seconds that the server asks to wait before another try; None where it asks for nothing."""
        seconds = self.details.get("retryAfterSeconds")
        return int(seconds) if seconds is not None else None

    @property
    def causes(self) -> list[dict[str, str]]:
        """The single errors behind this one: `reason`, `message`, `field`."""
        return list(self.details.get("causes") or [])

    def to_status(self) -> dict[str, Any]:
        """The Status object for the wire."""
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        if self.message:
            status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        status["code"] = self.code
        return status


def _about(resource: str, name: str, group: str) -> dict[str, str]:
    plural, group = _split(resource, group)
    return {key: value for key, value in (("name", name), ("group", group), ("kind", plural)) if value}


class NotFound(ApiError):
    default_code = 404
    default_reason = "NotFound"

    @classmethod
    def of(cls, resource: str, name: str, group: str = "") -> Self:
        """`pods "web-1" not found`; resource is a plural, with its group where it has one."""
        return cls(f"{qualified(resource, group)} {quote(name)} not found", details=_about(resource, name, group))

    @classmethod
    def path(cls) -> Self:
        """No such path on this server."""
        return cls("the server could not find the requested resource")


class AlreadyExists(ApiError):
    default_code = 409
    default_reason = "AlreadyExists"

    @classmethod
    def of(cls, resource: str, name: str, group: str = "") -> Self:
        """`pods "web-1" already exists`."""
        return cls(f"{qualified(resource, group)} {quote(name)} already exists", details=_about(resource, name, group))


class Conflict(ApiError):
    default_code = 409
    default_reason = "Conflict"

    MODIFIED: ClassVar[str] = (
        "the object has been modified; please apply your changes to the latest version and try again"
    )

    @classmethod
    def of(cls, resource: str, name: str, why: object = MODIFIED, group: str = "") -> Self:
        """`Operation cannot be fulfilled on pods "web-1": …`: somebody wrote between the read and the write."""
        message = f"Operation cannot be fulfilled on {qualified(resource, group)} {quote(name)}: {why}"
        return cls(message, details=_about(resource, name, group))

    @classmethod
    def apply(cls, causes: list[dict[str, str]], message: str) -> Self:
        """Server-side apply: other managers own fields that differ."""
        return cls(message, details={"causes": causes})


class Invalid(ApiError):
    default_code = 422
    default_reason = "Invalid"

    @classmethod
    def of(cls, kind: str, name: str, errors: Iterable[FieldError], group: str = "") -> Self:
        """`Pod "x" is invalid: spec.containers[0].name: Required value`, each error a cause."""
        errors = list(errors)
        causes = [{"reason": e.type, "message": e.message(), "field": e.field} for e in errors]
        message = f"{qualified(kind, group)} {quote(name)} is invalid: {aggregate(errors)}"
        return cls(message, details={**_about(kind, name, group), "causes": causes})


class BadRequest(ApiError):
    default_code = 400
    default_reason = "BadRequest"


class Unauthorized(ApiError):
    default_code = 401
    default_reason = "Unauthorized"

    def __init__(self, message: str = "Unauthorized", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)


class Forbidden(ApiError):
    default_code = 403
    default_reason = "Forbidden"

    @classmethod
    def of(cls, resource: str, name: str, why: object, group: str = "") -> Self:
        """`pods "web-1" is forbidden: …`."""
        if not resource:
            return cls(f"forbidden: {why}", details=_about(resource, name, group))
        about = qualified(resource, group) + (f" {quote(name)}" if name else "")
        return cls(f"{about} is forbidden: {why}", details=_about(resource, name, group))


class Gone(ApiError):
    """The revision asked for was compacted: list again. Reason Expired, code 410."""

    default_code = 410
    default_reason = "Expired"

    @classmethod
    def too_old(cls, asked: int, oldest: int) -> Self:
        return cls(f"too old resource version: {asked} ({oldest})")


Expired = Gone


class MethodNotAllowed(ApiError):
    default_code = 405
    default_reason = "MethodNotAllowed"

    def __init__(self, message: str = "the server does not allow this method on the requested resource", **kw: Any):
        super().__init__(message, **kw)

    @classmethod
    def of(cls, resource: str, action: str, group: str = "") -> Self:
        message = f"{action} is not supported on resources of kind {quote(qualified(resource, group))}"
        return cls(message, details=_about(resource, "", group))


class NotAcceptable(ApiError):
    default_code = 406
    default_reason = "NotAcceptable"

    @classmethod
    def of(cls, accepted: Iterable[str]) -> Self:
        return cls(f"only the following media types are accepted: {', '.join(accepted)}")


class UnsupportedMediaType(ApiError):
    default_code = 415
    default_reason = "UnsupportedMediaType"

    @classmethod
    def of(cls, accepted: Iterable[str]) -> Self:
        return cls(f"the body of the request was in an unknown format - accepted media types include: "
                   f"{', '.join(accepted)}")  # fmt: skip


class RequestEntityTooLarge(ApiError):
    default_code = 413
    default_reason = "RequestEntityTooLarge"

    @classmethod
    def of(cls, limit: int) -> Self:
        return cls(f"Request entity too large: limit is {limit}")


class TooManyRequests(ApiError):
    default_code = 429
    default_reason = "TooManyRequests"

    @classmethod
    def of(cls, message: str, retry_after: int = 1) -> Self:
        return cls(message, details={"retryAfterSeconds": retry_after})

    @classmethod
    def disruption_budget(cls, budget: str, why: str, retry_after: int = 0) -> Self:
        """An eviction that a PodDisruptionBudget does not allow now."""
        cause = {"reason": "DisruptionBudget", "message": f"The disruption budget {budget} {why}"}
        details: dict[str, Any] = {"causes": [cause]}
        if retry_after:
            details["retryAfterSeconds"] = retry_after
        return cls("Cannot evict pod as it would violate the pod's disruption budget.", details=details)


class InternalError(ApiError):
    default_code = 500
    default_reason = "InternalError"

    @classmethod
    def of(cls, error: object) -> Self:
        text = f"Internal error occurred: {error}"
        return cls(text, details={"causes": [{"message": str(error)}]})


class ServerTimeout(ApiError):
    default_code = 500
    default_reason = "ServerTimeout"

    @classmethod
    def of(cls, resource: str, operation: str, retry_after: int = 1, group: str = "") -> Self:
        message = (
            f"The {operation} operation against {qualified(resource, group)} could not be completed at this time, "
            "please try again."
        )
        return cls(message, details={**_about(resource, operation, group), "retryAfterSeconds": retry_after})


class Timeout(ApiError):
    default_code = 504
    default_reason = "Timeout"

    @classmethod
    def of(cls, message: str, retry_after: int = 0) -> Self:
        details = {"retryAfterSeconds": retry_after} if retry_after else {}
        return cls(f"Timeout: {message}", details=details)


class ServiceUnavailable(ApiError):
    default_code = 503
    default_reason = "ServiceUnavailable"


_CLASSES: tuple[type[ApiError], ...] = (
    NotFound, AlreadyExists, Conflict, Invalid, BadRequest, Unauthorized, Forbidden, Gone, MethodNotAllowed,
    NotAcceptable, UnsupportedMediaType, RequestEntityTooLarge, TooManyRequests, InternalError, ServerTimeout,
    Timeout, ServiceUnavailable,
)  # fmt: skip
_BY_REASON = {cls.default_reason: cls for cls in _CLASSES} | {"Gone": Gone}
_BY_CODE = {
    cls.default_code: cls for cls in _CLASSES if cls not in (AlreadyExists, ServerTimeout)
}  # where one code has two reasons, the plainer one


def from_status(status: Mapping[str, Any]) -> ApiError:
    """The exception for a Status object: its class by reason, else by code, else a plain ApiError."""
    code = int(status.get("code") or 500)
    reason = str(status.get("reason") or "")
    cls = _BY_REASON.get(reason) or _BY_CODE.get(code, ApiError)
    return cls(str(status.get("message") or ""), code=code, reason=reason, details=status.get("details") or {})


def from_response(code: int, text: str = "") -> ApiError:
    """The exception for an answer that carries no Status object (a proxy's, say)."""
    cls = _BY_CODE.get(code, ApiError)
    message = f"the server responded with the status code {code}" + (f": {text[:512]}" if text else "")
    return cls(message, code=code)
