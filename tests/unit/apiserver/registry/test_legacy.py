"""Versions that v1.33 has dropped: on request, as views of what is stored in v1."""

import pytest

from minik8s.api.legacy import LEGACY
from minik8s.apiserver.registry.runtime_config import RuntimeConfigError, compute_extra_kinds
from minik8s.apiserver.registry.strategies.legacy import endpoint_to_v1, endpoint_to_v1beta1
from minik8s.apiserver.registry.strategy import strategy_for

OLD = {
    "addresses": ["10.0.0.1"],
    "topology": {
        "kubernetes.io/hostname": "n",
        "topology.kubernetes.io/zone": "z",
        "topology.kubernetes.io/region": "r",
    },
}


def test_topology_becomes_fields() -> None:
    assert endpoint_to_v1(OLD) == {
        "addresses": ["10.0.0.1"],
        "zone": "z",
        "nodeName": "n",
        "deprecatedTopology": {"kubernetes.io/hostname": "n", "topology.kubernetes.io/region": "r"},
    }


@pytest.mark.parametrize("old", [OLD, {"addresses": ["::1"]}, {**OLD, "nodeName": "other"}])
def test_there_and_back_changes_nothing(old: dict) -> None:
    assert endpoint_to_v1beta1(endpoint_to_v1(old)) == old


def test_older_proxies_find_the_node_of_a_newer_slice() -> None:
    assert endpoint_to_v1beta1({"nodeName": "n"}) == {"topology": {"kubernetes.io/hostname": "n"}}


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {"a": "b"}}, None])
def test_an_empty_selector_of_a_v1beta1_budget_matches_nothing(selector: dict | None) -> None:
    from minik8s.api.selectors import LabelSelector

    strategy = strategy_for(LEGACY.by_kind("policy", "v1beta1", "PodDisruptionBudget"))
    spec = {} if selector is None else {"selector": selector}
    old = {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": spec}
    stored = strategy.to_storage(old)
    assert stored["apiVersion"] == "policy/v1" and strategy.from_storage(stored) == old
    if selector == {}:
        assert not LabelSelector.from_model(stored["spec"]["selector"]).matches({"any": "pod"})


def test_runtime_config() -> None:
    assert compute_extra_kinds("") == []
    assert [kind.kind for kind in compute_extra_kinds("policy/v1beta1=true")] == ["PodDisruptionBudget"]
    assert len(compute_extra_kinds("api/all=true,batch/v1beta1=false")) == 2
    assert compute_extra_kinds("apps/v1=true") == []


@pytest.mark.parametrize("text", ["apps/v1=false", "policy/v1alpha9", "policy/v1beta1=maybe"])
def test_what_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(RuntimeConfigError):
        compute_extra_kinds(text)
