"""``minik8s up``: start the cluster and wait until every component is ready."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from minik8s.cli.options import add_cluster_options, parser
from minik8s.cluster.config import ClusterConfig, ConfigError


def config_from(options: argparse.Namespace) -> ClusterConfig:
    """The configuration the options describe."""
    return ClusterConfig(
        data_dir=options.data_dir,
        store=options.store,
        runtime=options.runtime,
        proxy=options.proxy,
        dns=options.dns,
        addons=[name for name in options.addons.split(",") if name],
        nodes=options.nodes,
        fake_gpus=options.fake_gpus,
        service_cidr=options.service_cidr,
        verbosity=options.verbosity,
    )


def main(argv: list[str]) -> int:
    """Exit code 0 once ready (with ``--detach``) or after Ctrl-C brought the cluster down again."""
    options_parser = parser("up", "Start the cluster; Ctrl-C stops it, unless --detach.")
    add_cluster_options(options_parser)
    options_parser.add_argument("--detach", action="store_true", help="return once ready and leave it running")
    options = options_parser.parse_args(argv)
    started = time.monotonic()
    config = start(config_from(options))
    if config is None:
        return 1
    print(f"cluster up in {time.monotonic() - started:.1f} s: {config.runtime} runtime, {config.proxy} proxy")
    print(f"  export KUBECONFIG={config.admin_kubeconfig}")
    if not options.detach:
        _hold(config)
    return 0


def start(config: ClusterConfig) -> ClusterConfig | None:
    """Bring the cluster up, telling people how it goes; None after the reason of a failure was printed."""
    from minik8s.cluster import lifecycle
    from minik8s.cluster.supervisor import SupervisorError

    try:
        return lifecycle.up(config, progress=lambda line: print(f"  {line}", flush=True))
    except (ConfigError, SupervisorError, lifecycle.StartError) as error:
        print(f"minik8s up: {error}", file=sys.stderr)
        return None


def _hold(config: ClusterConfig) -> None:
    """Wait for Ctrl-C or SIGTERM, then stop the cluster."""
    from minik8s.cluster import lifecycle

    print("press Ctrl-C to stop it")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        signal.pause()
    except KeyboardInterrupt:
        lifecycle.down(config.data_dir, progress=print)
