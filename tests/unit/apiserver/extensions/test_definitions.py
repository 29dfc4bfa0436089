# ruff: noqa: E501 - tables of messages
"""What a CustomResourceDefinition may say, which names it gets, and the order of versions."""

import copy

import pytest

from minik8s.apiserver.extensions.catalog import version_priority
from minik8s.apiserver.extensions.definition import facts
from minik8s.apiserver.extensions.definition.validation import validate, validate_update
from minik8s.apiserver.extensions.names import compute_status

NOW = "2026-01-01T00:00:00Z"


def definition(schema=None, group="example.com", plural="tabs", kind="Tab", versions=None, **spec):
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    versions = versions or [version("v1", schema or {"type": "object"}, storage=True)]
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": versions} | spec,
        "status": {"storedVersions": [one["name"] for one in versions if one["storage"]]},
    }


def version(name, schema, storage=False, **more):
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}} | more


def errors(crd):
    return [str(error) for error in validate(crd)]


def obj(properties=None, **more):
    return {"type": "object", "properties": properties or {}} | more


def test_a_plain_definition_is_valid():
    assert errors(definition(obj({"spec": obj({"a": {"type": "string"}})}))) == []


ROOT = "spec.validation.openAPIV3Schema"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"properties": {}}, f"{ROOT}.type: Required value: must not be empty at the root"),
        ({"type": "string"}, f'{ROOT}.type: Invalid value: "string": must be object at the root'),
        (obj(nullable=True), f"{ROOT}.nullable: Forbidden: nullable cannot be true at the root"),
        (obj({"a": {}}), f"{ROOT}.properties[a].type: Required value: must not be empty for specified object fields"),
        (obj({"a": {"type": "array"}}), f"{ROOT}.properties[a].items: Required value: must be specified"),
        (
            obj({"a": {"type": "array", "items": {}}}),
            f"{ROOT}.properties[a].items.type: Required value: must not be empty for specified array items",
        ),
        (
            obj({"a": {"type": "text"}}),
            f'{ROOT}.properties[a].type: Unsupported value: "text": supported values: "array", ',
        ),
        (
            obj({"a": {"type": "string", "pattern": "b["}}),
            f'{ROOT}.properties[a].pattern: Invalid value: "b[": must be a valid regular expression, but isn\'t: error',
        ),
        (
            obj({"a": {"type": "integer", "default": "x"}}),
            f'{ROOT}.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"',
        ),
        (
            obj({"a": obj({"b": {"type": "string"}}, default={"c": 1})}),
            f'{ROOT}.properties[a].default: Invalid value: {{"c":1}}: must not have unknown fields',
        ),
        (
            obj({"a": {"type": "string", "anyOf": [{"type": "string"}]}}),
            f"{ROOT}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            obj(allOf=[{"properties": {"a": {"minimum": 1}}}]),
            f"{ROOT}.properties[a]: Required value: because it is defined in {ROOT}.allOf[0].properties[a]",
        ),
        (
            obj({"a": obj(additionalProperties={"type": "string"}) | {"properties": {"x": {"type": "string"}}}}),
            f"{ROOT}.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual",
        ),
        (
            obj({"metadata": obj({"labels": obj()})}),
            f"{ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName",
        ),
        (
            obj({"a": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}}),
            f"{ROOT}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since",
        ),
        (
            obj({"a": obj(**{"x-kubernetes-preserve-unknown-fields": False})}),
            f"{ROOT}.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        ),
        (
            obj({"a": {"type": "array", "items": obj(), "x-kubernetes-list-type": "map"}}),
            f"{ROOT}.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if",
        ),
        (
            obj({"a": {"type": "string", "x-kubernetes-list-type": "set"}}),
            f'{ROOT}.properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified',
        ),
        (
            obj({"a": obj({"k": {"type": "string", "default": "x"}}, **{"x-kubernetes-embedded-resource": True})}),
            "",
        ),
        (
            obj({"a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self.b > 1"}]}}),
            f'{ROOT}.properties[a].x-kubernetes-validations[0].rule: Invalid value: "self.b > 1": compilation failed: ERROR',
        ),
        (obj({"a": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}}), ""),
        (obj({"a": {"x-kubernetes-preserve-unknown-fields": True}}), ""),
    ],
)
def test_schemas(schema, expected):
    found = errors(definition(schema))
    assert (found == []) if not expected else any(text.startswith(expected) for text in found), found


def test_errors_of_a_version_of_its_own_are_told_there():
    crd = definition(versions=[version("v1", obj(), storage=True), version("v2", {"properties": {}})])
    assert errors(crd) == [
        "spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root"
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda crd: crd["metadata"].update(name="x.y"), 'metadata.name: Invalid value: "x.y": must be spec.names.plural'),
        (lambda crd: crd["spec"].update(scope="Galaxy"), 'spec.scope: Unsupported value: "Galaxy"'),
        (lambda crd: crd["spec"]["names"].update(kind="No_Kind"), 'spec.names.kind: Invalid value: "No_Kind": may have'),
        (lambda crd: crd["spec"]["names"].update(listKind="Tab"), 'spec.names.listKind: Invalid value: "Tab": kind and'),
        (lambda crd: crd["spec"]["names"].update(shortNames=["A"]), 'spec.names.shortNames[0]: Invalid value: "A"'),
        (lambda crd: crd["spec"]["versions"][0].update(storage=False), "spec.versions: Invalid value"),
        (lambda crd: crd["spec"]["versions"][0].pop("schema"), "spec.versions[0].schema.openAPIV3Schema: Required value"),
        (lambda crd: crd["spec"].update(preserveUnknownFields=True), "spec.preserveUnknownFields: Invalid value: true"),
        (lambda crd: crd["status"].update(storedVersions=["v0"]), 'status.storedVersions[0]: Invalid value: "v0": must'),
        (
            lambda crd: crd["spec"].update(conversion={"strategy": "Webhook"}),
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        ),
        (
            lambda crd: crd["spec"].update(
                conversion={
                    "strategy": "Webhook",
                    "webhook": {"conversionReviewVersions": ["v9"], "clientConfig": {"url": "http://a/b?c"}},
                }
            ),
            'spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
        ),
        (
            lambda crd: crd["spec"]["versions"][0].update(additionalPrinterColumns=[{"name": "A", "type": "x", "jsonPath": "a"}]),
            'spec.additionalPrinterColumns[0].type: Invalid value: "x": must be one of boolean,date,integer,number,string',
        ),
        (
            lambda crd: crd["spec"]["versions"][0].update(
                subresources={"scale": {"specReplicasPath": ".status.a", "statusReplicasPath": ".status.b"}}
            ),
            'spec.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec',
        ),
        (
            lambda crd: crd["spec"]["versions"][0].update(selectableFields=[{"jsonPath": ".spec.no"}]),
            'spec.selectableFields[0].jsonPath: Invalid value: ".spec.no": is an invalid path',
        ),
        (
            lambda crd: crd["spec"]["versions"][0].update(deprecationWarning="old"),
            'spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
        ),
    ],
)  # fmt: skip
def test_definitions(change, expected):
    crd = definition()
    change(crd)
    assert any(text.startswith(expected) for text in errors(crd)), errors(crd)


def test_groups_of_kubernetes_need_an_approval():
    crd = definition(group="x.k8s.io")
    assert errors(crd)[0].startswith(
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups"
    )
    crd["metadata"]["annotations"] = {facts.APPROVAL: "unapproved, a test"}
    assert errors(crd) == []
    crd["metadata"]["annotations"] = {facts.APPROVAL: "surely"}
    assert "Invalid value" in errors(crd)[0]


def test_what_an_established_definition_may_not_change():
    old = definition()
    old["metadata"]["resourceVersion"] = "1"
    facts.set_condition(old, NOW, facts.ESTABLISHED, "True", "", "")
    new = copy.deepcopy(old)
    new["spec"]["scope"], new["spec"]["names"]["kind"] = "Cluster", "Other"
    found = [str(error) for error in validate_update(new, old)]
    assert [text.partition(":")[0] for text in found] == ["spec.scope", "spec.names.kind"]
    assert all("field is immutable" in text for text in found)


def test_what_was_accepted_once_stays_accepted():
    old = definition({"properties": {}})
    old["metadata"]["resourceVersion"] = "1"
    new = copy.deepcopy(old)
    new["spec"]["names"]["shortNames"] = ["t"]
    assert validate_update(new, old) == []


# -- names -----------------------------------------------------------------------------------------------------------


def settle(crd, *others):
    status = compute_status(crd, others, NOW)
    return crd | {"status": status} if status else crd


def test_names_are_accepted_and_the_definition_established_at_once():
    crd = settle(definition())
    assert facts.is_true(crd, facts.NAMES_ACCEPTED) and facts.is_true(crd, facts.ESTABLISHED)
    assert crd["status"]["acceptedNames"]["kind"] == "Tab"
    assert compute_status(crd, (), "2027-01-01T00:00:00Z") is None


def test_a_name_that_is_taken_is_refused_until_it_is_free():
    first = settle(definition())
    second = settle(definition(plural="others"), first)
    found = facts.condition(second, facts.NAMES_ACCEPTED)
    assert found["status"] == "False" and found["reason"] == "ListKindConflict"
    assert found["message"] == '"TabList" is already in use'
    assert facts.condition(second, facts.ESTABLISHED)["reason"] == "NotAccepted"
    assert second["status"]["acceptedNames"]["plural"] == "others"
    assert facts.is_true(settle(second), facts.ESTABLISHED)


def test_short_names_are_given_all_or_none():
    first = definition()
    first["spec"]["names"]["shortNames"] = ["t"]
    second = definition(plural="others", kind="Other")
    second["spec"]["names"]["shortNames"] = ["o", "t"]
    second = settle(second, settle(first))
    assert facts.condition(second, facts.NAMES_ACCEPTED)["reason"] == "ShortNamesConflict"
    assert "shortNames" not in second["status"]["acceptedNames"]


def test_a_later_conflict_does_not_unestablish():
    crd = settle(definition())
    other = definition(plural="others", kind="Other")
    other["spec"]["names"]["shortNames"] = ["t"]
    crd["spec"]["names"]["shortNames"] = ["t"]
    crd = settle(crd, settle(other))
    assert facts.is_true(crd, facts.ESTABLISHED) and not facts.is_true(crd, facts.NAMES_ACCEPTED)


def test_versions_by_priority():
    names = ["foo10", "v1alpha1", "v2", "v10", "v1beta1", "v2beta1", "foo1", "v1"]
    assert sorted(names, key=version_priority) == ["v10", "v2", "v1", "v2beta1", "v1beta1", "v1alpha1", "foo1", "foo10"]
