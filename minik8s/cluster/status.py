"""What runs and how it does: one row a component, for people and as JSON."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from minik8s.cluster import supervisor
from minik8s.cluster.config import ClusterConfig
from minik8s.cluster.programs import Program, compute_programs
from minik8s.cluster.readiness import is_ready


@dataclass(frozen=True)
class ComponentStatus:
    """One component now. ``rss_bytes`` is resident memory; ``restarts`` counts since the cluster last came up."""

    name: str
    pid: int
    ready: bool
    rss_bytes: int
    restarts: int


def collect(config: ClusterConfig) -> list[ComponentStatus]:
    """The status of every component of the configuration; all zero where the cluster does not run."""
    programs = compute_programs(config)
    if supervisor.running_pid(config.data_dir) is None:
        return [ComponentStatus(program.name, 0, False, 0, 0) for program in programs]
    states = supervisor.process_states(config.data_dir)
    log = (config.logs / "supervisord.log").read_text(errors="replace")
    with ThreadPoolExecutor(max_workers=8) as pool:
        ready = list(pool.map(lambda program: is_ready(program.health_url), programs))
    return [_one(program, states.get(program.name, {}), log, ok) for program, ok in zip(programs, ready, strict=True)]


def _one(program: Program, state: dict[str, object], log: str, ready: bool) -> ComponentStatus:
    pid = int(str(state.get("pid") or 0))
    return ComponentStatus(
        name=program.name,
        pid=pid,
        ready=ready and pid != 0,
        rss_bytes=resident_bytes(pid),
        restarts=supervisor.count_restarts(log, program.name),
    )


def resident_bytes(pid: int) -> int:
    """Resident memory of a process in bytes; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def as_json(components: list[ComponentStatus]) -> dict[str, object]:
    """The documented form: ``{"components": [{"name", "pid", "ready", "rss_bytes", "restarts"}]}``."""
    return {"components": [asdict(component) for component in components]}


def render_table(components: list[ComponentStatus]) -> str:
    """The same for people."""
    rows = [("COMPONENT", "PID", "READY", "MEMORY", "RESTARTS")]
    for c in components:
        memory = f"{c.rss_bytes / 2**20:.0f} MiB" if c.rss_bytes else "-"
        rows.append((c.name, str(c.pid or "-"), "yes" if c.ready else "no", memory, str(c.restarts)))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
