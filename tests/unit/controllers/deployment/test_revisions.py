"""Which ReplicaSet is the new one, and how revisions are counted."""

from minik8s.controllers.deployment.revisions import (
    DESIRED_REPLICAS,
    MAX_HISTORY_CHARS,
    POD_TEMPLATE_HASH,
    REVISION,
    REVISION_HISTORY,
    compute_annotations,
    compute_new_replica_set,
    find_new,
    find_old,
    next_revision,
)
from tests.unit.controllers.builders import deployment


def test_the_new_set_is_found_by_template_whatever_its_hash_label() -> None:
    first, second = deployment(image="web:1"), deployment(image="web:2")
    one, two = compute_new_replica_set(first, 1), compute_new_replica_set(second, 2)
    one.metadata.uid, two.metadata.uid = "1", "2"
    found = find_new(second, [one, two])
    assert found is two
    assert find_old([one, two], found) == [one]
    assert find_new(deployment(image="web:3"), [one, two]) is None


def test_a_new_set_carries_the_hash_everywhere() -> None:
    created = compute_new_replica_set(deployment(), 4)
    label = created.metadata.labels[POD_TEMPLATE_HASH]
    assert created.metadata.name == f"web-{label}"
    assert created.spec.selector.match_labels == {"app": "web", POD_TEMPLATE_HASH: label}
    assert created.spec.template is not None and created.spec.template.metadata is not None
    assert created.spec.template.metadata.labels[POD_TEMPLATE_HASH] == label
    assert created.metadata.annotations[REVISION] == "4"
    assert created.metadata.annotations[DESIRED_REPLICAS] == "3"


def test_a_collision_gives_another_name() -> None:
    plan = deployment()
    before = compute_new_replica_set(plan, 1).metadata.name
    plan.status.collision_count = 1
    assert compute_new_replica_set(plan, 1).metadata.name != before


def test_going_back_to_an_old_revision_renumbers_it_and_keeps_its_history() -> None:
    plan = deployment()
    plan.metadata.annotations = {"kubernetes.io/change-cause": "undo", REVISION: "7"}
    annotations = compute_annotations(plan, {REVISION: "2", REVISION_HISTORY: "1"}, 8, exists=True)
    assert annotations == {REVISION: "8", REVISION_HISTORY: "1,2", "kubernetes.io/change-cause": "undo"}


def test_a_long_history_loses_its_oldest_entries() -> None:
    history = ",".join(str(number) for number in range(1000, 1500))
    annotations = compute_annotations(deployment(), {REVISION: "1500", REVISION_HISTORY: history}, 1501, exists=True)
    kept = annotations[REVISION_HISTORY]
    assert len(kept) <= MAX_HISTORY_CHARS and kept.endswith("1499,1500")


def test_revision_numbers_go_up() -> None:
    sets = [compute_new_replica_set(deployment(), number) for number in (1, 5, 3)]
    assert next_revision(sets) == 6
    assert next_revision([]) == 1
