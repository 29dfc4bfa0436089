"""Layout of slices: few writes, nothing lost, nothing twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from minik8s.api import discovery
from minik8s.api.meta import ObjectMeta
from minik8s.controllers.endpoints.slices import (
    PortSet,
    SlicePlan,
    compute_family_plan,
    compute_layout,
    endpoint_key,
    ports_from_key,
)

HTTP: PortSet = (("http", 80, "TCP", ""),)
ADMIN: PortSet = (("http", 81, "TCP", ""),)


def template(ports: PortSet = HTTP) -> discovery.EndpointSlice:
    meta = ObjectMeta(generate_name="web-", namespace="default", labels={"kubernetes.io/service-name": "web"})
    return discovery.EndpointSlice(metadata=meta, address_type="IPv4", ports=ports_from_key(ports))


def endpoints(*numbers: int, ready: bool = True) -> list[discovery.Endpoint]:
    conditions = discovery.EndpointConditions(ready=ready)
    return [discovery.Endpoint(addresses=[f"10.0.0.{number}"], conditions=conditions) for number in numbers]


def slice_of(name: str, *numbers: int, ports: PortSet = HTTP) -> discovery.EndpointSlice:
    one = template(ports)
    one.metadata.name, one.metadata.generate_name = name, ""
    one.endpoints = endpoints(*numbers)
    return one


def shape(plan: SlicePlan) -> tuple[list[int], dict[str, int], list[str]]:
    created = [len(one.endpoints) for one in plan.create]
    updated = {one.metadata.name: len(one.endpoints) for one in plan.update}
    return created, updated, [one.metadata.name for one in plan.delete]


def test_a_new_service_fills_slices_to_the_limit() -> None:
    assert shape(compute_layout(endpoints(*range(25)), [], template(), 10)) == ([10, 10, 5], {}, [])


def test_nothing_to_do_writes_nothing() -> None:
    assert shape(compute_layout(endpoints(1, 2), [slice_of("a", 1, 2)], template(), 10)) == ([], {}, [])


def test_one_that_goes_touches_one_slice() -> None:
    existing = [slice_of("a", 1, 2), slice_of("b", 3, 4)]
    assert shape(compute_layout(endpoints(1, 2, 4), existing, template(), 10)) == ([], {"b": 1}, [])


def test_a_newcomer_fills_the_slice_that_is_written_anyway() -> None:
    existing = [slice_of("a", 1, 2), slice_of("b", 3, 4)]
    assert shape(compute_layout(endpoints(1, 2, 4, 5), existing, template(), 10)) == ([], {"b": 2}, [])


def test_a_newcomer_goes_to_the_fullest_slice_with_room() -> None:
    existing = [slice_of("a", 1), slice_of("b", 2, 3), slice_of("c", *range(10, 20))]
    wanted = endpoints(1, 2, 3, *range(10, 20), 30)
    assert shape(compute_layout(wanted, existing, template(), 10)) == ([], {"b": 3}, [])


def test_a_change_of_readiness_rewrites_only_its_slice() -> None:
    existing = [slice_of("a", 1, 2), slice_of("b", 3)]
    wanted = endpoints(1, 2) + endpoints(3, ready=False)
    assert shape(compute_layout(wanted, existing, template(), 10)) == ([], {"b": 1}, [])


def test_another_port_set_reuses_the_slice_it_empties() -> None:
    plan = compute_family_plan({ADMIN: endpoints(1, 2)}, [slice_of("a", 1, 2)], template(()), 10, placeholder=True)
    assert shape(plan) == ([], {"a": 2}, [])
    assert plan.update[0].ports[0].port == 81


def test_a_service_without_endpoints_has_one_empty_slice() -> None:
    plan = compute_family_plan({}, [], template(()), 10, placeholder=True)
    assert shape(plan) == ([0], {}, [])
    placeholder = plan.create[0].model_copy(deep=True)
    placeholder.metadata.name = "a"
    assert shape(compute_family_plan({}, [placeholder], template(()), 10, placeholder=True)) == ([], {}, [])
    assert shape(compute_family_plan({}, [placeholder], template(()), 10, placeholder=False)) == ([], {}, ["a"])


def apply(existing: list[discovery.EndpointSlice], plan: SlicePlan, names: list[int]) -> list[discovery.EndpointSlice]:
    after = {one.metadata.name: one for one in existing}
    after.update({one.metadata.name: one for one in plan.update})
    for one in plan.delete:
        del after[one.metadata.name]
    for one in plan.create:
        names.append(len(names))
        created = one.model_copy(deep=True)
        created.metadata.name = f"new-{len(names)}"
        after[created.metadata.name] = created
    return list(after.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(1, 60)), min_size=1, max_size=6), st.integers(1, 10))
def test_every_endpoint_stands_once_and_a_second_plan_is_empty(rounds: list[set[int]], limit: int) -> None:
    existing: list[discovery.EndpointSlice] = []
    names: list[int] = []
    for wanted in rounds:
        groups = {HTTP: endpoints(*sorted(wanted))} if wanted else {}
        existing = apply(existing, compute_family_plan(groups, existing, template(()), limit, placeholder=True), names)
        stood = sorted(endpoint_key(endpoint) for one in existing for endpoint in one.endpoints)
        assert stood == sorted(endpoint_key(endpoint) for endpoint in endpoints(*wanted))
        assert all(len(one.endpoints) <= limit for one in existing)
        again = compute_family_plan(groups, existing, template(()), limit, placeholder=True)
        assert shape(again) == ([], {}, [])
