# ruff: noqa: E501 - tables of messages
"""What schemas do to objects: prune, default, validate, coerce metadata; upstream's words."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minik8s.apiserver.extensions.schema.defaulting import default, drop_nulls
from minik8s.apiserver.extensions.schema.formats import checker
from minik8s.apiserver.extensions.schema.lists import check_lists
from minik8s.apiserver.extensions.schema.object_meta import Malformed, check_embedded, coerce, coerce_metadata
from minik8s.apiserver.extensions.schema.pruning import prune
from minik8s.apiserver.extensions.schema.values import SchemaValidator


def obj(properties=None, **more):
    return {"type": "object", "properties": properties or {}} | more


INT, STR = {"type": "integer"}, {"type": "string"}
INT_OR_STRING = {"x-kubernetes-int-or-string": True}


def messages(value, schema, **old):
    return [str(error) for error in SchemaValidator().check(value, schema, **old)]


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (INT, "x", 'spec: Invalid value: "string": spec in body must be of type integer: "string"'),
        (INT, 1.5, 'spec: Invalid value: "number": spec in body must be of type integer: "number"'),
        (INT, None, 'spec: Invalid value: "null": spec in body must be of type integer: "null"'),
        (INT, True, 'spec: Invalid value: "boolean": spec in body must be of type integer: "boolean"'),
        (INT, 2.0, ""),
        ({"type": "number"}, 2, ""),
        (INT | {"nullable": True}, None, ""),
        (INT | {"minimum": 1}, 0, "spec: Invalid value: 0: spec in body should be greater than or equal to 1"),
        (INT | {"minimum": 1.0, "exclusiveMinimum": True}, 1, "spec: Invalid value: 1: spec in body should be greater than 1"),
        (INT | {"maximum": 1.5}, 2, "spec: Invalid value: 2: spec in body should be less than or equal to 1.5"),
        (INT | {"maximum": 2, "exclusiveMaximum": True}, 2, "spec: Invalid value: 2: spec in body should be less than 2"),
        (INT | {"multipleOf": 5.0}, 7, "spec: Invalid value: 7: spec in body should be a multiple of 5"),
        (STR | {"pattern": "^a+$"}, "b", "spec: Invalid value: \"b\": spec in body should match '^a+$'"),
        (STR | {"maxLength": 2}, "abc", "spec: Too long: may not be more than 2 bytes"),
        (STR | {"minLength": 2}, "a", 'spec: Invalid value: "a": spec in body should be at least 2 chars long'),
        (STR | {"enum": ["a", "b"]}, "c", 'spec: Unsupported value: "c": supported values: "a", "b"'),
        (INT | {"enum": [1, 2]}, 3, 'spec: Unsupported value: 3: supported values: "1", "2"'),
        (STR | {"format": "date-time"}, "now", 'spec: Invalid value: "now": spec in body must be of type date-time: "now"'),
        (STR | {"format": "ipv4"}, "::1", 'spec: Invalid value: "::1": spec in body must be of type ipv4: "::1"'),
        (STR | {"format": "anything"}, "now", ""),
        ({"type": "array", "items": INT}, [1, "x"], 'spec[1]: Invalid value: "string": spec[1] in body must be of type integer: "string"'),
        ({"type": "array", "items": INT, "maxItems": 1}, [1, 2], "spec: Too many: 2: must have at most 1 item"),
        ({"type": "array", "items": INT, "minItems": 1}, [], "spec: Invalid value: 0: spec in body should have at least 1 items"),
        (obj(required=["a"]), {}, "spec.a: Required value"),
        (obj(maxProperties=1), {"a": 1, "b": 1}, "spec: Too many: 2: must have at most 1 item"),
        (obj(minProperties=1), {}, "spec: Invalid value: 0: spec in body should have at least 1 properties"),
        (obj({"a": INT}), {"a": "x"}, 'spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"'),
        ({"type": "object", "additionalProperties": INT}, {"k": "x"}, 'spec.k: Invalid value: "string": spec.k in body must be of type integer: "string"'),
        (INT_OR_STRING, True, 'spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"'),
        (INT_OR_STRING, 1, ""),
        (INT_OR_STRING, "50%", ""),
        (obj(**{"not": {"required": ["a"]}}), {"a": 1}, '<nil>: Invalid value: "": "spec" must not validate the schema (not)'),
    ],
)  # fmt: skip
def test_messages(schema, value, expected):
    assert messages({"spec": value}, obj({"spec": schema})) == ([expected] if expected else [])


def test_composites_tell_the_best_branch():
    schema = obj({"spec": obj(oneOf=[{"required": ["a"]}, {"required": ["b"]}])})
    assert messages({"spec": {}}, schema) == [
        '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
        "spec.a: Required value",
    ]
    assert messages({"spec": {"a": 1, "b": 1}}, schema) == [
        '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives'
    ]
    schema = obj({"spec": {"type": "integer", "anyOf": [{"maximum": 1}, {"minimum": 5}]}})
    assert (
        messages({"spec": 3}, schema)[0] == '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)'
    )
    schema = obj({"spec": {"type": "integer", "allOf": [{"maximum": 1}, {"minimum": 1}]}})
    assert messages({"spec": 3}, schema)[1] == '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)'


def test_what_an_update_leaves_alone_is_not_checked():
    schema = obj({"a": INT | {"minimum": 5}, "l": {"type": "array", "items": INT | {"minimum": 5}}})
    old = {"a": 1, "l": [1, 2]}
    assert messages(old, schema, old=old) == []
    assert messages({"a": 1, "l": [1, 2, 9]}, schema, old=old) != []  # plain lists are one value
    assert len(messages({"a": 2, "l": [1, 2]}, schema, old=old)) == 1


def test_pruning_names_what_it_takes():
    schema = obj(
        {
            "spec": obj(
                {
                    "keep": INT,
                    "list": {"type": "array", "items": obj({"a": INT})},
                    "map": {"type": "object", "additionalProperties": obj({"a": INT})},
                    "free": obj({"a": obj({"b": INT})}, **{"x-kubernetes-preserve-unknown-fields": True}),
                    "pod": obj({"spec": obj({"n": INT})}, **{"x-kubernetes-embedded-resource": True}),
                }
            )
        }
    )
    value = {
        "kind": "X",
        "metadata": {"anything": 1},
        "extra": 1,
        "spec": {
            "keep": 1,
            "drop": 2,
            "list": [{"a": 1, "b": 2}],
            "map": {"k": {"a": 1, "z": 1}},
            "free": {"x": {"y": 1}, "a": {"b": 1, "c": 2}},
            "pod": {"kind": "P", "apiVersion": "v1", "metadata": {"q": 1}, "spec": {"n": 1, "m": 2}, "junk": 1},
        },
    }
    removed = prune(value, schema)
    assert sorted(removed) == sorted(
        ["extra", "spec.drop", "spec.list[0].b", "spec.map.k.z", "spec.free.a.c", "spec.pod.spec.m", "spec.pod.junk"]
    )
    assert value["spec"]["free"] == {"x": {"y": 1}, "a": {"b": 1}}
    assert value["spec"]["pod"] == {"kind": "P", "apiVersion": "v1", "metadata": {"q": 1}, "spec": {"n": 1}}
    assert value["metadata"] == {"anything": 1} and prune(value, schema) == []


def test_defaults_and_nulls():
    inner = obj({"a": INT | {"default": 1}, "b": INT | {"nullable": True, "default": 2}, "c": INT})
    schema = obj({"spec": inner | {"default": {}}, "list": {"type": "array", "items": inner}})
    value = {"list": [{}, {"a": None, "b": None, "c": None}]}
    default(value, schema)
    drop_nulls(value, schema)
    assert value == {"spec": {"a": 1, "b": 2}, "list": [{"a": 1, "b": 2}, {"a": 1, "b": None}]}


def test_lists_of_type_set_and_map():
    schema = obj({"s": {"type": "array", "items": INT, "x-kubernetes-list-type": "set"}})
    assert [str(error) for error in check_lists({"s": [1, 2, 1, 1]}, schema)] == ["s[2]: Duplicate value: 1"]
    keyed = {"type": "array", "items": obj(), "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"]}
    value = {"m": [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1, "c": 3}]}
    assert [str(error) for error in check_lists(value, obj({"m": keyed}))] == ['m[2]: Duplicate value: {"a":1,"b":1}']


def test_metadata_is_object_meta_whatever_the_schema_says():
    removed: list[str] = []
    meta = coerce_metadata({"name": "x", "foo": 1, "labels": {"a": "b"}, "annotations": None}, "metadata", removed)
    assert meta == {"name": "x", "labels": {"a": "b"}} and removed == ["metadata.foo"]
    with pytest.raises(Malformed, match="cannot unmarshal number into Go struct field"):
        coerce_metadata({"labels": {"a": 1}}, "metadata", [])
    with pytest.raises(Malformed, match="cannot unmarshal string into Go value of type"):
        coerce_metadata("x", "metadata", [])


def test_embedded_resources():
    schema = obj({"pod": obj(**{"x-kubernetes-embedded-resource": True})})
    value = {"pod": {"metadata": {"name": "-bad-", "junk": 1}, "kind": "1x"}}
    removed: list[str] = []
    coerce(value, schema, "", removed)
    assert removed == ["pod.metadata.junk"]
    found = [str(error) for error in check_embedded(value, schema)]
    assert "pod.apiVersion: Required value: must not be empty" in found
    assert any(text.startswith('pod.kind: Invalid value: "1x": may have mixed case') for text in found)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7"),
        ("uuid4", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("email", "a@b.c", "ab.c"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("mac", "01:23:45:67:89:ab", "01:23:45"),
        ("byte", "YWJj", "YW=Jj"),
        ("date", "2024-02-29", "2023-02-29"),
        ("duration", "1h30m", "1 fortnight"),
        ("hexcolor", "#fff", "#ffff"),
        ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("isbn", "9783161484100", "9783161484101"),
        ("hostname", "a-b.example", "-a.example"),
        ("uri", "https://a/b", "a b"),
        ("ipv6", "fe80::1", "10.0.0.1"),
        ("date-time", "2024-01-01T00:00:00.5+02:00", "2024-13-01T00:00:00Z"),
    ],
)
def test_formats(name, good, bad):
    check = checker(name)
    assert check is not None and check(good) and not check(bad)


# -- properties ------------------------------------------------------------------------------------------------------

_scalars = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("abc", max_size=3))
_names = st.sampled_from("abcd")
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4), max_leaves=12
)


def _leaf(draw_default):
    return st.builds(
        lambda kind, value, nullable: {"type": kind, "default": value, "nullable": nullable},
        st.just("integer"), draw_default, st.booleans(),
    )  # fmt: skip


_schemas = st.recursive(
    _leaf(st.integers(0, 9)),
    lambda inner: st.one_of(
        st.builds(lambda p, keep: obj(p, **({"x-kubernetes-preserve-unknown-fields": True} if keep else {})),
                  st.dictionaries(_names, inner, max_size=3), st.booleans()),
        st.builds(lambda s: {"type": "array", "items": s}, inner),
        st.builds(lambda s: {"type": "object", "additionalProperties": s}, inner),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_schemas, _values)
def test_pruning_then_defaulting_is_idempotent(schema, value):
    once = copy.deepcopy({"v": value})
    schema = obj({"v": schema})
    for _ in range(2):
        prune(once, schema, is_root=False)
        default(once, schema)
        drop_nulls(once, schema)
        first, once = once, copy.deepcopy(once)
    assert once == first
    assert prune(copy.deepcopy(once), schema, is_root=False) == []


@settings(max_examples=200, deadline=None)
@given(_schemas, _values)
def test_validation_never_fails_otherwise(schema, value):
    SchemaValidator().check({"v": value}, obj({"v": schema}), {"v": 1})
