"""``python -m minik8s``: the same as the ``minik8s`` command, for supervisors that know only an interpreter."""

import sys

from minik8s.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
