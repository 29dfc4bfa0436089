"""Match conditions: all must be true for a webhook or a policy to be asked at all.

Mirrors webhook/matchconditions/matcher.go. One that is false decides, whatever errors the others had; an error without
a false one skips the webhook where its failure policy is Ignore, and refuses the request where it is Fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from minik8s.api.status import BadRequest
from minik8s.apiserver.policies.expressions import ExpressionError, evaluate

if TYPE_CHECKING:
    from minik8s.apiserver.admission.base import Attributes
    from minik8s.apiserver.webhooks.configuration import Hook

JsonObject = dict[str, Any]


class ConditionError(Exception):
    """The conditions could not be evaluated."""


def matches(conditions: Iterable[tuple[str, str]], values: Mapping[str, Any], ignore_failures: bool) -> bool:
    """All (name, expression) are true; raises ConditionError."""
    errors = []
    for _, expression in conditions:
        try:
            if evaluate(expression, values) is not True:
                return False
        except ExpressionError as error:
            errors.append(str(error))
    if errors and not ignore_failures:
        raise ConditionError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
    return not errors


class MatchConditions:
    """Those of webhooks (webhooks.plugin.Conditions)."""

    async def match(self, hook: Hook, request: JsonObject, attrs: Attributes) -> bool:
        try:
            return matches(hook.match_conditions, admission_values(request), hook.ignore_failures)
        except ConditionError as error:
            raise BadRequest(str(error)) from None


def admission_values(request: JsonObject) -> JsonObject:
    """object, oldObject and request of an AdmissionRequest, as expressions see them."""
    bare = {key: value for key, value in request.items() if key not in ("object", "oldObject")}
    bare.setdefault("name", "")
    bare.setdefault("namespace", "")
    bare.setdefault("subResource", "")
    return {"object": request["object"], "oldObject": request["oldObject"], "request": bare}
