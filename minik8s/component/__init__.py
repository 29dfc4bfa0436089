"""What every component's process shares: start and stop, logs, health, flags.

Mirrors k8s.io/component-base. Importing this package is cheap; its parts load when they are used.

    get_logger(__name__)                        structured logs
    run_component(name, main, verbosity=0)      event loop, signals, exit code
    HealthServer(host, port, checks)            /healthz /livez /readyz /metrics
    flags                                       argparse types with upstream's spelling (minik8s.component.flags)
"""

from minik8s.client.log import configure as configure_logging
from minik8s.client.log import get_logger
from minik8s.component.health import HealthServer
from minik8s.component.process import run_component

__all__ = ["HealthServer", "configure_logging", "get_logger", "run_component"]
