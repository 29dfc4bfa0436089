"""``minik8s dns``: flags, wiring, and the process around it. Mirrors the ``coredns`` binary with kubeadm's Corefile."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from minik8s.component import HealthServer, run_component


def parse_flags(argv: list[str]) -> argparse.Namespace:
    """What a Corefile would say."""
    flags = argparse.ArgumentParser(prog="minik8s dns", description="DNS for the cluster's names.")
    add = flags.add_argument
    add("--kubeconfig", required=True, metavar="FILE", help="how to reach the API server")
    add("--cluster-domain", default="cluster.local", metavar="NAME", help="the domain of the cluster's names")
    add("--bind-address", default="127.0.0.1", metavar="IP", help="one of this machine's addresses that pods reach")
    add("--port", type=int, default=10053, help="UDP and TCP")
    add("--cluster-ip", default="", metavar="IP", help="keep the Service kube-system/kube-dns at it; empty: make none")
    add("--resolv-conf", type=Path, default=Path("/etc/resolv.conf"), metavar="FILE", help="who answers other names")
    add("--healthz-port", type=int, default=10054, help="0 turns it off")
    add("--healthz-bind-address", default="127.0.0.1", metavar="IP")
    add("--v", type=int, default=0, metavar="LEVEL", help="log verbosity")
    return flags.parse_args(argv)


def main(argv: list[str]) -> int:
    """Serve until told to stop."""
    flags = parse_flags(argv)
    return run_component("dns", lambda: run(flags), verbosity=flags.v)


async def run(flags: argparse.Namespace) -> None:
    """Wire watches, resolver, server and publisher together and run them."""
    from minik8s.addons.dns.answer import Zone
    from minik8s.addons.dns.forward import Forwarder
    from minik8s.addons.dns.publish import Location, Publisher
    from minik8s.addons.dns.records import WatchedRecords
    from minik8s.addons.dns.server import Resolver, Server
    from minik8s.client.kubeconfig import load_kubeconfig
    from minik8s.client.rest import Client

    client = Client(load_kubeconfig(flags.kubeconfig), user_agent="minik8s-dns")
    records = WatchedRecords(client)
    zone = Zone(flags.cluster_domain.strip(".").lower(), flags.cluster_ip or flags.bind_address)
    forwarder = Forwarder(flags.resolv_conf, frozenset({flags.cluster_ip, flags.bind_address}))
    server = Server(Resolver(records, zone, forwarder), flags.bind_address, flags.port)
    checks = {"synced": lambda: records.synced, "listening": lambda: server.listening}
    runners = [watch.run for watch in records.watches]
    if flags.cluster_ip:
        publisher = Publisher(client, records, Location(flags.bind_address, flags.port, flags.cluster_ip))
        checks["published"] = lambda: publisher.published
        runners.append(publisher.run)
    health = HealthServer(flags.healthz_bind_address, flags.healthz_port, ready_checks=checks)
    async with asyncio.TaskGroup() as group:
        group.create_task(health.run())
        group.create_task(server.run())
        await client.wait_for_server()
        for run_forever in runners:
            group.create_task(run_forever())
