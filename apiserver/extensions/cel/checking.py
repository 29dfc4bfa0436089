"""The rules of a definition compile: ValidateCustomResourceDefinitionOpenAPISchema's part about CEL.

Mirrors apiextensions-apiserver/pkg/apis/apiextensions/validation (x-kubernetes-validations). Left out: the estimate of
what a rule may cost at worst; the bound when it runs is enforced.
"""

from __future__ import annotations

import re
from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.cel.presence import RULES
from minik8s.apiserver.extensions.cel.program import CelError, compile_program
from minik8s.apiserver.extensions.cel.validator import is_transition, variables_of

Schema = dict[str, Any]
MAX_MESSAGE = 2048
REASONS = ("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate")
_PATH = re.compile(r"(\.[A-Za-z_][A-Za-z0-9_-]*|\['[^']*'\])+")


def check_rules(schema: Schema, path: str, is_root: bool = True, correlates: bool = True) -> list[FieldError]:
    """Errors of all rules at and below `schema`. `correlates`: an old value can be found for what it describes."""
    errors: list[FieldError] = []
    typed = {**schema, "x-kubernetes-embedded-resource": True} if is_root else schema
    for index, rule in enumerate(schema.get(RULES) or ()):
        errors += _check_rule(rule, typed, f"{path}.{RULES}[{index}]", correlates)
    for key, child in (schema.get("properties") or {}).items():
        errors += check_rules(child, f"{path}.properties[{key}]", False, correlates)
    if isinstance(schema.get("additionalProperties"), dict):
        errors += check_rules(schema["additionalProperties"], f"{path}.additionalProperties", False, correlates)
    if isinstance(schema.get("items"), dict):
        is_map = schema.get("x-kubernetes-list-type") == "map"
        errors += check_rules(schema["items"], f"{path}.items", False, correlates and is_map)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(schema.get(key) or ()):
            errors += _forbid_nested(child, f"{path}.{key}[{index}]")
    return errors


def _forbid_nested(schema: Schema, path: str) -> list[FieldError]:
    text = "must be empty to be structural"
    return [FieldError.forbidden(f"{path}.{RULES}", text)] if schema.get(RULES) else []


def _check_rule(rule: dict[str, Any], schema: Schema, path: str, correlates: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    text = rule.get("rule") or ""
    if not text.strip():
        errors.append(FieldError.required(f"{path}.rule", "rule is not specified"))
    else:
        errors += _check_expression(text, rule, schema, f"{path}.rule", "bool")
    if is_transition(rule) and not correlates:
        why = "oldSelf cannot be used on the uncorrelatable portion of the schema within"
        errors.append(FieldError.invalid(f"{path}.rule", text, f"{why} {path.rsplit('.', 1)[0]}"))
    if rule.get("optionalOldSelf") and not is_transition(rule):
        why = "may not be set if oldSelf is not used in rule"
        errors.append(FieldError.invalid(f"{path}.optionalOldSelf", True, why))
    errors += _check_message(rule, path)
    if rule.get("messageExpression"):
        errors += _check_expression(rule["messageExpression"], rule, schema, f"{path}.messageExpression", "string")
    if rule.get("reason") and rule["reason"] not in REASONS:
        errors.append(FieldError.not_supported(f"{path}.reason", rule["reason"], REASONS))
    if rule.get("fieldPath") and (not _PATH.fullmatch(rule["fieldPath"]) or not _leads(schema, rule["fieldPath"])):
        why = "fieldPath must be a valid path: does not refer to a valid field"
        errors.append(FieldError.invalid(f"{path}.fieldPath", rule["fieldPath"], why))
    return errors


def _check_message(rule: dict[str, Any], path: str) -> list[FieldError]:
    message, text, where = rule.get("message"), rule.get("rule") or "", f"{path}.message"
    if message is not None and not message.strip():
        return [FieldError.invalid(where, message, "message must be non-empty if specified")]
    if message and "\n" in message.strip():
        return [FieldError.invalid(where, message, "message must not contain line breaks")]
    if message and len(message) > MAX_MESSAGE:
        return [FieldError.too_long(where, message, MAX_MESSAGE)]
    if "\n" in text.strip() and not message:
        return [FieldError.required(where, "message must be specified if rule contains line breaks")]
    return []


def _check_expression(text: str, rule: dict[str, Any], schema: Schema, path: str, wanted: str) -> list[FieldError]:
    try:
        program = compile_program(text, variables_of(rule, schema))
    except CelError as error:
        return [FieldError.invalid(path, text, f"compilation failed: {error}")]
    found = program.result_type
    found = found.get("type") if isinstance(found, dict) else found
    names = {"boolean": "bool", "integer": "int", "number": "double", "array": "list", "object": "map"}
    if found is not None and names.get(found, found) != wanted:
        subject = "cel expression" if wanted == "bool" else "messageExpression"
        return [FieldError.invalid(path, text, f"{subject} must evaluate to a {wanted}")]
    return []


def _leads(schema: Schema, path: str) -> bool:
    node: Any = schema
    for dotted, quoted in re.findall(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\['([^']*)'\]", path):
        name, additional = dotted or quoted, node.get("additionalProperties")
        node = (node.get("properties") or {}).get(name) or (additional if isinstance(additional, dict) else None)
        if node is None:
            return False
    return True
