"""Every model has exactly the fields of upstream's v1.33 API, by the type tables of the `kubernetes` PyPI client."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest
from kubernetes.client import models as upstream

from minik8s.api import core
from minik8s.api.base import Model

#: Our module → the prefixes that the client's generator gives its classes, the special one (for equal names) first.
MODULES = {
    "meta": ("V1",),
    "core": ("CoreV1", "V1"),
    "apps": ("V1",),
    "batch": ("V1",),
    "discovery": ("DiscoveryV1", "V1"),
    "coordination": ("V1",),
    "events": ("EventsV1", "V1"),
    "scheduling": ("V1",),
    "storage": ("StorageV1", "V1"),
    "node": ("V1",),
    "policy": ("V1",),
    "autoscaling.v1": ("V1",),
    "autoscaling.v2": ("V2",),
    "networking": ("V1",),
    "rbac": ("RbacV1", "V1"),
    "certificates": ("V1",),
    "admissionregistration": ("AdmissionregistrationV1", "V1"),
    "apiextensions": ("ApiextensionsV1", "V1"),
    "authentication": ("AuthenticationV1", "V1"),
    "authorization": ("V1",),
    "apiregistration": ("ApiregistrationV1", "V1"),
}
#: Served by upstream, but outside what minik8s serves or says with a class of its own.
NOT_OURS = re.compile(
    r"V1(WatchEvent|.*List|GroupSubject|ServiceAccountSubject|UserSubject|NonResourcePolicyRule|ResourcePolicyRule|"
    r"PolicyRulesWithSubjects|FlowSchema\w*|FlowDistinguisherMethod|PriorityLevelConfiguration\w*|QueuingConfiguration|"
    r"LimitResponse|LimitedPriorityLevelConfiguration|ExemptPriorityLevelConfiguration)"
)


def classes(module: ModuleType) -> Iterator[type[Model]]:
    names = core._MODULE_OF if module is core else vars(module)
    for name in list(names):
        value = getattr(module, name)
        if inspect.isclass(value) and issubclass(value, Model) and value.__module__.startswith(module.__name__):
            yield value


def pairs() -> Iterator[tuple[type[Model], str]]:
    for name, prefixes in MODULES.items():
        for cls in classes(import_module(f"minik8s.api.{name}")):
            found = (prefix + cls.__name__ for prefix in prefixes if hasattr(upstream, prefix + cls.__name__))
            yield cls, next(found, "")


PAIRS = list(pairs())


def test_every_class_has_its_counterpart() -> None:
    # the client has no class for meta types that only discovery and authorization use, nor for an empty struct
    assert {cls.__name__ for cls, name in PAIRS if not name} <= {"CustomResourceSubresourceStatus"}


@pytest.mark.parametrize(
    ("cls", "name"), [pair for pair in PAIRS if pair[1]], ids=lambda value: getattr(value, "__name__", value)
)
def test_fields_are_upstreams(cls: type[Model], name: str) -> None:
    cls.model_rebuild()
    ours = {info.alias or attribute for attribute, info in cls.model_fields.items()}
    assert ours == set(getattr(upstream, name).attribute_map.values())


def test_every_class_of_upstream_is_there() -> None:
    """And none is forgotten, of the versions that are served."""
    ours = {name for _, name in PAIRS}
    theirs = {name for name in dir(upstream) if re.fullmatch(r"([A-Z][a-z]+)?V[12](?!alpha|beta)[A-Z]\w*", name)}
    missing = {name for name in theirs - ours if not NOT_OURS.fullmatch(name)}
    assert not {name for name in missing if not name.endswith("List") and not name.startswith("Flowcontrol")}
