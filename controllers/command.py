"""`minik8s controller-manager`: flags, client, leader election, health, then the manager.

Mirrors upstream's cmd/kube-controller-manager. Health and metrics are plain HTTP on --bind-address, --secure-port
(upstream: TLS); 0 turns them off.
"""

import sys

from minik8s.client.kubeconfig import ConfigError, in_cluster_config, load_kubeconfig
from minik8s.client.leaderelection import LeaderElector
from minik8s.client.rest import Client
from minik8s.component import HealthServer, run_component
from minik8s.component.flags import identity
from minik8s.controllers.context import Context
from minik8s.controllers.manager import Manager, UnknownController, check_names
from minik8s.controllers.options import Options, parse_options

COMPONENT = "kube-controller-manager"


def main(argv: list[str]) -> int:
    """Entry point of the process."""
    options = parse_options(argv)
    try:
        check_names(options)
        config = load_kubeconfig(options.kubeconfig) if options.kubeconfig else in_cluster_config()
    except (ConfigError, UnknownController) as error:
        print(f"controller-manager: {error}", file=sys.stderr)
        return 1
    if options.master:
        config.server = options.master
    return run_component("controller-manager", lambda: run(options, Client(config, COMPONENT)), options.verbosity)


async def run(options: Options, client: Client) -> None:
    """Serve health at once; work when leading."""
    manager = Manager(Context(client, options))
    health = HealthServer(
        options.bind_address, options.secure_port, ready_checks={"informer-sync": lambda: manager.synced}
    )
    await health.start()
    try:
        if options.leader_elect:
            await client.wait_for_server()
            await _elector(options, client).run(manager.run)
        else:
            await manager.run()
    finally:
        await health.stop()
        await client.close()


def _elector(options: Options, client: Client) -> LeaderElector:
    return LeaderElector(
        client,
        options.leader_elect_resource_name,
        identity(),
        options.leader_elect_resource_namespace,
        options.leader_elect_lease_duration,
        options.leader_elect_renew_deadline,
        options.leader_elect_retry_period,
    )
