"""Rules, selectors and configurations."""

from __future__ import annotations

from typing import Any

import pytest

from minik8s.api.scheme import SCHEME, Kind
from minik8s.api.selectors import LabelSelector
from minik8s.apiserver.cache.interface import Entry
from minik8s.apiserver.webhooks import matching
from minik8s.apiserver.webhooks.configuration import Configurations, parse
from tests.unit.apiserver.admission.fakes import attributes


def kind(name: str, group: str = "") -> Kind:
    found = SCHEME.by_kind(group, "v1", name)
    assert found is not None
    return found


def covers(resources: list[str], subresource: str = "", **more: Any) -> bool:
    rule = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": resources, **more}
    (parsed,) = matching.parse_rules([rule])
    return matching.rule_matches(parsed, kind("Pod"), subresource, "CREATE", namespaced=True)


@pytest.mark.parametrize(
    ("resources", "subresource", "expected"),
    [
        (["pods"], "", True), (["pods"], "status", False), (["pods/status"], "status", True),
        (["pods/*"], "", True), (["pods/*"], "exec", True), (["*"], "", True), (["*"], "status", False),
        (["*/*"], "", True), (["*/*"], "status", True), (["*/status"], "status", True), (["*/status"], "", False),
        (["services", "pods"], "", True), (["services"], "", False),
    ],
)  # fmt: skip
def test_resources(resources: list[str], subresource: str, expected: bool) -> None:
    assert covers(resources, subresource) is expected


def test_operations_groups_versions_and_scope() -> None:
    assert not covers(["pods"], operations=["UPDATE"])
    assert not covers(["pods"], apiGroups=["apps"])
    assert not covers(["pods"], apiVersions=["v2"])
    assert covers(["pods"], scope="Namespaced")
    assert not covers(["pods"], scope="Cluster")


def test_a_namespace_is_cluster_scoped_although_the_request_names_one() -> None:
    attrs = attributes("Namespace", {"metadata": {"name": "a"}}, namespace="a")
    assert not matching.is_namespaced(attrs)
    assert matching.needs_namespace(LabelSelector.parse("a=b"), attrs)
    assert matching.own_labels(attrs) == {}


def test_cluster_scoped_objects_are_not_spared_by_namespace_selectors() -> None:
    attrs = attributes("Node", {"metadata": {"name": "n"}})
    assert not matching.needs_namespace(LabelSelector.parse("a=b"), attrs)


def test_either_state_of_the_object_may_match() -> None:
    selector = LabelSelector.parse("a=b")
    with_label, without = {"metadata": {"labels": {"a": "b"}}}, {"metadata": {}}
    assert matching.object_matches(selector, attributes("Pod", without, old=with_label))
    assert not matching.object_matches(selector, attributes("Pod", without, old=without))
    assert not matching.object_matches(selector, attributes("Pod", {"kind": "PodExecOptions"}, old=None))


def test_the_groups_own_configurations_are_exempt() -> None:
    assert matching.is_exempt(kind("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"))
    assert matching.is_exempt(kind("ValidatingAdmissionPolicy", "admissionregistration.k8s.io"))
    assert not matching.is_exempt(kind("Pod"))


def configuration(name: str, *hooks: str, **more: Any) -> dict[str, Any]:
    client = {"service": {"namespace": "ns", "name": "svc", "path": "/p"}}
    return {
        "metadata": {"name": name},
        "webhooks": [{"name": hook, "clientConfig": client, "sideEffects": "None", **more} for hook in hooks],
    }


def test_parsing_fills_in_defaults() -> None:
    first, second = parse(configuration("c", "a.b.c", "a.b.c"))
    assert first.uid != second.uid
    assert first.target.url == "https://svc.ns.svc:443/p" and first.target.server_name == "svc.ns.svc"
    assert (first.timeout, first.ignore_failures, first.equivalent, first.reinvoke) == (10, False, True, False)


async def test_only_what_changed_is_parsed_again() -> None:
    import orjson

    entries = [
        Entry(f"/x/{name}", 1, orjson.dumps(configuration(name, f"{name}.example.com")), {}, {}) for name in ("a", "b")
    ]

    async def read() -> list[Entry]:
        return entries

    configurations = Configurations(read)
    before = await configurations.current()
    assert await configurations.current() is before
    entries[1] = Entry("/x/b", 2, orjson.dumps(configuration("b", "new.example.com")), {}, {})
    after = await configurations.current()
    assert [hook.name for hook in after.hooks] == ["a.example.com", "new.example.com"]
    assert after.hooks[0] is before.hooks[0]
    entries.clear()
    assert (await configurations.current()).hooks == ()
