"""Good objects to spoil: each test changes one thing and reads the message."""

from __future__ import annotations

import copy
from typing import Any

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.status import FieldError
from minik8s.apiserver.registry.strategy import Strategy, strategy_for

Json = dict[str, Any]


def kind(name: str, group: str = "", version: str = "v1") -> Kind:
    found = SCHEME.by_kind(group, version, name)
    assert found is not None, name
    return found


def strategy(name: str, group: str = "", version: str = "v1") -> Strategy:
    return strategy_for(kind(name, group, version))


def container(**more: Any) -> Json:
    return {"name": "c", "image": "i:1", **more}


def pod(metadata: Json | None = None, **spec: Any) -> Json:
    meta = {"name": "p", "namespace": "default", "resourceVersion": "1", "uid": "u", **(metadata or {})}
    return {"metadata": meta, "spec": {"containers": [container()], **spec}}


def workload(**spec: Any) -> Json:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container()]}}
    return {
        "metadata": {"name": "w", "namespace": "default", "resourceVersion": "1", "uid": "u"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec},
    }


def job(**spec: Any) -> Json:
    template = {"spec": {"containers": [container()], "restartPolicy": "Never"}}
    obj = workload(**{"template": template, **spec})
    del obj["spec"]["selector"]
    return obj


def service(**spec: Any) -> Json:
    meta = {"name": "s", "namespace": "default", "resourceVersion": "1", "uid": "u"}
    return {"metadata": meta, "spec": {"ports": [{"port": 80}], **spec}}


def named(name: str = "n", namespace: str = "", **fields: Any) -> Json:
    meta = {"name": name, "resourceVersion": "1", "uid": "u"}
    if namespace:
        meta["namespace"] = namespace
    return {"metadata": meta, **fields}


def texts(errors: list[FieldError]) -> list[str]:
    return [str(error) for error in errors]


def create(of: Strategy, obj: Json) -> list[str]:
    """Default, prepare, validate: the messages."""
    obj = copy.deepcopy(obj)
    of.default(obj)
    of.prepare_create(obj)
    return texts(of.validate(obj))


def update(of: Strategy, old: Json, new: Json) -> list[str]:
    """Validate a change of a stored object."""
    old, new = copy.deepcopy(old), copy.deepcopy(new)
    of.default(old)
    of.prepare_create(old)
    of.default(new)
    of.prepare_update(new, old)
    return texts(of.validate_update(new, old))
