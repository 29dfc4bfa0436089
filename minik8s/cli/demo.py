"""``minik8s demo``: a cluster, a web application behind a service, one of its pods killed while requests go on.

Everything is done through the API, as kubectl would; the cluster is left running for the reader to play with.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from minik8s.cli import up
from minik8s.cli.options import add_cluster_options, parser
from minik8s.cluster.config import ClusterConfig

if TYPE_CHECKING:
    from minik8s.api import core
    from minik8s.client.rest import Client

T = TypeVar("T")

NAME = "web"
REPLICAS = 3
#: How long each step may take before the demo gives up, seconds.
PATIENCE = 60.0


class DemoError(RuntimeError):
    """A step did not come true; the message says which and what was seen."""


def main(argv: list[str]) -> int:
    """Run the demo; 0 when every step was seen to come true."""
    options_parser = parser("demo", "Start a cluster and show it at work.")
    add_cluster_options(options_parser)
    options = options_parser.parse_args(argv)
    print("== a cluster: separate processes that meet only in the API server")
    config = up.start(up.config_from(options))
    if config is None:
        return 1
    try:
        if config.runtime == "docker":
            from minik8s.cluster import images

            images.ensure_web_image()
        asyncio.run(run(config))
    except (DemoError, RuntimeError) as error:
        print(f"minik8s demo: {error}", file=sys.stderr)
        return 1
    print(next_commands(config))
    return 0


async def run(config: ClusterConfig) -> None:
    """Deploy, reach, break, watch it heal."""
    from minik8s.client.kubeconfig import load_kubeconfig
    from minik8s.client.rest import Client

    async with Client(load_kubeconfig(str(config.admin_kubeconfig)), user_agent="minik8s-demo") as client:
        print(f"\n== a Deployment of {REPLICAS} replicas behind a Service")
        started = time.monotonic()
        await deploy(client)
        pods = await wait_for(lambda: ready_pods(client), lambda found: len(found) == REPLICAS, "three ready pods")
        print(f"  {REPLICAS} pods ready after {time.monotonic() - started:.1f} s")
        for pod in pods:
            print(f"    {pod.metadata.name:<24} {pod.status.pod_ip:<16} on {pod.spec.node_name}")
        address = await service_address(client, config)
        print(f"\n== the Service answers on {address[0]}:{address[1]} from all of them")
        names = {pod.metadata.name for pod in pods}
        traffic = Traffic(*address)
        await wait_for(traffic.request, lambda _: names <= set(traffic.answers), f"answers from {sorted(names)}")
        for name, count in sorted(traffic.answers.items()):
            print(f"    {name:<24} {count} answers")
        await kill_one(client, traffic, pods[0])


async def kill_one(client: Client, traffic: Traffic, victim: core.Pod) -> None:
    """Delete a pod under load and wait for its replacement."""
    from minik8s.api import core

    print(f"\n== {victim.metadata.name} is killed while requests go on")
    traffic.reset()
    load = asyncio.create_task(traffic.keep_asking())
    started = time.monotonic()
    await client.delete(core.Pod, victim.metadata.name, victim.metadata.namespace, grace_period_seconds=1)
    pods = await wait_for(
        lambda: ready_pods(client),
        lambda found: len(found) == REPLICAS and victim.metadata.name not in {p.metadata.name for p in found},
        "a replacement",
    )
    taken = time.monotonic() - started
    newest = max(pods, key=lambda pod: pod.metadata.creation_timestamp or "")
    await wait_for(traffic.request, lambda _: traffic.answers[newest.metadata.name] > 0, "an answer from it")
    load.cancel()
    print(f"  replaced by {newest.metadata.name} after {taken:.1f} s")
    print(f"  {sum(traffic.answers.values())} requests answered meanwhile, {traffic.failures} failed")


async def deploy(client: Client) -> None:
    """Create the Deployment and the Service, or leave them as they are."""
    from minik8s.api import apps, core
    from minik8s.api.status import AlreadyExists

    labels = {"app": NAME}
    container = {
        "name": NAME,
        "image": "minik8s/web",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 80}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 2}}
    deployment = apps.Deployment.from_dict(
        {
            "metadata": {"name": NAME, "namespace": "default"},
            "spec": {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template},
        }
    )
    service = core.Service.from_dict(
        {
            "metadata": {"name": NAME, "namespace": "default"},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 80}], "type": "NodePort"},
        }
    )
    for obj in (deployment, service):
        try:
            await client.create(obj)
        except AlreadyExists:
            print(f"  {obj.kind.lower()} {NAME} is there already")


async def ready_pods(client: Client) -> list[core.Pod]:
    """The application's pods that are ready and not on their way out."""
    from minik8s.api import core

    pods = await client.list(core.Pod, "default", label_selector=f"app={NAME}")
    return [
        pod
        for pod in pods.items
        if not pod.metadata.deletion_timestamp
        and any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)
    ]


async def service_address(client: Client, config: ClusterConfig) -> tuple[str, int]:
    """Where this machine reaches the service: its cluster IP, or its node port where no proxy serves cluster IPs."""
    from minik8s.api import core

    service = await client.get(core.Service, NAME, "default")
    if config.proxy == "none":
        raise DemoError("the demo needs a service proxy; run it without --proxy none")
    return service.spec.cluster_ip or "", service.spec.ports[0].port


@dataclass
class Traffic:
    """Requests to one address, counted by which pod answered."""

    host: str
    port: int
    answers: Counter[str] = field(default_factory=Counter)
    failures: int = 0

    def reset(self) -> None:
        """Start counting anew."""
        self.answers.clear()
        self.failures = 0

    async def request(self) -> None:
        """One GET on a connection of its own."""
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(self.host, self.port)
                writer.write(f"GET / HTTP/1.0\r\nHost: {self.host}\r\n\r\n".encode())
                answer = await reader.read()
                writer.close()
        except (OSError, TimeoutError):
            self.failures += 1
            return
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " in head.split(b"\r\n")[0]:
            self.answers[body.decode().strip()] += 1
        else:
            self.failures += 1

    async def keep_asking(self) -> None:
        """A request every 20 ms until cancelled."""
        while True:
            await self.request()
            await asyncio.sleep(0.02)


async def wait_for(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], what: str) -> T:
    """Ask again and again until the answer holds; DemoError after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = await ask()
        if holds(answer):
            return answer
        if time.monotonic() > deadline:
            raise DemoError(f"no {what} within {PATIENCE:.0f} s; see `minik8s logs` and `kubectl get events`")
        await asyncio.sleep(0.05)


def next_commands(config: ClusterConfig) -> str:
    """What to try next on the cluster that is left running."""
    return f"""
The cluster is left running. Try:
  export KUBECONFIG={config.admin_kubeconfig}
  kubectl get pods,services,nodes -o wide
  kubectl scale deployment {NAME} --replicas=5
  kubectl logs deployment/{NAME}
  ./dev status --data-dir {config.data_dir}
  ./dev down --purge --data-dir {config.data_dir}"""
