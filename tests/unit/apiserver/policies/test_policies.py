"""Matching and deciding, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api.scheme import SCHEME
from minik8s.apiserver.policies.conditions import ConditionError, matches
from minik8s.apiserver.policies.definition import Policy, parse_match, parse_policy
from minik8s.apiserver.policies.evaluation import decide
from minik8s.apiserver.policies.validation import BINDING, POLICY

Json = dict[str, Any]
PODS = SCHEME.by_resource("", "v1", "pods")
RULE = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}


def policy(**spec: Any) -> Policy:
    return parse_policy({"metadata": {"name": "p"}, "spec": spec})


def values(obj: Json | None = None) -> Json:
    return {
        "object": obj,
        "oldObject": None,
        "request": {"operation": "CREATE"},
        "namespaceObject": None,
        "params": None,
    }


def seen(match: Json, name: str = "a") -> bool:
    assert PODS is not None
    return parse_match(match).seen_as([PODS], "", "CREATE", True, name) is not None


def test_names_and_exclusions() -> None:
    assert seen({"resourceRules": [RULE]})
    assert not seen({"resourceRules": [RULE | {"resourceNames": ["b"]}]})
    assert seen({"resourceRules": [RULE | {"resourceNames": ["a"]}]})
    assert not seen({"resourceRules": [RULE], "excludeResourceRules": [RULE]})
    assert seen({})  # a binding without rules applies to all that its policy matches


def test_a_false_condition_outweighs_errors() -> None:
    broken, false = ("broken", "object.nothing == 1"), ("false", "1 == 2")
    assert not matches([broken, false], values({}), ignore_failures=False)
    with pytest.raises(ConditionError, match="no such key: nothing"):
        matches([broken], values({}), ignore_failures=False)
    assert not matches([broken], values({}), ignore_failures=True)
    assert matches([], values(), ignore_failures=False)


def test_messages_fall_back() -> None:
    rule = {"expression": "false", "messageExpression": "object.nothing", "message": "the fixed one"}
    (denial,) = decide(policy(validations=[rule]), values({}))
    assert denial.message == "the fixed one"
    (denial,) = decide(policy(validations=[{"expression": " false "}]), values({}))
    assert denial.message == "failed expression: false"


def test_a_failing_variable_hurts_only_who_uses_it() -> None:
    variables = [{"name": "bad", "expression": "object.nothing"}, {"name": "good", "expression": "1"}]
    rules = [{"expression": "variables.good == 1"}, {"expression": "variables.bad == 1"}]
    (denial,) = decide(policy(validations=rules, variables=variables), values({}))
    assert 'composited variable "bad" fails to evaluate' in denial.message
    assert decide(policy(validations=rules, variables=variables, failurePolicy="Ignore"), values({})) == []


def test_annotations_that_fail_refuse() -> None:
    annotations = [{"key": "k", "valueExpression": "object.nothing"}]
    (denial,) = decide(policy(auditAnnotations=annotations), values({}))
    assert denial.always
    assert decide(policy(auditAnnotations=[{"key": "k", "valueExpression": "'text'"}]), values({})) == []


def test_what_may_not_be_stored() -> None:
    assert POLICY.create is not None and BINDING.create is not None
    empty = {"metadata": {"name": "p"}, "spec": {"failurePolicy": "Fail"}}
    assert {error.field for error in POLICY.create(empty)} == {"spec.matchConstraints", "spec.validations"}
    binding = {
        "metadata": {"name": "b"},
        "spec": {"policyName": "p", "paramRef": {}, "validationActions": ["No", "No"]},
    }
    assert {error.field for error in BINDING.create(binding)} == {
        "spec.paramRef", "spec.paramRef.parameterNotFoundAction", "spec.validationActions[0]",
        "spec.validationActions[1]",
    }  # fmt: skip
