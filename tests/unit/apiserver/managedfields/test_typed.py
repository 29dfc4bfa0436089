"""Field sets, comparison, merge, removal and validation over (value, schema)."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api.apps import Deployment
from minik8s.api.core import ConfigMap, Pod, Service
from minik8s.apiserver.managedfields.compare import compare
from minik8s.apiserver.managedfields.fieldset import all_of, fields_of
from minik8s.apiserver.managedfields.merge import merge
from minik8s.apiserver.managedfields.openapi_schema import node_of_schema
from minik8s.apiserver.managedfields.remove import remove
from minik8s.apiserver.managedfields.schema import DEDUCED, node_of
from minik8s.apiserver.managedfields.validate import problems

POD, DEPLOYMENT, CONFIG_MAP, SERVICE = map(node_of, (Pod, Deployment, ConfigMap, Service))
CUSTOM = node_of_schema({
    "properties": {"spec": {"properties": {
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "list": {"type": "array", "items": {"type": "string"}},
        "map": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
            "items": {"type": "object", "properties": {
                "a": {"type": "string"}, "b": {"type": "integer", "default": 1}, "v": {"type": "string"},
            }},
        },
        "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"x": {"type": "string"}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "size": {"x-kubernetes-int-or-string": True},
    }, "type": "object"}},
})  # fmt: skip


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "web", **fields}]}}


WEB = 'k:{"name":"web"}'


@pytest.mark.parametrize(
    ("node", "value", "expected"),
    [
        (CONFIG_MAP, {"data": {"a": "1"}}, {"f:data": {"f:a": {}}}),
        (CONFIG_MAP, {"data": {}}, {"f:data": {}}),
        (CONFIG_MAP, {"metadata": {"name": "x"}}, {"f:metadata": {"f:name": {}}}),
        (POD, container(image="i"), {"f:spec": {"f:containers": {WEB: {".": {}, "f:name": {}, "f:image": {}}}}}),
        (
            POD,
            container(args=["a"], env=[]),
            {"f:spec": {"f:containers": {WEB: {".": {}, "f:name": {}, "f:args": {}}}}},
        ),
        (SERVICE, {"spec": {"selector": {"a": "b"}}}, {"f:spec": {"f:selector": {}}}),
        (CUSTOM, {"spec": {"set": ["x", "y"]}}, {"f:spec": {"f:set": {'v:"x"': {}, 'v:"y"': {}}}}),
        (CUSTOM, {"spec": {"list": ["x"]}}, {"f:spec": {"f:list": {}}}),
        (CUSTOM, {"spec": {"whole": {"x": "1"}}}, {"f:spec": {"f:whole": {}}}),
        (CUSTOM, {"spec": {"free": {"a": {"b": 1}, "c": [1]}}}, {
            "f:spec": {"f:free": {"f:a": {".": {}, "f:b": {}}, "f:c": {}}}}),
        (CUSTOM, {"spec": {"map": [{"a": "x"}]}}, {"f:spec": {"f:map": {'k:{"a":"x","b":1}': {".": {}, "f:a": {}}}}}),
        (DEDUCED, {"spec": {"a": 1, "l": [{"x": 1}]}}, {"f:spec": {".": {}, "f:a": {}, "f:l": {}}}),
    ],
)  # fmt: skip
def test_what_an_applier_claims(node: Any, value: Any, expected: Any) -> None:
    assert fields_of(value, node) == expected


def test_who_brings_a_container_owns_it() -> None:
    found = all_of(
        container(env=[{"name": "A", "value": "1"}], ports=[])["spec"]["containers"][0],
        POD.fields["spec"][1].fields["containers"][1].child(""),
    )
    assert found == {
        ".": {}, "f:name": {}, "f:ports": {}, "f:resources": {},
        "f:env": {".": {}, 'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("node", "old", "new", "added", "modified", "removed"),
    [
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, {}, {"f:data": {"f:a": {}}}, {}),
        (CONFIG_MAP, {}, {"data": {"a": "1"}}, {"f:data": {".": {}, "f:a": {}}}, {}, {}),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {}}, {}, {}, {"f:data": {"f:a": {}}}),
        (CONFIG_MAP, {"data": {"a": "1"}}, {}, {}, {}, {"f:data": {".": {}, "f:a": {}}}),
        (POD, container(args=["a"]), container(args=["b"]), {},
         {"f:spec": {"f:containers": {WEB: {"f:args": {}}}}}, {}),
        (POD, container(resources={}), container(), {}, {}, {}),
        (CUSTOM, {"spec": {"set": ["a", "b"]}}, {"spec": {"set": ["b", "c"]}},
         {"f:spec": {"f:set": {'v:"c"': {}}}}, {}, {"f:spec": {"f:set": {'v:"a"': {}}}}),
        (CUSTOM, {"spec": {"set": ["a", "b"]}}, {"spec": {"set": ["b", "a"]}}, {}, {}, {}),
        (CUSTOM, {"spec": {"set": ["a"]}}, {"spec": {"set": ["a", "a"]}},
         {"f:spec": {"f:set": {'v:"a"': {}}}}, {}, {"f:spec": {"f:set": {'v:"a"': {}}}}),
        (DEDUCED, {"a": 1}, {"a": {"b": 1}}, {"f:a": {"f:b": {}}}, {"f:a": {}}, {}),
        (DEDUCED, {"a": {"b": 1}}, {"a": "x"}, {}, {"f:a": {}}, {"f:a": {"f:b": {}}}),
        (DEDUCED, {"a": None}, {"a": 1}, {}, {"f:a": {}}, {}),
    ],
)  # fmt: skip
def test_what_changed(node: Any, old: Any, new: Any, added: Any, modified: Any, removed: Any) -> None:
    changes = compare(old, new, node)
    assert (changes.added, changes.modified, changes.removed) == (added, modified, removed)
    assert changes.same == (not (added or modified or removed))


@pytest.mark.parametrize(
    ("node", "live", "config", "expected"),
    [
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"b": "2"}}, {"data": {"a": "1", "b": "2"}}),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {}}, {"data": {"a": "1"}}),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": None}, {"data": {"a": "1"}}),
        (POD, container(args=["a"]), container(args=[]), container(args=[])),
        (SERVICE, {"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {"b": "1"}}},
         {"spec": {"selector": {"b": "1"}}}),
        (CUSTOM, {"spec": {"set": ["a", "b", "c"]}}, {"spec": {"set": ["c", "d", "a"]}},
         {"spec": {"set": ["b", "c", "d", "a"]}}),
        (CUSTOM, {"spec": {"set": ["x", "a", "y"]}}, {"spec": {"set": ["a", "b"]}},
         {"spec": {"set": ["x", "a", "y", "b"]}}),
        (CUSTOM, {"spec": {"map": [{"a": "1", "v": "old"}, {"a": "2"}]}}, {"spec": {"map": [{"a": "1", "v": "new"}]}},
         {"spec": {"map": [{"a": "1", "v": "new"}, {"a": "2"}]}}),
        (DEDUCED, {"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)  # fmt: skip
def test_merge(node: Any, live: Any, config: Any, expected: Any) -> None:
    before = repr((live, config))
    assert merge(live, config, node) == expected
    assert repr((live, config)) == before


def test_remove() -> None:
    pod = container(image="i", env=[{"name": "A", "value": "1"}, {"name": "B"}])
    fields = {"f:spec": {"f:containers": {WEB: {"f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}}}}}}}
    assert remove(pod, fields, POD) == container(image="i", env=[{"name": "B"}])
    both = {"f:spec": {"f:containers": {WEB: {"f:env": {'k:{"name":"A"}': {}, 'k:{"name":"B"}': {}}}}}}
    assert remove(pod, both, POD) == container(image="i", env=None)
    assert len(pod["spec"]["containers"][0]["env"]) == 2


@pytest.mark.parametrize(
    ("node", "value", "text"),
    [
        (DEPLOYMENT, {"spec": {"foo": 1}}, ".spec.foo: field not declared in schema"),
        (DEPLOYMENT, {"spec": {"replicas": "1"}}, ".spec.replicas: expected numeric (int or float), got string"),
        (CONFIG_MAP, {"data": {"a": 1}}, ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
        (CONFIG_MAP, {"data": []}, ".data: expected map, got &{[]}"),
        (POD, {"spec": {"containers": {}}}, ".spec.containers: expected list, got &{map[]}"),
        (POD, {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}},
         '.spec.containers: duplicate entries for key [name="a"]'),
        (POD, {"spec": {"containers": [{"image": "a"}]}},
         ".spec.containers: element 0: associative list with keys has an element that omits all key fields "
         '["name"] (and doesn\'t have default values for any key fields)'),
        (POD, {"spec": {"containers": [{"name": "a", "args": [1]}]}},
         '.spec.containers[name="a"].args[0]: expected string, got &value.valueUnstructured{Value:1}'),
        (POD, {"x": 1, "y": 2}, "errors:\n  .x: field not declared in schema\n  .y: field not declared in schema"),
        (POD, {"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": "x"}},
                                        "resources": {"limits": {"cpu": 1}}}]}}, ""),
        (CUSTOM, {"spec": {"free": {"any": [{"thing": 1}]}, "size": "1"}}, ""),
        (DEDUCED, {"spec": {"any": [{"thing": 1}]}}, ""),
    ],
)  # fmt: skip
def test_problems_of_a_configuration(node: Any, value: Any, text: str) -> None:
    assert problems(value, node) == text
