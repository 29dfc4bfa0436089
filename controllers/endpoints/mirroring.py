"""Hand-made Endpoints, mirrored into EndpointSlices, since proxies read slices only.

Mirrors upstream's pkg/controller/endpointslicemirroring. Mirrored are Endpoints whose Service exists and has no
selector; not mirrored are those that say `endpointslice.kubernetes.io/skip-mirror: "true"` or hold a leader lock.
"""

from collections import defaultdict

from minik8s.api import core, discovery
from minik8s.api.meta import ObjectMeta
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.context import Context
from minik8s.controllers.endpoints.slice_controller import service_index
from minik8s.controllers.endpoints.slice_endpoints import MANAGED_BY, SERVICE_NAME
from minik8s.controllers.endpoints.slice_writer import SliceWriter
from minik8s.controllers.endpoints.slices import PortSet, SlicePlan, compute_family_plan
from minik8s.controllers.endpoints.targets import family_of
from minik8s.controllers.owners import new_controller_ref

MIRROR_MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def should_mirror(endpoints: core.Endpoints, service: core.Service | None) -> bool:
    meta = endpoints.metadata
    skip = meta.labels.get(SKIP_MIRROR) == "true" or LEADER in meta.annotations
    return not skip and service is not None and not service.spec.selector


def compute_mirror(
    endpoints: core.Endpoints, existing: list[discovery.EndpointSlice], limit: int, max_per_subset: int = 1000
) -> SlicePlan:
    """What to write so that the slices say what the Endpoints say. Pure."""
    wanted: dict[str, dict[PortSet, list[discovery.Endpoint]]] = defaultdict(lambda: defaultdict(list))
    for subset in endpoints.subsets:
        ports = tuple(sorted((p.name or "", p.port, p.protocol or "TCP", p.app_protocol or "") for p in subset.ports))
        entries = [(entry, True) for entry in subset.addresses] + [
            (entry, False) for entry in subset.not_ready_addresses
        ]
        for entry, ready in entries[:max_per_subset]:
            wanted[family_of(entry.ip)][ports].append(_mirrored(entry, ready))
    plan = SlicePlan(delete=[current for current in existing if current.address_type not in wanted])
    for family, groups in wanted.items():
        current = [item for item in existing if item.address_type == family]
        plan.extend(compute_family_plan(dict(groups), current, _template(endpoints, family), limit, placeholder=False))
    return plan


def _mirrored(entry: core.EndpointAddress, ready: bool) -> discovery.Endpoint:
    return discovery.Endpoint(
        addresses=[entry.ip],
        conditions=discovery.EndpointConditions(ready=ready),
        hostname=entry.hostname,
        node_name=entry.node_name,
        target_ref=entry.target_ref,
    )


def _template(endpoints: core.Endpoints, family: str) -> discovery.EndpointSlice:
    meta = endpoints.metadata
    copied = {key: value for key, value in meta.annotations.items() if key != LAST_APPLIED}
    return discovery.EndpointSlice(
        metadata=ObjectMeta(
            generate_name=f"{meta.name}-",
            namespace=meta.namespace,
            labels={**meta.labels, SERVICE_NAME: meta.name, MANAGED_BY: MIRROR_MANAGER},
            annotations=copied,
            owner_references=[new_controller_ref(endpoints)],
        ),
        address_type=family,
    )


class EndpointSliceMirroringController(Controller):
    name = "endpointslicemirroring"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=context.options.concurrent(self.name, 5))
        self.limit = context.options.max_endpoints_per_slice
        self.max_per_subset = context.options.mirroring_max_endpoints_per_subset
        self.writer = SliceWriter(self.client)
        self.services: Informer[core.Service] = self.use(context.informer(core.Service))
        self.endpoints: Informer[core.Endpoints] = self.use(context.informer(core.Endpoints))
        self.slices: Informer[discovery.EndpointSlice] = self.use(
            context.informer(discovery.EndpointSlice, {"service": service_index})
        )
        self.services.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.endpoints.add_handler(lambda event, old, new: self.enqueue(new or old))
        self.slices.add_handler(self._on_slice)

    def _on_slice(self, event: str, old: discovery.EndpointSlice | None, new: discovery.EndpointSlice | None) -> None:
        current = new or old
        assert current is not None
        name = current.metadata.labels.get(SERVICE_NAME)
        if name and current.metadata.labels.get(MANAGED_BY) == MIRROR_MANAGER:
            key = f"{current.metadata.namespace}/{name}"
            self.writer.observe(key, event, current)
            self.enqueue(key)

    async def reconcile(self, key: str) -> float | None:
        if not self.writer.may_act(key):
            return None
        endpoints = self.endpoints.get(key)
        existing = self.slices.by_index("service", f"{MIRROR_MANAGER}/{key}")
        if endpoints is None or not should_mirror(endpoints, self.services.get(key)):
            plan = SlicePlan(delete=existing)
        else:
            plan = compute_mirror(endpoints, existing, self.limit, self.max_per_subset)
        await self.writer.apply(key, plan)
        return None
