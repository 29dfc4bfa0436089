"""``minik8s kubeconfig``: where the admin kubeconfig is, for ``export KUBECONFIG=$(minik8s kubeconfig)``."""

from __future__ import annotations

import sys

from minik8s.cli.options import parser
from minik8s.cluster.config import load


def main(argv: list[str]) -> int:
    """Print the path; with ``--print`` the contents (they hold the admin's key)."""
    options_parser = parser("kubeconfig", "Print the path of the admin kubeconfig.")
    options_parser.add_argument("--print", action="store_true", dest="contents", help="print the file itself")
    options = options_parser.parse_args(argv)
    config = load(options.data_dir)
    if config is None:
        print(f"minik8s kubeconfig: no cluster in {options.data_dir}", file=sys.stderr)
        return 1
    print(config.admin_kubeconfig.read_text() if options.contents else config.admin_kubeconfig)
    return 0
