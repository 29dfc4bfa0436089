"""``minik8s down``: stop the cluster and leave nothing of it on the machine but its data."""

from __future__ import annotations

import sys

from minik8s.cli.options import parser


def main(argv: list[str]) -> int:
    """Exit code 0 when nothing runs any more, also when nothing ran before."""
    options_parser = parser("down", "Stop the cluster.")
    options_parser.add_argument("--purge", action="store_true", help="remove the data directory too")
    options = options_parser.parse_args(argv)
    from minik8s.cluster import lifecycle
    from minik8s.cluster.supervisor import SupervisorError

    try:
        lifecycle.down(options.data_dir, progress=print, purge=options.purge)
    except SupervisorError as error:
        print(f"minik8s down: {error}", file=sys.stderr)
        return 1
    return 0
