"""Discovery documents: their shapes, and facts that clients lean on."""

from typing import Any

from minik8s.api.scheme import SCHEME
from minik8s.apiserver import discovery


def by_name(resources: list[dict[str, Any]], key: str = "name") -> dict[str, dict[str, Any]]:
    return {resource[key]: resource for resource in resources}


def test_versions_and_groups() -> None:
    versions = discovery.api_versions("10.0.0.1:6443")
    assert versions["versions"] == ["v1"]
    assert versions["serverAddressByClientCIDRs"][0]["serverAddress"] == "10.0.0.1:6443"
    groups = by_name(discovery.api_group_list(SCHEME)["groups"])
    assert "" not in groups and "apps" in groups
    assert groups["autoscaling"]["preferredVersion"] == {"groupVersion": "autoscaling/v2", "version": "v2"}
    assert [entry["version"] for entry in groups["autoscaling"]["versions"]] == ["v2", "v1"]
    assert discovery.api_group(SCHEME, "apps")["name"] == "apps"


def test_resources() -> None:
    document = discovery.resource_list(SCHEME, "", "v1")
    assert (document["kind"], document["groupVersion"]) == ("APIResourceList", "v1")
    resources = by_name(document["resources"])
    pods = resources["pods"]
    assert pods["shortNames"] == ["po"] and pods["categories"] == ["all"] and pods["singularName"] == "pod"
    assert pods["storageVersionHash"] == "xPOwRZ+Yhw8="  # the same as upstream's
    assert resources["pods/eviction"]["group"] == "policy"
    assert resources["pods/log"]["verbs"] == ["get"] and "group" not in resources["pods/log"]
    assert resources["nodes"]["namespaced"] is False
    assert "scale" not in resources and resources["replicationcontrollers/scale"]["kind"] == "Scale"


def test_hashes_follow_the_stored_version() -> None:
    one = by_name(discovery.resource_list(SCHEME, "events.k8s.io", "v1")["resources"])["events"]
    two = by_name(discovery.resource_list(SCHEME, "", "v1")["resources"])["events"]
    assert one["storageVersionHash"] == two["storageVersionHash"] == "r2yiGXH7wu8="


def test_aggregated() -> None:
    for version in ("v2", "v2beta1"):
        core = discovery.aggregated(SCHEME, True, version)
        assert (core["kind"], core["apiVersion"]) == ("APIGroupDiscoveryList", f"apidiscovery.k8s.io/{version}")
        (group,) = core["items"]
        assert "name" not in group["metadata"] and group["versions"][0]["freshness"] == "Current"
        pods = by_name(group["versions"][0]["resources"], "resource")["pods"]
        assert pods["scope"] == "Namespaced" and pods["responseKind"] == {"group": "", "version": "v1", "kind": "Pod"}
        subresources = by_name(pods["subresources"], "subresource")
        assert subresources["binding"]["responseKind"]["kind"] == "Binding"
    named = discovery.aggregated(SCHEME, False)
    assert {item["metadata"]["name"] for item in named["items"]} == {g for g in SCHEME.groups() if g}


def test_both_forms_tell_the_same() -> None:
    for group, versions in SCHEME.groups().items():
        items = discovery.aggregated(SCHEME, not group)["items"]
        item = next(i for i in items if i["metadata"].get("name", "") == group)
        for version, aggregated in zip(versions, item["versions"], strict=True):
            old = {r["name"] for r in discovery.resource_list(SCHEME, group, version)["resources"]}
            new = set()
            for resource in aggregated["resources"]:
                new.add(resource["resource"])
                new |= {f"{resource['resource']}/{s['subresource']}" for s in resource.get("subresources", ())}
            assert aggregated["version"] == version and old == new
