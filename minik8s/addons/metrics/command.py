"""``minik8s metrics-server``: flags as upstream's where it has them, wiring, and the process around it."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from minik8s.component import HealthServer, flags, run_component


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="minik8s metrics-server", description="serves metrics.k8s.io")
    flags.add_common(parser)
    add = parser.add_argument
    add(
        "--bind-address",
        default="127.0.0.1",
        metavar="IP",
        help="one of this machine's own; the API server comes there",
    )
    add("--secure-port", type=int, default=4443)
    add("--tls-cert-file", required=True, metavar="FILE", help="for metrics-server.kube-system.svc")
    add("--tls-private-key-file", required=True, metavar="FILE")
    add("--tls-ca-file", default="", metavar="FILE", help="who signed it; empty: the API server does not check it")
    add("--requestheader-client-ca-file", required=True, metavar="FILE", help="who signs the API server's certificate")
    add("--requestheader-allowed-names", default="front-proxy-client", metavar="NAME,…", help="the API server's names")
    flags.add_duration(parser, "--metric-resolution", 15.0, "how often nodes are asked")
    add("--healthz-port", type=int, default=10261, help="0: none")
    add("--healthz-bind-address", default="127.0.0.1", metavar="IP")
    return parser


def main(argv: list[str]) -> int:
    """Serve until told to stop."""
    options = make_parser().parse_args(argv)
    return run_component("metrics-server", lambda: run(options), options.v)


async def run(options: argparse.Namespace) -> None:
    from minik8s.addons.metrics.api import MetricsApi
    from minik8s.addons.metrics.publish import Location, Publisher
    from minik8s.addons.metrics.scrape import Scraper
    from minik8s.addons.metrics.usage import Store
    from minik8s.client.kubeconfig import load_kubeconfig
    from minik8s.client.rest import Client
    from minik8s.serving import Server, create_ssl_context

    ca = Path(options.tls_ca_file).read_bytes() if options.tls_ca_file else b""  # noqa: ASYNC240 - nothing runs yet
    async with Client(load_kubeconfig(options.kubeconfig), user_agent="minik8s-metrics-server") as client:
        store = Store(options.metric_resolution)
        scraper = Scraper(client, store)
        names = frozenset(name for name in options.requestheader_allowed_names.split(",") if name)
        tls = create_ssl_context(
            options.tls_cert_file, options.tls_private_key_file, options.requestheader_client_ca_file
        )
        api = MetricsApi(client, store, names, lambda: scraper.rounds > 0)
        server = Server(api, options.bind_address, options.secure_port, tls)
        await server.start()
        publisher = Publisher(client, Location(options.bind_address, server.port, ca))
        checks = {"scraped": lambda: scraper.rounds > 0, "published": lambda: publisher.published}
        health = HealthServer(options.healthz_bind_address, options.healthz_port, ready_checks=checks)
        try:
            async with asyncio.TaskGroup() as group:
                for task in (health.run(), scraper.run(), publisher.run()):
                    group.create_task(task)
        finally:
            await server.stop()
