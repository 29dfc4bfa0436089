"""``minik8s logs COMPONENT``: a component's own log (not a pod's: that is ``kubectl logs``)."""

from __future__ import annotations

import os
import sys

from minik8s.cli.options import parser
from minik8s.cluster.config import load


def main(argv: list[str]) -> int:
    """Print the log, or follow it with ``-f``."""
    options_parser = parser("logs", "Print a component's log.")
    options_parser.add_argument("component", help="apiserver, scheduler, controller-manager, kubelet, proxy, …")
    options_parser.add_argument("-f", "--follow", action="store_true")
    options_parser.add_argument("--tail", type=int, default=-1, metavar="N", help="only the last N lines")
    options = options_parser.parse_args(argv)
    config = load(options.data_dir)
    log = config.logs / f"{options.component}.log" if config else None
    if config is None or log is None or not log.exists():
        known = sorted(path.stem for path in config.logs.glob("*.log")) if config else []
        print(
            f"minik8s logs: no log of {options.component!r}; there are: {', '.join(known) or 'none'}", file=sys.stderr
        )
        return 1
    count = "+1" if options.tail < 0 else str(options.tail)
    command = ["tail", "-n", count, *(["-F"] if options.follow else []), str(log)]
    os.execvp("tail", command)
