"""One policy's verdicts on one write.

Mirrors policy/validating/validator.go. Pure: values in, decisions out. A variable is evaluated when something refers to
it; one that fails is missing from ``variables``, so that it only hurts the expressions which really use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minik8s.apiserver.policies.conditions import ConditionError, matches
from minik8s.apiserver.policies.definition import Policy
from minik8s.apiserver.policies.expressions import ExpressionError, evaluate, referenced_variables

JsonObject = dict[str, Any]
MAX_MESSAGE = 5 * 1024


@dataclass(frozen=True, slots=True)
class Denial:
    """One validation that is not kept. ``always``: an error of the policy, which is no matter of actions."""

    message: str
    reason: str = "Invalid"
    always: bool = False


class Scope:
    """The names that a policy's expressions may use, with variables on demand."""

    def __init__(self, policy: Policy, values: JsonObject) -> None:
        self._expressions = dict(policy.variables)
        self._base = values
        self._variables: JsonObject = {}
        self._errors: dict[str, str] = {}

    def evaluate(self, expression: str) -> Any:
        """Raises ExpressionError."""
        self._require(expression)
        try:
            return evaluate(expression, self._values())
        except ExpressionError as error:
            raise self._explained(expression, error) from None

    def _values(self) -> JsonObject:
        return {**self._base, "variables": self._variables}

    def _require(self, expression: str) -> None:
        for name in referenced_variables(expression):
            if name in self._variables or name in self._errors or name not in self._expressions:
                continue
            self._errors[name] = "composited variable refers to itself"  # until it is known
            try:
                self._require(self._expressions[name])
                self._variables[name] = evaluate(self._expressions[name], self._values())
                del self._errors[name]
            except ExpressionError as error:
                self._errors[name] = str(error)

    def _explained(self, expression: str, error: ExpressionError) -> ExpressionError:
        """Tell of the variable's error in place of "no such key"."""
        for name in referenced_variables(expression):
            if name in self._errors and name in str(error).removeprefix(f"expression '{expression}'"):
                text = f'composited variable "{name}" fails to evaluate: {self._errors[name]}'
                return ExpressionError(f"expression '{expression}' resulted in error: {text}")
        return error


def decide(policy: Policy, values: JsonObject) -> list[Denial]:
    """What the policy has against the write; ``values``: object, oldObject, request, namespaceObject, params."""
    basic = {name: values[name] for name in values if name != "variables"}
    try:
        if policy.conditions and not matches(policy.conditions, basic, policy.ignore_failures):
            return []
    except ConditionError as error:
        return [Denial(str(error))]
    scope = Scope(policy, values)
    denials = []
    for validation in policy.validations:
        denial = _validate(policy, scope, validation)
        if denial is not None:
            denials.append(denial)
    return denials + _annotate(policy, scope)


def _validate(policy: Policy, scope: Scope, validation: JsonObject) -> Denial | None:
    try:
        kept = scope.evaluate(validation["expression"]) is True
    except ExpressionError as error:
        return None if policy.ignore_failures else Denial(str(error))
    if kept:
        return None
    return Denial(_message(scope, validation), validation.get("reason") or "Invalid")


def _message(scope: Scope, validation: JsonObject) -> str:
    """messageExpression's text where it is fit to print, else the fixed message, else the expression itself."""
    if validation.get("messageExpression"):
        try:
            text = scope.evaluate(validation["messageExpression"])
        except ExpressionError:
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text.strip() and len(text) <= MAX_MESSAGE:
            return text.strip()
    fixed: str = validation.get("message") or ""
    return fixed.strip() or f"failed expression: {validation['expression'].strip()}"


def _annotate(policy: Policy, scope: Scope) -> list[Denial]:
    """Audit annotations go nowhere (there is no audit log); their errors refuse where the policy fails closed."""
    denials = []
    for annotation in policy.audit_annotations:
        try:
            value = scope.evaluate(annotation["valueExpression"])
        except ExpressionError as error:
            if not policy.ignore_failures:
                denials.append(Denial(str(error), always=True))
            continue
        if value is not None and not isinstance(value, str) and not policy.ignore_failures:
            text = f"valueExpression '{annotation['valueExpression']}' resulted in unsupported return type"
            denials.append(Denial(text, always=True))
    return denials
