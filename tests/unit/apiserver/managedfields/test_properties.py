"""Properties that hold for any history of applies and updates, over generated objects."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minik8s.api.scheme import SCHEME
from minik8s.apiserver.managedfields import entries
from minik8s.apiserver.managedfields.apply import apply, without_managed_fields
from minik8s.apiserver.managedfields.compare import compare
from minik8s.apiserver.managedfields.fieldset import all_of, fields_of
from minik8s.apiserver.managedfields.profile import Profile, profile_of
from minik8s.apiserver.managedfields.sets import difference, has, intersection, paths, union
from minik8s.apiserver.managedfields.update import STRIPPED, Write, update

Json = dict[str, Any]
KIND = SCHEME.by_kind("apps", "v1", "Deployment")
assert KIND is not None
PROFILE: Profile = profile_of(KIND)
NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"

words = st.sampled_from(["a", "b", "c"])
maps = st.dictionaries(words, words, min_size=1, max_size=3)


def listed(key: str, item: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    return st.lists(item, min_size=1, max_size=3, unique_by=lambda value: value[key])


env = st.fixed_dictionaries({"name": words}, optional={"value": words})
ports = st.fixed_dictionaries({"containerPort": st.integers(80, 82)}, optional={"protocol": st.just("TCP")})
containers = st.fixed_dictionaries(
    {"name": words},
    optional={"image": words, "env": listed("name", env), "args": st.lists(words, max_size=2),
              "ports": listed("containerPort", ports)},
)  # fmt: skip
configs = st.fixed_dictionaries(
    {"apiVersion": st.just("apps/v1"), "kind": st.just("Deployment")},
    optional={
        "metadata": st.fixed_dictionaries({"name": st.just("d")}, optional={"labels": maps, "annotations": maps}),
        "spec": st.fixed_dictionaries({}, optional={
            "replicas": st.integers(0, 3),
            "template": st.fixed_dictionaries({"spec": st.fixed_dictionaries(
                {"containers": listed("name", containers)}, optional={"nodeSelector": maps})}),
        }),
    },
)  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.booleans(), configs), min_size=1, max_size=6)


def clean(value: Any) -> Any:
    """Without nulls, as decoding leaves it."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items() if item is not None}
    return [clean(item) for item in value] if isinstance(value, list) else value


def run(history: list[tuple[str, bool, Json]]) -> Json:
    """Applies (forced) and updates, one after the other."""
    live: Json = {**PROFILE.empty, "metadata": {"name": "d", "uid": "u"}}
    for manager, is_apply, config in history:
        live = applied(live, config, manager) if is_apply else updated(live, config, manager)
    return live


def applied(live: Json, config: Json, manager: str, now: str = NOW) -> Json:
    new = clean(apply(PROFILE, live, config, manager, True, now))
    new["metadata"].setdefault("name", "d")
    new["metadata"]["uid"] = "u"
    return new  # type: ignore[no-any-return]


def updated(live: Json, config: Json, manager: str) -> Json:
    managed = entries.decode(live["metadata"].get("managedFields") or [])
    old, new = without_managed_fields(live), {**live, **config, "metadata": {"name": "d", "uid": "u"}}
    update(Write(PROFILE, "", old, new), managed, entries.manager_of(manager, "Update", "apps/v1", ""), NOW)
    return {**new, "metadata": {**new["metadata"], "managedFields": entries.encode(managed)}}


def sets_of(obj: Json) -> dict[tuple[str, str], Json]:
    return {(e["manager"], e["operation"]): e["fieldsV1"] for e in obj["metadata"].get("managedFields") or []}


@settings(max_examples=150, deadline=None)
@given(steps, configs)
def test_apply_then_apply_again_changes_nothing(history: Any, config: Json) -> None:
    first = applied(run(history), config, "one")
    assert applied(first, config, "one", LATER) == first


@settings(max_examples=150, deadline=None)
@given(steps, configs, configs)
def test_managers_do_not_lose_each_others_fields(history: Any, mine: Json, others: Json) -> None:
    """What I applied and another does not touch is still there, and still mine."""
    before = applied(run(history), mine, "one")
    after = applied(before, others, "two")
    owned = sets_of(before).get(("one", "Apply"), {})
    claimed = fields_of(others, PROFILE.node)
    untouched = difference(owned, claimed)
    assert difference(untouched, sets_of(after).get(("one", "Apply"), {})) == {}
    assert difference(untouched, all_of(after, PROFILE.node)) == {}


@settings(max_examples=150, deadline=None)
@given(steps)
def test_what_is_owned_is_there(history: Any) -> None:
    obj = run(history)
    there = all_of(without_managed_fields(obj), PROFILE.node)
    for manager, fields in sets_of(obj).items():
        missing = [path for path in paths(fields) if not has(there, path)]
        # A map that somebody's apply emptied is gone from the object, while who claimed the map keeps it: as upstream.
        assert all(manager[1] == "Update" or claims_a_map(history, path) for path in missing), (manager, missing)


def claims_a_map(history: Any, path: tuple[str, ...]) -> bool:
    """Whether some step wrote a map, not a value, at this path."""
    for _, _, config in history:
        at: Any = config
        for step in path:
            at = at.get(step.removeprefix("f:")) if isinstance(at, dict) else None
        if isinstance(at, dict):
            return True
    return False


@settings(max_examples=100, deadline=None)
@given(configs, configs)
def test_compare_tells_how_to_get_from_one_to_the_other(old: Json, new: Json) -> None:
    changes = compare(old, new, PROFILE.node)
    assert not intersection(changes.added, changes.removed)
    assert compare(old, old, PROFILE.node).same
    back = compare(new, old, PROFILE.node)
    assert (back.added, back.removed, back.modified) == (changes.removed, changes.added, changes.modified)


@settings(max_examples=100, deadline=None)
@given(configs, configs, configs)
def test_set_algebra(one: Json, two: Json, three: Json) -> None:
    a, b, c = (fields_of(value, PROFILE.node) for value in (one, two, three))
    assert union(a, b) == union(b, a)
    assert intersection(a, b) == intersection(b, a)
    assert union(difference(a, b), intersection(a, b)) == a
    assert difference(a, union(b, c)) == difference(difference(a, b), c)
    assert intersection(difference(a, STRIPPED), STRIPPED) == {}
