"""What a pod asks of its node, summed over its containers.

Mirrors PodRequests of upstream staging/src/k8s.io/component-helpers/resource/helpers.go. Pure. Plain init containers
run one after another and before the rest, so they count by their maximum; sidecars stay and are added.
"""

from __future__ import annotations

from minik8s.api import core
from minik8s.api.quantity import Quantity
from minik8s.kubelet.observed import is_sidecar

Amounts = dict[str, int]  # cpu in thousandths, all else in units


def pod_requests(pod: core.Pod) -> Amounts:
    total: Amounts = {}
    for container in pod.spec.containers:
        _add(total, container_requests(container))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in pod.spec.init_containers:
        own = container_requests(container)
        if is_sidecar(container):
            _add(total, own)
            _add(sidecars, own)
            own = dict(sidecars)
        else:
            _add(own, sidecars)
        peak = {name: max(peak.get(name, 0), own.get(name, 0)) for name in {*peak, *own}}
    total = {name: max(total.get(name, 0), peak.get(name, 0)) for name in {*total, *peak}}
    _add(total, parse_amounts(pod.spec.overhead))
    return total


def container_requests(container: core.Container) -> Amounts:
    resources = container.resources
    return parse_amounts({**resources.limits, **resources.requests}) if resources else {}


def parse_amounts(table: dict[str, str]) -> Amounts:
    return {name: amount(name, text) for name, text in table.items()}


def amount(name: str, text: str) -> int:
    quantity = Quantity.parse(text)
    return quantity.milli_value() if name == "cpu" else quantity.value()


def _add(total: Amounts, more: Amounts) -> None:
    for name, value in more.items():
        total[name] = total.get(name, 0) + value
