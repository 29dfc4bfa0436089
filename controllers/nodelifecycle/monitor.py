"""The loop over nodes: heartbeats in, conditions and taints out.

Mirrors monitorNodeHealth and the taint passes of upstream's pkg/controller/nodelifecycle/node_lifecycle_controller.go.
One key, `monitor`, comes back every --node-monitor-period; keys `node/NAME` follow each change of a node at once.
"""

from minik8s.api import coordination, core
from minik8s.api.meta import format_time
from minik8s.api.status import Conflict, NotFound
from minik8s.client.controller import Controller
from minik8s.client.informer import Informer
from minik8s.controllers.conditions import find_condition, replaced_in_place
from minik8s.controllers.context import Context
from minik8s.controllers.nodelifecycle.health import Health, compute_unknown, is_silent, observe, ready_status
from minik8s.controllers.nodelifecycle.taints import compute_no_execute, compute_no_schedule, has_execute_taint
from minik8s.controllers.nodelifecycle.zones import Limiter, Rates, compute_rates, zone_of

MONITOR = "monitor"
LEASES = "kube-node-lease"
LABEL_COPIES = {"kubernetes.io/os": "beta.kubernetes.io/os", "kubernetes.io/arch": "beta.kubernetes.io/arch"}


def node_name_index(pod: core.Pod) -> list[str]:
    """Index function: pods by the node they are on."""
    return [pod.spec.node_name] if pod.spec.node_name else []


class NodeLifecycleController(Controller):
    name = "nodelifecycle"

    def __init__(self, context: Context) -> None:
        super().__init__(context.client, workers=2)
        options = context.options
        self.period = options.node_monitor_period
        self.grace, self.startup_grace = options.node_monitor_grace_period, options.node_startup_grace_period
        self.rates = Rates(
            options.node_eviction_rate, options.secondary_node_eviction_rate, options.unhealthy_zone_threshold,
            options.large_cluster_size_threshold,
        )  # fmt: skip
        self.recorder = context.recorder("node-controller")
        self.nodes: Informer[core.Node] = self.use(context.informer(core.Node))
        self.leases: Informer[coordination.Lease] = self.use(context.informer(coordination.Lease, namespace=LEASES))
        self.pods: Informer[core.Pod] = self.use(context.informer(core.Pod, {"node": node_name_index}))
        self.nodes.add_handler(self._on_node)
        self._health: dict[str, Health] = {}
        self._known: dict[str, core.Node] = {}
        self._limiter = Limiter()
        self.enqueue(MONITOR)

    def _on_node(self, event: str, old: core.Node | None, new: core.Node | None) -> None:
        if new is not None:
            self.enqueue(f"node/{new.metadata.name}")

    async def reconcile(self, key: str) -> float | None:
        if key == MONITOR:
            await self._monitor()
            return self.period
        node = self.nodes.get(key.removeprefix("node/"))
        if node is not None:
            await self._sync_node(node)
        return None

    # -- one node, at once -------------------------------------------------------------------------------------------

    async def _sync_node(self, node: core.Node) -> None:
        """NoSchedule taints as the conditions say; the beta labels as the stable ones."""
        taints = compute_no_schedule(node, self.clock.now())
        labels = dict(node.metadata.labels)
        labels.update({copy: labels[source] for source, copy in LABEL_COPIES.items() if source in labels})
        if taints != node.spec.taints or labels != node.metadata.labels:
            changed = node.model_copy(deep=True)
            changed.spec.taints, changed.metadata.labels = taints, labels
            await self.client.update(changed)

    async def _set_execute_taint(self, node: core.Node, ready: str) -> bool:
        """False: somebody else wrote at the same time; the next round sees the node as it is."""
        taints = compute_no_execute(node.spec.taints, ready, self.clock.now())
        if taints == node.spec.taints:
            return True
        changed = node.model_copy(deep=True)
        changed.spec.taints = taints
        try:
            await self.client.update(changed)
        except (Conflict, NotFound):
            return False
        return True

    # -- all nodes, every period -------------------------------------------------------------------------------------

    async def _monitor(self) -> None:
        nodes = self.nodes.list()
        self._report_membership(nodes)
        current = [await self._judge(node) for node in nodes]
        rates = compute_rates(current, self.rates)
        stopped = bool(rates) and not any(rates.values())
        for node in sorted(current, key=lambda node: node.metadata.name):
            await self._evict_or_spare(node, rates.get(zone_of(node), self.rates.primary), stopped)

    def _report_membership(self, nodes: list[core.Node]) -> None:
        present = {node.metadata.uid: node for node in nodes}
        for uid, node in present.items():
            if uid not in self._known:
                name = node.metadata.name
                self.recorder.event(
                    node, "Normal", "RegisteredNode", f"Node {name} event: Registered Node {name} in Controller"
                )
        for uid, node in self._known.items():
            if uid not in present:
                name = node.metadata.name
                self.recorder.event(
                    node, "Normal", "RemovingNode", f"Node {name} event: Removing Node {name} from Controller"
                )
                self._health.pop(uid, None)
        self._known = present

    async def _judge(self, node: core.Node) -> core.Node:
        """The node with its conditions as they should be; written if the node fell silent."""
        now, uid = self.clock.now(), node.metadata.uid
        health = observe(node, self.leases.get(f"{LEASES}/{node.metadata.name}"), self._health.get(uid), now)
        self._health[uid] = health
        before = ready_status(node)
        if is_silent(node, health, now, self.grace, self.startup_grace):
            conditions = compute_unknown(node, now)
            if conditions != node.status.conditions:
                node = await self._publish(node, conditions)
        if ready_status(node) != "True":
            await self._mark_pods_not_ready(node, announce=before == "True")
        return node

    async def _publish(self, node: core.Node, conditions: list[core.NodeCondition]) -> core.Node:
        status = node.status.model_copy(update={"conditions": conditions})
        try:
            return await self.client.update_status(node.model_copy(update={"status": status}))
        except (Conflict, NotFound):
            return node  # it moved: alive after all, or the next round sees it

    async def _evict_or_spare(self, node: core.Node, rate: float, stopped: bool) -> None:
        """Add the evicting taint (rate-limited), swap it, or take it off."""
        ready = ready_status(node)
        if ready == "True" or stopped:
            if has_execute_taint(node):
                await self._set_execute_taint(node, "True")
        elif has_execute_taint(node):
            await self._set_execute_taint(node, ready)
        elif self._limiter.allows(zone_of(node), rate, self.clock.monotonic()):
            done = await self._set_execute_taint(node, ready)
            if done:
                self._limiter.take(zone_of(node), self.clock.monotonic())

    async def _mark_pods_not_ready(self, node: core.Node, announce: bool) -> None:
        """Services must not send anything to a node that does not answer."""
        name = node.metadata.name
        if announce:
            self.recorder.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        for pod in self.pods.by_index("node", name):
            ready = find_condition(pod.status.conditions, "Ready")
            if ready is None or ready.status == "False":
                continue
            fresh = ready.model_copy(update={"status": "False", "last_transition_time": format_time(self.clock.now())})
            status = pod.status.model_copy(update={"conditions": replaced_in_place(pod.status.conditions, fresh)})
            try:
                await self.client.update_status(pod.model_copy(update={"status": status}))
            except (Conflict, NotFound):
                continue
            self.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")
