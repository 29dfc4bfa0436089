"""``minik8s proxy``: flags, wiring, and the process around the loop. Mirrors ``cmd/kube-proxy``."""

from __future__ import annotations

import argparse
import asyncio
import socket

from minik8s.component import HealthServer, run_component
from minik8s.proxy import iptables


def parse_flags(argv: list[str]) -> argparse.Namespace:
    """Upstream's flags, as far as they mean something here."""
    flags = argparse.ArgumentParser(prog="minik8s proxy", description="The service proxy of one node.")
    flags.add_argument("--kubeconfig", help="how to reach the API server")
    flags.add_argument("--hostname-override", default=socket.gethostname().lower(), help="this node's name")
    flags.add_argument("--proxy-mode", default="iptables", choices=("iptables", "userspace"))
    flags.add_argument("--cluster-cidr", default="", help="pods' range; traffic from outside it is masqueraded")
    flags.add_argument("--masquerade-all", action=argparse.BooleanOptionalAction, default=False)
    flags.add_argument("--healthz-port", type=int, default=10256, help="0 turns it off")
    flags.add_argument("--healthz-bind-address", default="127.0.0.1")
    flags.add_argument("--cleanup", action="store_true", help="remove our rules and exit")
    flags.add_argument("--v", type=int, default=1, help="log verbosity")
    return flags.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run the proxy until told to stop; with ``--cleanup`` remove its rules."""
    flags = parse_flags(argv)
    if flags.cleanup:
        if flags.proxy_mode == "iptables":
            asyncio.run(iptables.cleanup())
        return 0
    if not flags.kubeconfig:
        raise SystemExit("minik8s proxy: --kubeconfig is required")
    return run_component("proxy", lambda: run(flags), verbosity=flags.v)


async def run(flags: argparse.Namespace) -> None:
    """Wire informers, backend and loop together and run them."""
    from minik8s.api import core, discovery
    from minik8s.client.informer import Informer
    from minik8s.client.kubeconfig import load_kubeconfig
    from minik8s.client.rest import Client
    from minik8s.proxy.loop import IptablesBackend, ProxyLoop, UserspaceBackend

    client = Client(load_kubeconfig(flags.kubeconfig), user_agent="minik8s-proxy")
    services: Informer[core.Service] = Informer(client, core.Service)
    slices: Informer[discovery.EndpointSlice] = Informer(client, discovery.EndpointSlice)
    backend = (
        UserspaceBackend()
        if flags.proxy_mode == "userspace"
        else IptablesBackend(flags.cluster_cidr, flags.masquerade_all)
    )
    loop = ProxyLoop(services, slices, backend, flags.hostname_override)
    health = HealthServer(flags.healthz_bind_address, flags.healthz_port, {"sync": lambda: loop.ready})
    async with asyncio.TaskGroup() as group:
        group.create_task(health.run())
        await client.wait_for_server()
        for task in (services.run(), slices.run(), loop.run()):
            group.create_task(task)
