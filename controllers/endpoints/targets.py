"""What one pod offers one Service: its addresses, its ports, whether it is ready. Pure.

Mirrors upstream's staging/src/k8s.io/endpointslice/util and pkg/api/v1/pod FindPort.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from minik8s.api import core
from minik8s.controllers.pods import is_finished, is_ready, is_terminating

#: the label of a Service (and its slices) that has no virtual address
HEADLESS_LABEL = "service.kubernetes.io/headless"


def is_headless(service: core.Service) -> bool:
    return service.spec.cluster_ip == "None"


def label_index(obj: core.Pod) -> Iterable[str]:
    """Index function: a pod under each of its labels, within its namespace."""
    return [label_key(obj.metadata.namespace, key, value) for key, value in obj.metadata.labels.items()]


def label_key(namespace: str, key: str, value: str) -> str:
    return f"{namespace}/{key}={value}"


def addresses_of(pod: core.Pod) -> list[str]:
    """All addresses, the first being pod_ip."""
    several = [entry.ip for entry in pod.status.pod_ips if entry.ip]
    return several or ([pod.status.pod_ip] if pod.status.pod_ip else [])


def family_of(address: str) -> str:
    return f"IPv{ip_address(address).version}"


def address_of(pod: core.Pod, family: str) -> str | None:
    return next((address for address in addresses_of(pod) if family_of(address) == family), None)


def families_of(service: core.Service) -> list[str]:
    """The address families a Service wants; an object from before dual stack is read off its address."""
    if service.spec.ip_families:
        return service.spec.ip_families
    address = service.spec.cluster_ip
    return [family_of(address)] if address and address != "None" else ["IPv4"]


def may_be_endpoint(pod: core.Pod, include_terminating: bool) -> bool:
    """It has an address, has not ended, and is not on its way out (slices list those too, as terminating)."""
    if is_finished(pod) or not addresses_of(pod):
        return False
    return include_terminating or not is_terminating(pod)


def hostname_for(pod: core.Pod, service: core.Service) -> str | None:
    """The name under which DNS answers for the pod within this Service's subdomain."""
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        return pod.spec.hostname
    return None


def target_port(pod: core.Pod, port: core.ServicePort) -> int | None:
    """The pod's port number; a name is looked up among its containers (sidecars too); None: this pod has none such."""
    target = port.target_port
    if target is None or target == 0:
        return port.port
    if isinstance(target, int):
        return target
    sidecars = [container for container in pod.spec.init_containers if container.restart_policy == "Always"]
    for container in [*pod.spec.containers, *sidecars]:
        for offered in container.ports:
            if offered.name == target and (offered.protocol or "TCP") == (port.protocol or "TCP"):
                return offered.container_port
    return None


def target_ref(pod: core.Pod) -> core.ObjectReference:
    meta = pod.metadata
    return core.ObjectReference(kind="Pod", namespace=meta.namespace, name=meta.name, uid=meta.uid)


def fingerprint(pod: core.Pod) -> tuple[object, ...]:
    """All that Services' endpoints depend on: while it stays, a change of the pod concerns none of them."""
    return (
        is_ready(pod), is_terminating(pod), is_finished(pod), addresses_of(pod), pod.metadata.labels,
        pod.spec.node_name, pod.spec.hostname, pod.spec.subdomain,
    )  # fmt: skip
