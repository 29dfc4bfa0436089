"""Should a node run the daemon? Pure.

Mirrors NodeShouldRunDaemonPod in upstream's pkg/controller/daemon/daemon_controller.go and
pkg/controller/daemon/util/daemonset_util.go. Resources do not count: the scheduler looks at those.
"""

from collections.abc import Mapping, Sequence

from minik8s.api import apps, core
from minik8s.controllers.nodelifecycle.eviction import tolerates

NODE_NAME = "metadata.name"
_CONDITIONS = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
#: what every daemon pod tolerates, besides what its template says
TOLERATIONS = (
    core.Toleration(key="node.kubernetes.io/not-ready", operator="Exists", effect="NoExecute"),
    core.Toleration(key="node.kubernetes.io/unreachable", operator="Exists", effect="NoExecute"),
    *(
        core.Toleration(key=f"node.kubernetes.io/{name}", operator="Exists", effect="NoSchedule")
        for name in _CONDITIONS
    ),
)
HOST_NETWORK = core.Toleration(
    key="node.kubernetes.io/network-unavailable", operator="Exists", effect="NoSchedule"
)  # fmt: skip


def tolerations_of(spec: core.PodSpec) -> list[core.Toleration]:
    """The template's tolerations and the daemon's own, each once."""
    extra = [*TOLERATIONS, HOST_NETWORK] if spec.host_network else list(TOLERATIONS)
    return [*spec.tolerations, *(one for one in extra if one not in spec.tolerations)]


def compute_placement(daemon: apps.DaemonSet, node: core.Node) -> tuple[bool, bool]:
    """(a pod should be started there, a pod that runs there may stay)."""
    spec = daemon.spec.template.spec or core.PodSpec(containers=[])
    if spec.node_name and spec.node_name != node.metadata.name:
        return False, False
    if not spec.node_selector.items() <= node.metadata.labels.items() or not matches_affinity(spec, node):
        return False, False
    tolerations = tolerations_of(spec)
    refused = {
        taint.effect
        for taint in node.spec.taints
        if taint.effect in ("NoSchedule", "NoExecute") and not any(tolerates(one, taint) for one in tolerations)
    }
    return not refused, "NoExecute" not in refused


def matches_affinity(spec: core.PodSpec, node: core.Node) -> bool:
    """The required node affinity: one term must fit whole; a list without terms fits nothing."""
    affinity = spec.affinity.node_affinity if spec.affinity is not None else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None
    if required is None:
        return True
    return any(_term_fits(term, node) for term in required.node_selector_terms)


def _term_fits(term: core.NodeSelectorTerm, node: core.Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    labels = all(requirement_fits(one, node.metadata.labels) for one in term.match_expressions)
    return labels and all(requirement_fits(one, {NODE_NAME: node.metadata.name}) for one in term.match_fields)


def requirement_fits(requirement: core.NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
    """One line of a node selector."""
    value = values.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compare(requirement.operator, value, requirement.values)
    return False


def _compare(operator: str, value: str | None, bounds: Sequence[str]) -> bool:
    if value is None or len(bounds) != 1 or not _is_integer(value) or not _is_integer(bounds[0]):
        return False
    return int(value) > int(bounds[0]) if operator == "Gt" else int(value) < int(bounds[0])


def _is_integer(text: str) -> bool:
    return text.lstrip("+-").isdigit()


def pin_to_node(spec: core.PodSpec, node_name: str) -> None:
    """Every required term names the node; preferences stay."""
    requirement = core.NodeSelectorRequirement(key=NODE_NAME, operator="In", values=[node_name])
    affinity = spec.affinity or core.Affinity()
    node_affinity = affinity.node_affinity or core.NodeAffinity()
    required = node_affinity.required_during_scheduling_ignored_during_execution
    terms = required.node_selector_terms if required is not None else [core.NodeSelectorTerm()]
    pinned = [term.model_copy(update={"match_fields": [requirement]}) for term in terms]
    node_affinity.required_during_scheduling_ignored_during_execution = core.NodeSelector(node_selector_terms=pinned)
    affinity.node_affinity, spec.affinity = node_affinity, affinity


def node_of(pod: core.Pod) -> str:
    """The node that a daemon pod is on, or is pinned to."""
    if pod.spec.node_name:
        return pod.spec.node_name
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity is not None else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None
    for term in required.node_selector_terms if required is not None else []:
        for field in term.match_fields:
            if field.key == NODE_NAME and field.operator == "In" and len(field.values) == 1:
                return field.values[0]
    return ""
