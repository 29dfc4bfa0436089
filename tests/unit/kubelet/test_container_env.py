"""Environment variables, from every source they may come from."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from minik8s.api import core
from minik8s.kubelet.downward import FieldError, PodFacts, field_value, format_map, resource_value
from minik8s.kubelet.env import ConfigError, EnvSources, compute_env, references
from minik8s.kubelet.expansion import UnresolvedReference, expand_from, expand_strict
from minik8s.kubelet.service_env import compute_service_env, select_services


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"), ("x$(A)y$(B)", "x1y2"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$(NONE)", "$(NONE)"),
        ("$A", "$A"), ("$(A", "$(A"), ("100%$", "100%$"), ("$$", "$"), ("$()", "$()"), ("", ""),
    ],
)  # fmt: skip
def test_expansion(text: str, expected: str) -> None:
    assert expand_from(text, {"A": "1", "B": "2"}) == expected


def test_a_sub_path_must_not_keep_a_reference() -> None:
    assert expand_strict("logs/$(A)", {"A": "x"}) == "logs/x"
    with pytest.raises(UnresolvedReference):
        expand_strict("logs/$(B)", {"A": "x"})


def container(**fields: Any) -> core.Container:
    return core.Container.from_dict({"name": "app", "image": "i", **fields})


FACTS = PodFacts(
    core.Pod.from_dict({
        "metadata": {"name": "web", "namespace": "ns", "uid": "u", "labels": {"b": "2", "a": "1"},
                     "annotations": {"n": 'say "hi"\nbye'}},
        "spec": {"nodeName": "n1", "serviceAccountName": "sa", "containers": []},
    }),
    host_ip="192.0.2.1", pod_ips=("10.0.0.1", "fd00::1"), allocatable={"cpu": "4", "memory": "8Gi"},
)  # fmt: skip


def env(*variables: dict[str, Any], from_: list[dict[str, Any]] | None = None, **sources: Any) -> dict[str, str]:
    spec = container(env=list(variables), envFrom=from_ or [])
    return compute_env(spec, EnvSources(FACTS, **sources)).variables


def config_map(**data: str) -> core.ConfigMap:
    return core.ConfigMap.from_dict({"metadata": {"name": "cm"}, "data": data})


def secret(**data: str) -> core.Secret:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return core.Secret.from_dict({"metadata": {"name": "s"}, "data": encoded})


def test_literals_may_use_what_was_declared_before_and_services() -> None:
    result = env(
        {"name": "LATE", "value": "$(FIRST)"},
        {"name": "FIRST", "value": "1"},
        {"name": "SECOND", "value": "$(FIRST)2"},
        {"name": "URL", "value": "http://$(WEB_SERVICE_HOST)"},
        service_env={"WEB_SERVICE_HOST": "10.96.0.7"},
    )
    assert result == {
        "LATE": "$(FIRST)", "FIRST": "1", "SECOND": "12", "URL": "http://10.96.0.7", "WEB_SERVICE_HOST": "10.96.0.7",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web"), ("metadata.namespace", "ns"), ("metadata.uid", "u"), ("spec.nodeName", "n1"),
        ("spec.serviceAccountName", "sa"), ("status.podIP", "10.0.0.1"), ("status.podIPs", "10.0.0.1,fd00::1"),
        ("status.hostIP", "192.0.2.1"), ("metadata.labels['a']", "1"), ("metadata.labels", 'a="1"\nb="2"'),
        ("metadata.annotations['none']", ""),
    ],
)  # fmt: skip
def test_fields(path: str, value: str) -> None:
    assert field_value(path, FACTS) == value


def test_unknown_fields_are_refused_and_text_is_quoted_as_go_does() -> None:
    with pytest.raises(FieldError, match=r"unsupported fieldPath: spec.x"):
        field_value("spec.x", FACTS)
    assert format_map({"n": 'say "hi"\nbye\x01'}) == 'n="say \\"hi\\"\\nbye\\x01"'


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", None, "2"), ("limits.cpu", "1m", "1500"), ("requests.cpu", "1m", "250"),
        ("limits.memory", None, "67108864"), ("limits.memory", "1Mi", "64"), ("limits.memory", "1Gi", "1"),
        ("requests.memory", "1Mi", "64"), ("limits.ephemeral-storage", None, "0"),
    ],
)  # fmt: skip
def test_resources_are_divided_and_rounded_up(resource: str, divisor: str | None, value: str) -> None:
    spec = container(resources={"limits": {"cpu": "1500m", "memory": "64Mi"}, "requests": {"cpu": "250m"}})
    assert resource_value(resource, divisor, spec, FACTS) == value


def test_a_limit_that_is_not_set_is_the_nodes() -> None:
    assert resource_value("limits.cpu", None, container(), FACTS) == "4"
    assert resource_value("limits.memory", "1Gi", container(), FACTS) == "8"


def key_ref(kind: str, key: str, **more: Any) -> dict[str, Any]:
    return {"name": "X", "valueFrom": {kind: {"name": "o", "key": key, **more}}}


def test_keys_of_config_maps_and_secrets() -> None:
    assert env(key_ref("configMapKeyRef", "k"), config_maps={"o": config_map(k="v")}) == {"X": "v"}
    assert env(key_ref("secretKeyRef", "k"), secrets={"o": secret(k="v")}) == {"X": "v"}


@pytest.mark.parametrize(
    ("kind", "sources", "message"),
    [
        ("configMapKeyRef", {"config_maps": {"o": None}}, 'configmap "o" not found'),
        ("secretKeyRef", {"secrets": {"o": None}}, 'secret "o" not found'),
        ("configMapKeyRef", {"config_maps": {"o": config_map()}}, "couldn't find key k in ConfigMap ns/o"),
        ("secretKeyRef", {"secrets": {"o": secret()}}, "couldn't find key k in Secret ns/o"),
    ],
)
def test_what_is_missing_is_named_unless_it_is_optional(kind: str, sources: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        env(key_ref(kind, "k"), **sources)
    assert str(error.value) == message
    assert env(key_ref(kind, "k", optional=True), **sources) == {}


def test_whole_objects_with_a_prefix_are_overridden_by_single_variables() -> None:
    from_ = [{"prefix": "P_", "configMapRef": {"name": "o"}}, {"secretRef": {"name": "s"}}]
    result = env(
        {"name": "P_a", "value": "mine"}, from_=from_, config_maps={"o": config_map(a="1", b="2")},
        secrets={"s": secret(c="3")},
    )  # fmt: skip
    assert result == {"P_a": "mine", "P_b": "2", "c": "3"}


def test_keys_that_are_no_variable_names_are_skipped_and_told() -> None:
    spec = container(envFrom=[{"configMapRef": {"name": "o"}}])
    result = compute_env(spec, EnvSources(FACTS, {"o": config_map(**{"a=b": "1", "ok": "2"})}))
    assert result.variables == {"ok": "2"} and result.skipped == (("configMap", "o", ("a=b",)),)


def test_references_name_every_object_that_is_read() -> None:
    spec = container(
        env=[key_ref("configMapKeyRef", "k"), {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        envFrom=[{"configMapRef": {"name": "p"}}, {"secretRef": {"name": "t"}}],
    )
    found = references(spec)
    assert found.config_maps == {"o", "p"} and found.secrets == {"s", "t"}


def service(name: str, namespace: str, ip: str, *ports: dict[str, Any]) -> core.Service:
    spec = {"clusterIP": ip, "ports": list(ports)}
    return core.Service.from_dict({"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def test_service_variables() -> None:
    web = service("my-web", "ns", "10.96.0.7", {"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP"})
    assert compute_service_env([web]) == {
        "MY_WEB_SERVICE_HOST": "10.96.0.7", "MY_WEB_SERVICE_PORT": "80", "MY_WEB_SERVICE_PORT_HTTP": "80",
        "MY_WEB_PORT": "tcp://10.96.0.7:80",
        "MY_WEB_PORT_80_TCP": "tcp://10.96.0.7:80", "MY_WEB_PORT_80_TCP_PROTO": "tcp",
        "MY_WEB_PORT_80_TCP_PORT": "80", "MY_WEB_PORT_80_TCP_ADDR": "10.96.0.7",
        "MY_WEB_PORT_53_UDP": "udp://10.96.0.7:53", "MY_WEB_PORT_53_UDP_PROTO": "udp",
        "MY_WEB_PORT_53_UDP_PORT": "53", "MY_WEB_PORT_53_UDP_ADDR": "10.96.0.7",
    }  # fmt: skip


def test_a_pod_hears_of_its_namespace_and_of_kubernetes() -> None:
    port = {"port": 443}
    all_services = [
        service("kubernetes", "default", "10.96.0.1", port), service("web", "ns", "10.96.0.2", port),
        service("other", "elsewhere", "10.96.0.3", port), service("headless", "ns", "None", port),
    ]  # fmt: skip
    names = [s.metadata.name for s in select_services(all_services, "ns", links=True)]
    assert names == ["kubernetes", "web"]
    assert [s.metadata.name for s in select_services(all_services, "ns", links=False)] == ["kubernetes"]
