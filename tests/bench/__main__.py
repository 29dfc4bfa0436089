"""Benchmarks by name: `./dev bench` lists them, `./dev bench startup [its options]` runs one.

Each `bench_NAME.py` beside this file has `main()`, which reads its own options from the command line and prints
figures. They give no verdict.
"""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def benches() -> dict[str, str]:
    """Name → the first line of its docstring; nothing is imported."""
    found = {}
    for path in sorted(HERE.glob("bench_*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        found[path.stem.removeprefix("bench_")] = text.partition("\n")[0].partition(": `")[0]
    return found


def main(argv: list[str]) -> int:
    """Run the bench that is named; without a name, list them. 2 for an unknown one."""
    known = benches()
    name, options = (argv[0], argv[1:]) if argv else ("", [])
    if name in known:
        sys.argv = [f"bench {name}", *options]
        importlib.import_module(f"tests.bench.bench_{name}").main()
        return 0
    print("usage: ./dev bench NAME [options]\n" + "\n".join(f"  {bench:<12} {text}" for bench, text in known.items()))
    if name:
        print(f"\nno bench {name!r}", file=sys.stderr)
    return 2 if name else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
