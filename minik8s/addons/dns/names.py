"""What a name under the cluster's domain asks for; pure.

Mirrors CoreDNS ``plugin/kubernetes/parse.go``. The forms, without the domain::

    SERVICE.NAMESPACE.svc                    a service
    ENDPOINT.SERVICE.NAMESPACE.svc           one endpoint of it
    _PORT._PROTOCOL.SERVICE.NAMESPACE.svc    a named port of it
    A-B-C-D.NAMESPACE.pod                    a pod's address

Names are handled in lower case and without the final dot everywhere in this package.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

IPV4_REVERSE, IPV6_REVERSE = ".in-addr.arpa", ".ip6.arpa"


@dataclass(frozen=True)
class ServiceName:
    """A name under ``svc``; ``port`` and ``protocol`` are set together, and never with ``endpoint``.

    ``service`` is empty for the name of a namespace itself; ``protocol`` alone is the name above all ports of it.
    """

    namespace: str = ""
    service: str = ""
    endpoint: str = ""
    port: str = ""
    protocol: str = ""


@dataclass(frozen=True)
class PodName:
    """A name under ``pod``; ``label`` is the dashed address, empty for the name of a namespace itself."""

    namespace: str = ""
    label: str = ""


def is_within(name: str, domain: str) -> bool:
    """Whether ``name`` is ``domain`` or under it."""
    return name == domain or name.endswith("." + domain)


def labels_below(name: str, domain: str) -> list[str]:
    """The labels of ``name`` in front of ``domain``."""
    return [] if name == domain else name.removesuffix("." + domain).split(".")


def parse(labels: list[str]) -> ServiceName | PodName | None:
    """What labels in front of the cluster's domain mean; None for no name of ours. At least one label."""
    *rest, kind = labels
    namespace = rest.pop() if rest else ""
    subject = rest.pop() if rest else ""
    if kind == "pod":
        return PodName(namespace, subject) if not rest else None
    if kind != "svc" or len(rest) > 2:
        return None
    if len(rest) == 2:
        port, protocol = rest
        if not (port.startswith("_") and protocol.startswith("_")):
            return None
        return ServiceName(namespace, subject, port=port[1:], protocol=protocol[1:])
    if rest and rest[0].startswith("_"):
        return ServiceName(namespace, subject, protocol=rest[0][1:])
    return ServiceName(namespace, subject, endpoint=rest[0] if rest else "")


def address_of_pod_label(label: str) -> str | None:
    """``10-1-2-3`` → ``10.1.2.3``, ``fd00--1`` → ``fd00::1``; None for what is no address."""
    dotted = label.count("-") == 3 and "--" not in label
    try:
        return str(ipaddress.ip_address(label.replace("-", "." if dotted else ":")))
    except ValueError:
        return None


def address_of_reverse(name: str) -> str | None:
    """``4.3.2.1.in-addr.arpa`` → ``1.2.3.4``, and the like for ip6.arpa; None for any other name."""
    if name.endswith(IPV4_REVERSE):
        text = ".".join(reversed(name.removesuffix(IPV4_REVERSE).split(".")))
    elif name.endswith(IPV6_REVERSE):
        nibbles = name.removesuffix(IPV6_REVERSE).split(".")[::-1]
        if len(nibbles) != 32:
            return None
        text = ":".join("".join(nibbles[i : i + 4]) for i in range(0, 32, 4))
    else:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def endpoint_label(hostname: str, address: str) -> str:
    """The label under which an endpoint is found: its hostname, else its address with dashes."""
    return hostname.lower() or address.replace(".", "-").replace(":", "-")
