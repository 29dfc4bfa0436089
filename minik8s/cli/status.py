"""``minik8s status``: one row a component; exit code 0 only when all are ready."""

from __future__ import annotations

import json
import sys

from minik8s.cli.options import parser
from minik8s.cluster import status
from minik8s.cluster.config import load


def main(argv: list[str]) -> int:
    """Print the components; 1 when one is not ready or there is no cluster."""
    options_parser = parser("status", "List the cluster's components.")
    options_parser.add_argument("-o", "--output", choices=("table", "json"), default="table")
    options = options_parser.parse_args(argv)
    config = load(options.data_dir)
    if config is None:
        print(f"minik8s status: no cluster in {options.data_dir}", file=sys.stderr)
        return 1
    components = status.collect(config)
    if options.output == "json":
        print(json.dumps(status.as_json(components), indent=1))
    else:
        print(status.render_table(components))
    return 0 if all(component.ready for component in components) else 1
