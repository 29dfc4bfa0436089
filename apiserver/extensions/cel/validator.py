"""The rules of a schema hold for an object.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go. A rule that speaks of oldSelf is a transition
rule: it runs where there is an old value that is known to be the same thing (fields, map entries, elements of lists
of type map), or always with optionalOldSelf. Other rules are not run again on what an update leaves as it was.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.cel.budget import Budget, OutOfBudget
from minik8s.apiserver.extensions.cel.presence import RULES, has_rules
from minik8s.apiserver.extensions.cel.program import CelError, Program, compile_program
from minik8s.apiserver.extensions.cel.values import ABSENT, Optional
from minik8s.apiserver.extensions.schema.values import MISSING, correlated, same

Schema = dict[str, Any]
_OLD_SELF = re.compile(r"\boldSelf\b")
_REASONS = frozenset(("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate"))


class Rule(NamedTuple):
    """A compiled rule."""

    spec: dict[str, Any]
    program: Program
    message: Program | None
    is_transition: bool

    @property
    def optional_old(self) -> bool:
        return bool(self.spec.get("optionalOldSelf"))


def is_transition(rule: dict[str, Any]) -> bool:
    """Whether the rule compares with the old value."""
    return _OLD_SELF.search(rule.get("rule") or "") is not None


def variables_of(rule: dict[str, Any], schema: Schema) -> dict[str, Schema | None]:
    """What the rule may refer to."""
    if not is_transition(rule):
        return {"self": schema}
    return {"self": schema, "oldSelf": None if rule.get("optionalOldSelf") else schema}


def compile_rule(rule: dict[str, Any], schema: Schema) -> Rule:
    """Raises CelError."""
    variables = variables_of(rule, schema)
    text = rule.get("messageExpression")
    message = compile_program(text, variables) if text else None
    return Rule(rule, compile_program(rule["rule"], variables), message, is_transition(rule))


class RuleValidator:
    """All rules at and below one schema, compiled once."""

    def __init__(self, schema: Schema, is_root: bool = True) -> None:
        if is_root:
            schema = {**schema, "x-kubernetes-embedded-resource": True}
        self._schema = schema
        self._rules = [compile_rule(rule, schema) for rule in schema.get(RULES) or ()]
        self._properties = {
            key: RuleValidator(child, False)
            for key, child in (schema.get("properties") or {}).items()
            if has_rules(child)
        }
        self._items = _below(schema.get("items"))
        self._additional = _below(schema.get("additionalProperties"))

    def check(self, value: Any, old: Any = None) -> list[FieldError]:
        """Errors of an object; `old` is the one before an update."""
        errors: list[FieldError] = []
        budget = Budget()
        self._check(errors, value, MISSING if old is None else old, "", budget)
        return errors

    def _check(self, errors: list[FieldError], value: Any, old: Any, path: str, budget: Budget) -> None:
        if value is None or budget.exhausted:
            return
        for rule in self._rules:
            self._run(errors, rule, value, old, path, budget)
        if isinstance(value, dict):
            before = old if isinstance(old, dict) else {}
            for key, child in value.items():
                below = self._properties.get(key)
                if below is not None:
                    below._check(errors, child, before.get(key, MISSING), f"{path}.{key}" if path else key, budget)
                elif self._additional is not None and key not in (self._schema.get("properties") or {}):
                    self._additional._check(errors, child, before.get(key, MISSING), f"{path}[{key}]", budget)
        elif isinstance(value, list) and self._items is not None:
            for index, (item, was) in enumerate(zip(value, correlated(value, old, self._schema), strict=True)):
                self._items._check(errors, item, was, f"{path}[{index}]", budget)

    def _run(self, errors: list[FieldError], rule: Rule, value: Any, old: Any, path: str, budget: Budget) -> None:
        if rule.is_transition and old is MISSING and not rule.optional_old:
            return
        if not rule.is_transition and old is not MISSING and same(value, old):
            return
        values = {"self": value}
        if rule.is_transition:
            values["oldSelf"] = (ABSENT if old is MISSING else Optional(True, old)) if rule.optional_old else old
        budget.limit_call()
        try:
            if rule.program.evaluate(values, budget) is True:
                return
            self._fail(errors, rule, path, self._message(rule, values, budget))
        except OutOfBudget:
            text = f'"{rule.spec["rule"]}": call cost exceeds limit: no further validation rules will be run'
            errors.append(FieldError.invalid(path or "<nil>", self._type, text))
        except CelError as error:
            self._fail(errors, rule, path, f"{error} evaluating rule: {rule.spec.get('message') or rule.spec['rule']}")

    @property
    def _type(self) -> str:
        return str(self._schema.get("type") or "")

    def _message(self, rule: Rule, values: dict[str, Any], budget: Budget) -> str:
        """messageExpression's text where it gives one, else the message, else the rule."""
        if rule.message is not None:
            try:
                text = rule.message.evaluate(values, budget)
            except CelError:
                text = None
            if isinstance(text, str) and text.strip() and "\n" not in text:
                return text.strip()
        return str(rule.spec.get("message") or f"failed rule: {rule.spec['rule'].strip()}").strip()

    def _fail(self, errors: list[FieldError], rule: Rule, path: str, text: str) -> None:
        where = f"{path}{rule.spec.get('fieldPath') or ''}" if path else (rule.spec.get("fieldPath") or "").lstrip(".")
        reason = rule.spec.get("reason") or "FieldValueInvalid"
        bad: Any = self._type if reason in ("FieldValueInvalid", "FieldValueDuplicate") else ""
        errors.append(FieldError(reason if reason in _REASONS else "FieldValueInvalid", where or "<nil>", bad, text))


def _below(schema: Any) -> RuleValidator | None:
    return RuleValidator(schema, False) if isinstance(schema, dict) and has_rules(schema) else None
