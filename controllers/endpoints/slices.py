"""Laying endpoints out over EndpointSlices with as few writes as possible. Pure.

Mirrors reconcileByPortMapping in upstream's staging/src/k8s.io/endpointslice/reconciler.go.

Every write of a slice goes to every node, so what stands in a slice stays there; a slice is only rewritten if one of
its endpoints changed or went; new endpoints first fill slices that are rewritten anyway, then one that has room for
all of the rest, then new slices. Slices without endpoints are deleted.

Invariants (property tests in tests/unit/controllers/endpoints/test_slices.py)
    - Afterwards the slices of a port set hold exactly the wanted endpoints, each once, at most `limit` in one slice.
    - Applied twice, the second plan is empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from minik8s.api import discovery
from minik8s.api.meta import ObjectMeta

PortSet = tuple[tuple[str, int, str, str], ...]


@dataclass
class SlicePlan:
    """What to write."""

    create: list[discovery.EndpointSlice] = field(default_factory=list)
    update: list[discovery.EndpointSlice] = field(default_factory=list)
    delete: list[discovery.EndpointSlice] = field(default_factory=list)

    def extend(self, other: "SlicePlan") -> None:
        self.create += other.create
        self.update += other.update
        self.delete += other.delete


def port_key(ports: Iterable[discovery.EndpointPort]) -> PortSet:
    """A port list as a value to compare and to group by."""
    return tuple(sorted((p.name or "", p.port or 0, p.protocol or "TCP", p.app_protocol or "") for p in ports))


def ports_from_key(key: PortSet) -> list[discovery.EndpointPort]:
    """Names are always sent, even empty: readers tell "unnamed" from "not set"."""
    return [
        discovery.EndpointPort(name=name, port=number, protocol=protocol, app_protocol=app or None)
        for name, number, protocol, app in key
    ]


def endpoint_key(endpoint: discovery.Endpoint) -> tuple[str, str]:
    """The identity of an endpoint: its pod, or its address where it has none."""
    ref = endpoint.target_ref
    address = ",".join(endpoint.addresses)
    return (f"{ref.kind}/{ref.namespace}/{ref.name}/{ref.uid}" if ref is not None else "", address)


def compute_layout(
    wanted: Sequence[discovery.Endpoint],
    existing: Sequence[discovery.EndpointSlice],
    template: discovery.EndpointSlice,
    limit: int,
) -> SlicePlan:
    """Plan for one address type and port set. `template` has the metadata, ports and no endpoints."""
    missing = {endpoint_key(endpoint): endpoint for endpoint in wanted}
    untouched: list[discovery.EndpointSlice] = []
    rewritten: list[discovery.EndpointSlice] = []
    emptied: list[discovery.EndpointSlice] = []
    for current in existing:
        kept, changed = _keep(current, missing)
        if not kept:
            emptied.append(current)
        elif changed or not has_metadata(current, template):
            rewritten.append(_with_endpoints(current, kept, template))
        else:
            untouched.append(current)
    left = list(missing.values())
    # fullest first: fill up what is written anyway
    for current in sorted(rewritten, key=lambda s: len(s.endpoints), reverse=True):
        room = limit - len(current.endpoints)
        current.endpoints, left = current.endpoints + left[:room], left[room:]
    plan = SlicePlan(update=rewritten, delete=emptied)
    while left:
        left = _place(left, untouched, template, limit, plan)
    return plan


def _keep(
    current: discovery.EndpointSlice, missing: dict[tuple[str, str], discovery.Endpoint]
) -> tuple[list[discovery.Endpoint], bool]:
    """The slice's endpoints that are still wanted (taken off `missing`), as they should be; and does it differ?."""
    kept, changed = [], False
    for endpoint in current.endpoints:
        desired = missing.pop(endpoint_key(endpoint), None)
        changed = changed or desired != endpoint
        if desired is not None:
            kept.append(desired)
    return kept, changed


def _place(
    left: list[discovery.Endpoint],
    untouched: list[discovery.EndpointSlice],
    template: discovery.EndpointSlice,
    limit: int,
    plan: SlicePlan,
) -> list[discovery.Endpoint]:
    """Put up to `limit` of the rest somewhere: into the fullest slice that has room for all of it, or a new one."""
    now, later = left[:limit], left[limit:]
    roomy = [current for current in untouched if len(current.endpoints) + len(now) <= limit]
    if not later and roomy:
        best = max(roomy, key=lambda current: len(current.endpoints))
        untouched.remove(best)
        plan.update.append(_with_endpoints(best, best.endpoints + now, template))
        return later
    created = template.model_copy(deep=True)
    created.endpoints = now
    plan.create.append(created)
    return later


def has_metadata(current: discovery.EndpointSlice, template: discovery.EndpointSlice) -> bool:
    """Labels and owner are as wanted."""
    refs = [ref.uid for ref in current.metadata.owner_references]
    wanted_refs = [ref.uid for ref in template.metadata.owner_references]
    notes = template.metadata.annotations.items() <= current.metadata.annotations.items()
    return current.metadata.labels == template.metadata.labels and refs == wanted_refs and notes


def _with_endpoints(
    current: discovery.EndpointSlice, endpoints: list[discovery.Endpoint], template: discovery.EndpointSlice
) -> discovery.EndpointSlice:
    meta: ObjectMeta = current.metadata.model_copy(deep=True)
    meta.labels = dict(template.metadata.labels)
    meta.annotations = {**meta.annotations, **template.metadata.annotations}
    meta.owner_references = list(template.metadata.owner_references)
    return current.model_copy(update={"metadata": meta, "endpoints": list(endpoints), "ports": list(template.ports)})


def reuse_deleted(plan: SlicePlan) -> SlicePlan:
    """A slice that would go and one that would come are one update: fewer events for every watcher."""
    reusable = [current for current in plan.delete if current.metadata.deletion_timestamp is None]
    pairs = list(zip(plan.create, reusable, strict=False))
    updates = [_with_endpoints(old, new.endpoints, new) for new, old in pairs]
    reused = {old.metadata.name for _, old in pairs}
    return SlicePlan(
        create=plan.create[len(pairs) :],
        update=plan.update + updates,
        delete=[current for current in plan.delete if current.metadata.name not in reused],
    )


def compute_family_plan(
    wanted: dict[PortSet, list[discovery.Endpoint]],
    existing: Sequence[discovery.EndpointSlice],
    template: discovery.EndpointSlice,
    limit: int,
    placeholder: bool,
) -> SlicePlan:
    """The plan for one address type. With `placeholder`, a Service without endpoints still has one empty slice."""
    plan = SlicePlan()
    keys = dict.fromkeys([*wanted, *(port_key(current.ports) for current in existing)])
    for key in keys:
        form = template.model_copy(update={"ports": ports_from_key(key)})
        matching = [current for current in existing if port_key(current.ports) == key]
        plan.extend(compute_layout(wanted.get(key, []), matching, form, limit))
    remaining = len(existing) - len(plan.delete) + len(plan.create)
    if placeholder and remaining == 0:
        plan.create.append(template.model_copy(update={"ports": [], "endpoints": []}))
    return _keep_placeholder(reuse_deleted(plan), existing)


def _keep_placeholder(plan: SlicePlan, existing: Sequence[discovery.EndpointSlice]) -> SlicePlan:
    """An update that changes nothing (the placeholder that was there already) is none."""
    before = {current.metadata.name: current for current in existing}
    plan.update = [current for current in plan.update if current != before.get(current.metadata.name)]
    return plan
