"""Models: wire names, what is left out, what survives, and how nulls are read."""

import orjson
import pytest
from pydantic import ValidationError

from minik8s.api import apps, core, meta, networking
from minik8s.api.base import ListMap, MergeKey, wire_name

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
                "resources": {"limits": {"cpu": "500m"}},
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "hostIPC": False,
        "terminationGracePeriodSeconds": 0,
    },
    "status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "hostIP": "192.168.0.1"},
}


@pytest.mark.parametrize(
    ("attribute", "wire"),
    [
        ("cluster_ip", "clusterIP"),
        ("cluster_ips", "clusterIPs"),
        ("pod_cidrs", "podCIDRs"),
        ("host_pid", "hostPID"),
        ("uid", "uid"),
        ("continue_", "continue"),
        ("from_", "from"),
        ("set_hostname_as_fqdn", "setHostnameAsFQDN"),
        ("api_version", "apiVersion"),
        ("dns_policy", "dnsPolicy"),
    ],
)
def test_wire_names(attribute: str, wire: str) -> None:
    assert wire_name(attribute) == wire


def test_round_trip_keeps_everything() -> None:
    pod = core.Pod.from_dict(POD)
    assert pod.to_dict() == POD
    assert orjson.loads(pod.to_json()) == POD
    assert core.Pod.from_json(pod.to_json()) == pod


def test_attributes() -> None:
    pod = core.Pod.from_dict(POD)
    assert pod.status.pod_ip == "10.0.0.1"
    assert pod.spec.containers[0].ports[0].container_port == 80
    assert pod.spec.host_ipc is False and pod.spec.host_pid is None
    assert pod.spec.volumes[0].empty_dir is not None


def test_unknown_fields_survive() -> None:
    pod = core.Pod.from_dict({"spec": {"containers": [], "fromTheFuture": {"a": [1]}}})
    assert pod.to_dict()["spec"]["fromTheFuture"] == {"a": [1]}


def test_forbidding_unknown_fields_names_them_all() -> None:
    data = {"spec": {"containers": [{"name": "c", "imagge": "x"}]}, "sppec": {}}
    with pytest.raises(ValidationError) as caught:
        core.Pod.model_validate(data, extra="forbid", by_alias=True, by_name=False)
    assert {e["loc"] for e in caught.value.errors()} == {("spec", "containers", 0, "imagge"), ("sppec",)}


def test_snake_case_is_not_a_wire_name() -> None:
    assert core.Pod.from_dict({"spec": {"node_name": "n"}}).spec.node_name is None


def test_root_objects_are_built_empty() -> None:
    pod = core.Pod()
    assert pod.to_dict() == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {},
        "spec": {"containers": []},
        "status": {},
    }
    assert core.Pod().metadata is not pod.metadata


def test_zeros_without_omitempty_are_sent() -> None:
    status = apps.ReplicaSet.from_dict(
        {"spec": {"selector": {}, "template": {}}, "status": {"replicas": 0, "readyReplicas": 0}}
    ).to_dict()["status"]
    assert status == {"replicas": 0, "readyReplicas": 0}


def test_lists_are_not_shared() -> None:
    one, two = core.PodSpec(), core.PodSpec()
    one.tolerations.append(core.Toleration())
    one.containers.append(core.Container(name="c"))
    assert two.tolerations == [] and two.containers == []


def test_null_is_absence() -> None:
    pod = core.Pod.from_dict(
        {
            "metadata": {"labels": None, "creationTimestamp": None},
            "spec": {"containers": [{"name": "c", "ports": None, "resources": None}], "volumes": None},
            "status": None,
        }
    )
    assert pod.metadata.labels == {} and pod.spec.volumes == [] and pod.spec.containers[0].ports == []
    assert core.Pod.from_json(b'{"spec":{"containers":[{"name":"c","args":null}]}}').spec.containers[0].args == []


def test_types_are_strict() -> None:
    for wrong in ({"priority": "1"}, {"nodeName": 5}, {"hostNetwork": "true"}, {"containers": {}}):
        with pytest.raises(ValidationError):
            core.PodSpec.from_dict({"containers": [], **wrong})


def test_quantities_may_be_numbers() -> None:
    resources = core.ResourceRequirements.from_dict({"limits": {"cpu": 1, "memory": "1Gi", "x": 0.5}})
    assert resources.limits == {"cpu": "1", "memory": "1Gi", "x": "0.5"}


def test_int_or_string() -> None:
    for port in (80, "http"):
        assert networking.NetworkPolicyPort.from_dict({"port": port}).to_dict() == {"port": port}


def test_field_facts_are_readable() -> None:
    core.Container.model_rebuild()
    facts = core.Container.model_fields["ports"].metadata
    assert MergeKey("containerPort") in facts and ListMap("containerPort", "protocol") in facts
    assert meta.LabelSelector.is_atomic and not core.Pod.is_atomic
