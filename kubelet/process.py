"""The kubelet's process: the runtime, the nodes it plays, and the servers beside them."""

from __future__ import annotations

import argparse
import asyncio
import shutil
from pathlib import Path

from minik8s.api import core
from minik8s.client.informer import Informer
from minik8s.client.kubeconfig import load_kubeconfig
from minik8s.client.rest import Client
from minik8s.clock import SystemClock
from minik8s.component import HealthServer, get_logger
from minik8s.kubelet.config import KubeletConfig
from minik8s.kubelet.kubelet import Kubelet
from minik8s.kubelet.pod_source import WorkerPods
from minik8s.kubelet.runtimes import make_runtime
from minik8s.kubelet.runtimes.base import Runtime, RuntimeOptions
from minik8s.kubelet.shared import PodRouter
from minik8s.kubelet.volumes.local import unmount_below

log = get_logger(__name__)


async def run_nodes(options: argparse.Namespace, configs: list[KubeletConfig]) -> None:
    clock = SystemClock()
    async with Client(load_kubeconfig(options.kubeconfig), "minik8s-kubelet", clock) as client:
        many = len(configs) > 1
        # simulated nodes share their caches: a thousand watches of the same pods would be a load of their own
        pods = PodRouter(Informer(client, core.Pod)) if many else None
        services: Informer[core.Service] | None = Informer(client, core.Service) if many else None
        peers: Informer[core.Node] | None = Informer(client, core.Node) if many else None
        nodes = [
            Kubelet(
                config, client, _runtime(config), clock, pods.view(config.node_name) if pods else None, services, peers
            )
            for config in configs
        ]
        health = HealthServer(
            options.healthz_bind_address,
            options.healthz_port,
            ready_checks={"nodes": lambda: _not_ready(nodes)},
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(health.run())
            if many:
                await client.wait_for_server()
            for informer in (pods.informer if pods else None, services, peers):
                if informer is not None:
                    group.create_task(informer.run())
            for node in nodes:
                group.create_task(node.run())
            if options.port:
                group.create_task(_serve(options, nodes))


def _not_ready(nodes: list[Kubelet]) -> str | None:
    waiting = sum(not node.ready for node in nodes)
    return f"{waiting} of {len(nodes)} nodes are starting" if waiting else None


def _runtime(config: KubeletConfig) -> Runtime:
    config.root_dir.mkdir(parents=True, exist_ok=True)
    pods = config.root_dir / "pods"
    pods.mkdir(exist_ok=True)
    pods.chmod(0o750)  # secrets lie below: nobody else on this machine may read them
    return make_runtime(
        config.runtime,
        RuntimeOptions(
            node_name=config.node_name,
            root_dir=Path(config.root_dir),
            cluster_id=config.cluster_id,
            pod_cidr=config.pod_cidr,
        ),
    )


async def clean_up(config: KubeletConfig) -> None:
    """Remove all that this node made on the machine; the API is not asked."""
    runtime = _runtime(config)
    await runtime.start()
    try:
        sandboxes = await runtime.list_sandboxes()
        await asyncio.gather(*(runtime.remove_sandbox(sandbox.id) for sandbox in sandboxes))
        for container in await runtime.list_containers():
            await runtime.remove_container(container.id)
        await runtime.dismantle()
    finally:
        await runtime.close()
    unmount_below(config.root_dir)
    await asyncio.to_thread(shutil.rmtree, config.root_dir / "pods", True)
    log.info("cleaned up", node=config.node_name, pods=len(sandboxes))


async def _serve(options: argparse.Namespace, nodes: list[Kubelet]) -> None:
    """Logs, exec and figures of the node, over TLS; a process that plays many nodes serves none of them."""
    if len(nodes) > 1 or not options.tls_cert_file:
        log.info("no server for logs and exec", reason="many nodes" if len(nodes) > 1 else "no --tls-cert-file")
        return
    node = nodes[0]
    await node.started.wait()  # the server is a heavy import: the first pods come first
    from minik8s.kubelet.server import ServerContext, start_server
    from minik8s.kubelet.stats.pages import Pages

    pods = WorkerPods(node.loop)
    pages = Pages(node.config.node_name, node.loop, node.metrics, node.devices)
    context = ServerContext(
        node.config.node_name,
        pods,
        node.runtime,
        metrics=pages.metrics,
        gpu_metrics=pages.gpus,
        root=node.config.root_dir,
        sandbox_ids=pods.sandbox_id,
    )
    server = await start_server(
        context,
        options.address,
        options.port,
        options.tls_cert_file,
        options.tls_private_key_file,
        options.client_ca_file,
    )
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await server.stop()
