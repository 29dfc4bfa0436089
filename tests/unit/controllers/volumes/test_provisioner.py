"""Volumes of our own class: made, bound, grown, let go; ephemeral claims; protection."""

from minik8s.api import core
from minik8s.api.meta import ObjectMeta
from minik8s.api.storage import StorageClass
from minik8s.controllers.volumes.binder import VolumeBinder
from minik8s.controllers.volumes.ephemeral import EphemeralVolumes
from minik8s.controllers.volumes.expansion import VolumeExpander
from minik8s.controllers.volumes.names import (
    CLAIM_PROTECTION,
    LOCAL_PATH_FINALIZER,
    LOCAL_PATH_ROOT,
    SELECTED_NODE,
    VOLUME_PROTECTION,
)
from minik8s.controllers.volumes.protection import ClaimProtection, VolumeProtection
from minik8s.controllers.volumes.provisioner import LocalPathProvisioner
from tests.unit.controllers.builders import pod
from tests.unit.controllers.conftest import Bench
from tests.unit.controllers.volumes.makers import claim, volume
from tests.unit.controllers.volumes.test_binder import claim_of, volume_of


def node(bench: Bench, name: str = "n1") -> None:
    meta = ObjectMeta(name=name, labels={"kubernetes.io/hostname": name}, annotations={LOCAL_PATH_ROOT: "/data/local"})
    bench.api.add(core.Node(metadata=meta))


async def provision(bench: Bench) -> core.PersistentVolume:
    node(bench)
    await bench.start(VolumeBinder, LocalPathProvisioner, VolumeExpander)
    wanted = claim(storage_class_name="standard")
    wanted.metadata.annotations = {SELECTED_NODE: "n1"}
    bench.api.add(wanted)
    await bench.rest("1s")
    return volume_of(bench, "pvc-uid-data")


async def test_the_class_is_made_once_and_default(bench: Bench) -> None:
    await bench.start(LocalPathProvisioner)
    made = bench.api.get(StorageClass, "standard")
    assert made.metadata.annotations == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert made.volume_binding_mode == "WaitForFirstConsumer"


async def test_a_directory_of_the_selected_node(bench: Bench) -> None:
    made = await provision(bench)
    assert made.spec.host_path is not None and made.spec.host_path.path == "/data/local/pvc-uid-data"
    assert made.spec.node_affinity is not None and made.spec.node_affinity.required is not None
    term = made.spec.node_affinity.required.node_selector_terms[0].match_expressions[0]
    assert (term.key, term.values) == ("kubernetes.io/hostname", ["n1"])
    assert made.metadata.finalizers == [LOCAL_PATH_FINALIZER]
    assert claim_of(bench).status.phase == "Bound" and made.status.phase == "Bound"


async def test_a_claim_grows(bench: Bench) -> None:
    await provision(bench)
    wanted = claim_of(bench)
    assert wanted.spec.resources is not None
    wanted.spec.resources.requests["storage"] = "5Gi"
    bench.api.add(wanted)
    await bench.rest("1s")
    assert claim_of(bench).status.capacity == {"storage": "5Gi"}
    assert volume_of(bench, "pvc-uid-data").spec.capacity == {"storage": "5Gi"}


async def test_a_volume_of_a_node_that_is_gone_is_let_go(bench: Bench) -> None:
    await provision(bench)
    bench.api.remove(core.PersistentVolumeClaim, "data", "default")
    await bench.rest("1s")
    assert volume_of(bench, "pvc-uid-data").metadata.deletion_timestamp, "waits for the kubelet"
    bench.api.remove(core.Node, "n1")
    await bench.rest("1s")
    assert volume_of(bench, "pvc-uid-data") is None


async def test_a_claim_that_no_directory_can_serve_is_scheduled_anew(bench: Bench) -> None:
    node(bench)
    await bench.start(VolumeBinder, LocalPathProvisioner)
    wanted = claim(storage_class_name="standard", volume_mode="Block")
    wanted.metadata.annotations = {SELECTED_NODE: "n1"}
    bench.api.add(wanted)
    await bench.rest("1s")
    assert SELECTED_NODE not in claim_of(bench).metadata.annotations
    assert "Block volumes are not supported" in (await bench.events("ProvisioningFailed"))[0]


def user_of(name: str) -> core.Pod:
    made = pod(node="n1", ready=True)
    source = core.PersistentVolumeClaimVolumeSource(claim_name=name)
    made.spec.volumes = [core.Volume(name="v", persistent_volume_claim=source)]
    return made


async def test_a_claim_in_use_stays_until_its_pod_has_ended(bench: Bench) -> None:
    held = claim()
    held.metadata.finalizers, held.metadata.deletion_timestamp = [CLAIM_PROTECTION], "2026-01-01T00:00:00Z"
    bench.api.add(held)
    user = user_of("data")
    bench.api.add(user)
    await bench.start(ClaimProtection)
    assert claim_of(bench) is not None
    user.status.phase = "Succeeded"
    bench.api.add(user)
    await bench.rest()
    assert claim_of(bench) is None


async def test_a_bound_volume_is_protected(bench: Bench) -> None:
    bench.api.add(volume(phase="Bound"))
    await bench.start(VolumeProtection)
    held = volume_of(bench)
    assert held.metadata.finalizers == [VOLUME_PROTECTION]
    held.metadata.deletion_timestamp = "2026-01-01T00:00:00Z"
    bench.api.add(held)
    await bench.rest()
    assert volume_of(bench) is not None
    held = volume_of(bench)
    held.status.phase = "Released"
    bench.api.add(held)
    await bench.rest()
    assert volume_of(bench) is None


async def test_an_ephemeral_volume_gets_a_claim_of_the_pods_own(bench: Bench) -> None:
    await bench.start(EphemeralVolumes)
    made = pod(node="")
    template = core.PersistentVolumeClaimTemplate(metadata=ObjectMeta(labels={"a": "b"}), spec=claim().spec)
    made.spec.volumes = [core.Volume(name="s", ephemeral=core.EphemeralVolumeSource(volume_claim_template=template))]
    bench.api.add(made)
    await bench.rest()
    found = claim_of(bench, f"{made.metadata.name}-s")
    assert found.metadata.labels == {"a": "b"} and found.metadata.owner_references[0].uid == made.metadata.uid


async def test_a_foreign_claim_of_that_name_is_a_conflict(bench: Bench) -> None:
    made = pod(node="")
    template = core.PersistentVolumeClaimTemplate(spec=claim().spec)
    made.spec.volumes = [core.Volume(name="s", ephemeral=core.EphemeralVolumeSource(volume_claim_template=template))]
    bench.api.add(claim(f"{made.metadata.name}-s"))
    bench.api.add(made)
    await bench.start(EphemeralVolumes)
    assert "pod is not owner" in (await bench.events("ConflictingPVC"))[0]
