"""The scheme: every row agrees with its model, and the facts that others lean on are upstream's."""

import subprocess
import sys

import pytest

from minik8s.api import apps, core
from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.scheme_table import plural_of

KINDS = list(SCHEME)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.group_version}/{kind.plural}")
def test_rows_agree_with_their_models(kind: Kind) -> None:
    model = kind.model
    assert model is not None and model.__name__ == kind.kind
    assert SCHEME.for_model(model) is kind
    assert SCHEME.by_kind(kind.group, kind.version, kind.kind) is kind
    assert SCHEME.by_resource(kind.group, kind.version, kind.plural) is kind
    defaults = {
        name: model.model_fields[name].get_default(call_default_factory=True) for name in ("api_version", "kind")
    }
    assert defaults == {"api_version": kind.group_version, "kind": kind.kind}
    assert not [sub for sub in kind.subresource_table if sub.model_path and sub.model is None]


@pytest.mark.parametrize(
    ("group", "version", "plural", "prefix"),
    [
        ("", "v1", "pods", "/registry/pods"),
        ("", "v1", "nodes", "/registry/minions"),
        ("", "v1", "services", "/registry/services/specs"),
        ("", "v1", "endpoints", "/registry/services/endpoints"),
        ("", "v1", "replicationcontrollers", "/registry/controllers"),
        ("apps", "v1", "deployments", "/registry/deployments"),
        ("networking.k8s.io", "v1", "ingresses", "/registry/ingress"),
        ("coordination.k8s.io", "v1", "leases", "/registry/leases"),
        ("events.k8s.io", "v1", "events", "/registry/events"),
        ("apiextensions.k8s.io", "v1", "customresourcedefinitions",
         "/registry/apiextensions.k8s.io/customresourcedefinitions"),
    ],
)  # fmt: skip
def test_storage_prefixes_are_upstreams(group: str, version: str, plural: str, prefix: str) -> None:
    kind = SCHEME.by_resource(group, version, plural)
    assert kind is not None and kind.storage_prefix == prefix


def test_paths_and_keys() -> None:
    pods = SCHEME.for_model(core.Pod)
    deployments = SCHEME.for_model(apps.Deployment)
    nodes = SCHEME.for_model(core.Node)
    assert pods and deployments and nodes
    assert pods.path("default", "web", "log") == "/api/v1/namespaces/default/pods/web/log"
    assert pods.path() == "/api/v1/pods"
    assert deployments.path("a") == "/apis/apps/v1/namespaces/a/deployments"
    assert nodes.path("ignored", "n1") == "/api/v1/nodes/n1"
    assert pods.key("default", "web") == "/registry/pods/default/web"
    assert nodes.key("", "n1") == "/registry/minions/n1"


def test_subresources() -> None:
    pods = SCHEME.for_model(core.Pod)
    assert pods
    eviction = pods.subresource("eviction")
    assert eviction and (eviction.group, eviction.version, eviction.kind) == ("policy", "v1", "Eviction")
    assert {"status", "binding", "log", "exec", "ephemeralcontainers"} <= pods.subresources
    assert pods.subresource("nothing") is None


def test_preferred_versions_come_first() -> None:
    assert SCHEME.groups()["autoscaling"] == ["v2", "v1"]
    assert next(iter(SCHEME.groups())) == ""


def test_short_names_are_unique_in_a_group() -> None:
    for group in SCHEME.groups():
        shorts = [(kind.version, short) for kind in KINDS if kind.group == group for short in kind.short_names]
        assert len(shorts) == len(set(shorts))


def test_columns() -> None:
    pods = SCHEME.for_model(core.Pod)
    assert pods
    assert [column.name for column in pods.columns if not column.priority] == [
        "Name", "Ready", "Status", "Restarts", "Age",
    ]  # fmt: skip
    assert pods.columns[0].format == "name"


@pytest.mark.parametrize(
    ("kind", "plural"), [("Pod", "pods"), ("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies")]
)
def test_plurals(kind: str, plural: str) -> None:
    assert plural_of(kind) == plural


def test_importing_the_scheme_imports_no_models() -> None:
    code = "import sys, minik8s.api.scheme; print([m for m in sys.modules if m.startswith('minik8s.api.core')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
