"""A whole cluster: how soon it is up, asked and down again, and what it costs when idle.

usage: ./dev bench startup [--rounds 3] [--proxy none] [--runtime process] [--idle 10]

Every round is a warm `minik8s up --detach` with the embedded store, a `status` and a `down`, each timed as a user would
time it; the first start, which makes certificates, is not counted. Printed are medians. Memory is resident memory
(`rss`), which counts what processes share (Python itself, OpenSSL) in each of them, and `pss`, which counts it once:
sum that column. CPU is what a process used from its start until all were ready, and its share of one core when idle.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

Samples = dict[str, dict[str, list[float]]]
COLUMNS = ("ready s", "CPU s", "rss MB", "pss MB", "idle CPU %")


def minik8s(data_dir: Path, *arguments: str) -> tuple[str, float]:
    """What a verb prints, and how long it took."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "minik8s", *arguments, "--data-dir", str(data_dir)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout, time.perf_counter() - start


def process_ids(data_dir: Path, status: str) -> dict[str, int]:
    """Every process of the cluster, its keeper included."""
    found = {component["name"]: int(component["pid"]) for component in json.loads(status)["components"]}
    return found | {"supervisord": int((data_dir / "supervisord.pid").read_text())}


def cpu_seconds(pid: int) -> float:
    """CPU used so far by all threads of a process, to the nanosecond (/proc/PID/stat counts in hundredths)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional memory in MB."""
    fields = dict(re.findall(r"^(Rss|Pss): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE))
    return int(fields["Rss"]) / 1024, int(fields["Pss"]) / 1024


def measure_processes(pids: dict[str, int], idle: float, samples: Samples) -> None:
    """Memory and CPU now, and the CPU of some idle seconds after the dust has settled."""
    for name, pid in pids.items():
        samples[name]["CPU s"].append(cpu_seconds(pid))
    time.sleep(min(idle, 5))
    before, start = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.perf_counter()
    time.sleep(idle)
    seconds = time.perf_counter() - start
    for name, pid in pids.items():
        samples[name]["idle CPU %"].append((cpu_seconds(pid) - before[name]) / seconds * 100)
        resident, proportional = memory(pid)
        samples[name]["rss MB"].append(resident)
        samples[name]["pss MB"].append(proportional)


def one_round(data_dir: Path, options: list[str], idle: float, samples: Samples) -> None:
    out, seconds = minik8s(data_dir, "up", "--detach", *options)
    samples["up"]["s"].append(seconds)
    for name, ready in re.findall(r"^ *(\S+) +ready after ([\d.]+) s", out, re.MULTILINE):
        samples[name]["ready s"].append(float(ready))
    status, seconds = minik8s(data_dir, "status", "-o", "json")
    samples["status"]["s"].append(seconds)
    measure_processes(process_ids(data_dir, status), idle, samples)
    samples["down"]["s"].append(minik8s(data_dir, "down")[1])


def render(samples: Samples) -> str:
    """The table of medians; the last row sums what can be summed."""
    verbs = [f"{verb} {median(samples.pop(verb)['s']):.2f} s" for verb in ("up", "status", "down")]
    rows = {name: [median(values[c]) if values[c] else None for c in COLUMNS] for name, values in samples.items()}
    rows["all"] = [None, *(sum(row[i] or 0 for row in rows.values()) for i in range(1, len(COLUMNS)))]
    lines = ["minik8s " + ", ".join(verbs), f"{'':<20}" + "".join(f"{column:>12}" for column in COLUMNS)]
    for name, row in rows.items():
        lines.append(f"{name:<20}" + "".join(f"{'' if cell is None else f'{cell:.2f}':>12}" for cell in row))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runtime", default="process")
    parser.add_argument("--proxy", default="none")
    parser.add_argument("--idle", type=float, default=10, metavar="SECONDS")
    flags = parser.parse_args()
    options = ["--runtime", flags.runtime, "--proxy", flags.proxy]
    samples: Samples = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="minik8s-bench-") as folder:
        data_dir = Path(folder)
        try:
            minik8s(data_dir, "up", "--detach", *options)
            minik8s(data_dir, "down")
            for _ in range(flags.rounds):
                one_round(data_dir, options, flags.idle, samples)
        finally:
            minik8s(data_dir, "down", "--purge")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(render(samples))


if __name__ == "__main__":
    main()
