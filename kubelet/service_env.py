"""Environment variables that name the services a pod could talk to: FOO_SERVICE_HOST and the old Docker links.

Mirrors upstream pkg/kubelet/envvars/envvars.go and getServiceEnvVarMap. Pure. The service `kubernetes` of the
namespace `default` is always there: in-cluster clients find the API server through it.
"""

from __future__ import annotations

from collections.abc import Iterable

from minik8s.api import core

_ALWAYS = ("default", "kubernetes")


def select_services(services: Iterable[core.Service], namespace: str, links: bool) -> list[core.Service]:
    """The services a pod of `namespace` hears of; its own namespace wins over `default/kubernetes`."""
    chosen: dict[str, core.Service] = {}
    for service in services:
        name, owner = service.metadata.name or "", service.metadata.namespace or ""
        if not service_ip(service):
            continue
        if links and owner == namespace:
            chosen[name] = service
        elif (owner, name) == _ALWAYS:
            chosen.setdefault(name, service)
    return [chosen[name] for name in sorted(chosen)]


def service_ip(service: core.Service) -> str:
    ip = service.spec.cluster_ip or ""
    return "" if ip == "None" else ip


def compute_service_env(services: Iterable[core.Service]) -> dict[str, str]:
    env: dict[str, str] = {}
    for service in services:
        ip, ports = service_ip(service), service.spec.ports
        if not ip or not ports:
            continue
        prefix = _variable_name(service.metadata.name or "")
        env[f"{prefix}_SERVICE_HOST"] = ip
        env[f"{prefix}_SERVICE_PORT"] = str(ports[0].port)
        for port in ports:
            if port.name:
                env[f"{prefix}_SERVICE_PORT_{_variable_name(port.name)}"] = str(port.port)
        env.update(_link_env(prefix, ip, ports))
    return env


def _link_env(prefix: str, ip: str, ports: list[core.ServicePort]) -> dict[str, str]:
    env: dict[str, str] = {}
    for index, port in enumerate(ports):
        protocol = port.protocol or "TCP"
        url = f"{protocol.lower()}://{_join(ip, port.port)}"
        if index == 0:
            env[f"{prefix}_PORT"] = url
        base = f"{prefix}_PORT_{port.port}_{protocol.upper()}"
        env[base] = url
        env[f"{base}_PROTO"] = protocol.lower()
        env[f"{base}_PORT"] = str(port.port)
        env[f"{base}_ADDR"] = ip
    return env


def _join(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def _variable_name(name: str) -> str:
    return name.replace("-", "_").upper()
