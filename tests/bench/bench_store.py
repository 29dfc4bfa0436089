"""Durable writes per second, and what each costs: `python tests/bench/bench_store.py [embedded|etcd] [writes]`.

64 writers create 3.2 KB pods straight on the store; then one writer alone. Prints writes/s, p50 and p99 in ms, and the
CPU per write in µs (this process; etcd's own is not counted).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "component" / "storage"))
from store_backends import EtcdServer, embedded, etcd, opened

VALUE = b"x" * 3200


async def measure(store: Any, label: str, writers: int, count: int) -> None:
    took: list[float] = []
    numbers = iter(range(count))

    async def write() -> None:
        for number in numbers:
            before = time.perf_counter()
            result = await store.txn(f"/registry/pods/{label}/{number:06}", VALUE, expected=0)
            took.append(time.perf_counter() - before)
            assert result.succeeded

    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(write() for _ in range(writers)))
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    took.sort()
    print(
        f"{label:>18}: {count / wall:8,.0f} writes/s   p50 {took[count // 2] * 1e3:6.2f} ms   "
        f"p99 {took[count * 99 // 100] * 1e3:6.2f} ms   CPU {used / count * 1e6:5.1f} µs/write"
    )


async def run(store: Any, count: int) -> None:
    async with opened(store):
        await measure(store, "64 writers", 64, count)
        await measure(store, "8 writers", 8, count // 4)
        await measure(store, "one writer", 1, count // 20)


def main() -> None:
    backend = sys.argv[1] if len(sys.argv) > 1 else "embedded"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    runner: Any = asyncio.run
    try:
        import uvloop

        runner = uvloop.run
    except ImportError:
        pass
    with tempfile.TemporaryDirectory() as folder:
        if backend == "embedded":
            runner(run(embedded(Path(folder)), count))
        else:
            with EtcdServer(Path(folder) / "etcd").running() as server:
                runner(run(etcd(server), count))


if __name__ == "__main__":
    main()
