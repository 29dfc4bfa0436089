"""``minik8s image load FILE``: bring an image into the runtime where no registry can be reached."""

from __future__ import annotations

import sys
from pathlib import Path

from minik8s.cli.options import parser
from minik8s.cluster.config import load


def main(argv: list[str]) -> int:
    """Load a ``docker save`` archive; 1 with the reason when the runtime cannot take it."""
    options_parser = parser("image", "Put images into the cluster's runtime.")
    options_parser.add_argument("action", choices=("load",))
    options_parser.add_argument("file", type=Path, help="an archive made by `docker save`")
    options = options_parser.parse_args(argv)
    from minik8s.cluster import images

    config = load(options.data_dir)
    if config is not None and config.runtime != "docker":
        print(f"minik8s image load: the {config.runtime} runtime takes no archives yet", file=sys.stderr)
        return 1
    try:
        print(images.load_archive(options.file))
    except (images.ImageError, OSError) as error:
        print(f"minik8s image load: {error}", file=sys.stderr)
        return 1
    return 0
