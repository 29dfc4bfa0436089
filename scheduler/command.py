"""`minik8s scheduler`: flags, health, leader election. Mirrors cmd/kube-scheduler."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from minik8s.client.kubeconfig import ConfigError, load_config
from minik8s.component import HealthServer, run_component
from minik8s.component.flags import add_common, add_leader_election, identity

PORT = 10259


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="minik8s scheduler", description="Assigns pods to nodes.")
    add_common(made)
    add_leader_election(made, "kube-scheduler")
    made.add_argument("--bind-address", default="127.0.0.1", help="address of the health and metrics server")
    made.add_argument("--secure-port", type=int, default=PORT, help="its port; plain HTTP; 0: none")
    made.add_argument("--scheduler-name", default="default-scheduler", help="schedule pods with this schedulerName")
    made.add_argument(
        "--seed", type=int, default=None, help="for repeatable choices among equal nodes (ours, not upstream's)"
    )
    for flag in ("--authentication-kubeconfig", "--authorization-kubeconfig"):
        made.add_argument(flag, default="", help="taken for upstream's command lines; without effect")
    return made


def main(argv: list[str]) -> int:
    flags = parser().parse_args(argv)
    try:
        config = load_config(flags.kubeconfig)
    except (ConfigError, OSError) as error:
        print(f"minik8s scheduler: {error}", file=sys.stderr)
        return 1

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's columns need no linear algebra, nor its threads

    async def run() -> None:
        from minik8s.client.leaderelection import LeaderElector
        from minik8s.client.rest import Client
        from minik8s.scheduler.loop import Scheduler

        async with Client(config, user_agent="minik8s-scheduler") as client:
            scheduler = Scheduler(client, flags.scheduler_name, flags.seed)
            health = HealthServer(
                flags.bind_address,
                flags.secure_port,
                ready_checks={"informer-sync": lambda: scheduler.ready},
                metrics=lambda: scheduler.metrics.render(scheduler.queue.counts()),
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(health.run(), name="health")
                await client.wait_for_server()
                tasks.create_task(scheduler.run_informers(), name="informers")
                if flags.leader_elect:
                    elector = LeaderElector(
                        client,
                        flags.leader_elect_resource_name,
                        identity(),
                        flags.leader_elect_resource_namespace,
                        flags.leader_elect_lease_duration,
                        flags.leader_elect_renew_deadline,
                        flags.leader_elect_retry_period,
                    )
                    tasks.create_task(elector.run(scheduler.run), name="scheduler")
                else:
                    tasks.create_task(scheduler.run(), name="scheduler")

    return run_component("scheduler", run, flags.v)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
