"""The kernel side: put the difference between two rule sets into iptables, in one atomic restore.

Mirrors ``pkg/util/iptables`` and the end of syncProxyRules. Rules are never read back (``iptables-save`` takes 15 s
at 10,000 services): the difference is kept in memory. Only at start are the names of our chains listed once, so that
those a dead predecessor left behind go away.

Invariants: ``--noflush`` always, so nobody else's rule is touched; what is declared is replaced whole; a failed
restore changes nothing, in the kernel or in memory.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable

from minik8s.proxy.rules import JUMPS, RuleSet

#: Seconds to wait for another program that holds the xtables lock; upstream's WaitSecondsValue.
LOCK_SECONDS = "5"
#: Every chain of ours starts so.
PREFIX = "KUBE-"
#: Chains that upstream's kubelet makes; they are not the proxy's to remove.
FOREIGN = frozenset({"KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT", "KUBE-FIREWALL"})


class IptablesError(RuntimeError):
    """iptables refused; the message holds the command and its words."""


def render_restore(old: RuleSet, new: RuleSet) -> str:
    """The restore input that turns ``old`` into ``new``: changed chains whole, vanished ones deleted; pure.

    Empty when the two are equal. Vanished chains are declared (which empties them) before ``-X``, and by then no
    rewritten chain names them.
    """
    out: list[str] = []
    for table in ("filter", "nat"):
        before, after = old.tables.get(table, {}), new.tables[table]
        changed = [name for name, chain in after.items() if before.get(name) != chain]
        gone = [name for name in before if name not in after]
        if not changed and not gone:
            continue
        out.append(f"*{table}")
        out += [f":{name} - [0:0]" for name in (*changed, *gone)]
        out += [f"-A {name} {rule}" for name in changed for rule in after[name]]
        out += [f"-X {name}" for name in gone]
        out.append("COMMIT")
    return "\n".join(out) + "\n" if out else ""


class Iptables:
    """Owner of our chains in the kernel. Not safe for concurrent calls: the loop is its only caller."""

    def __init__(self) -> None:
        self.applied = RuleSet()
        self.complete = False

    async def apply_rules(self, new: RuleSet) -> int:
        """Make the kernel hold ``new``; returns the number of restore lines. Raises IptablesError."""
        if not self.complete:
            self.applied = await self._leftovers()
        text = render_restore(self.applied, new)
        if text:
            await _run(["iptables-restore", "-w", LOCK_SECONDS, "--noflush"], text)
            self.applied = new
        if not self.complete:
            await self._ensure_jumps()
            self.complete = True
        return text.count("\n")

    def forget(self) -> None:
        """Assume nothing of the kernel: the next apply writes everything (after a failure, or a flush by others)."""
        self.complete = False

    async def is_intact(self) -> bool:
        """Whether our canary chain is still there; a firewall reload that flushed the tables takes it along."""
        try:
            await _run(["iptables", "-w", LOCK_SECONDS, "-t", "nat", "-S", "KUBE-PROXY-CANARY"])
        except IptablesError:
            return False
        return True

    async def _leftovers(self) -> RuleSet:
        """Our chains as the kernel has them, with contents that equal nothing, so that each is rewritten or removed."""
        found = RuleSet()
        for table in ("filter", "nat"):
            listing = await _run(["iptables-save", "-t", table])
            found.tables[table] = {name: ["?"] for name in _own_chains(listing)}
        return found

    async def _ensure_jumps(self) -> None:
        for table, builtin, target, comment, match in JUMPS:
            rule = [*match, "-m", "comment", "--comment", comment, "-j", target]
            base = ["iptables", "-w", LOCK_SECONDS, "-t", table]
            try:
                await _run([*base, "-C", builtin, *rule])
            except IptablesError:
                await _run([*base, "-I", builtin, *rule])


async def cleanup() -> None:
    """Remove every chain of ours and the jumps to them; for ``--cleanup`` and ``minik8s down``."""
    if shutil.which("iptables-save") is None:
        return
    for table in ("filter", "nat"):
        listing = await _run(["iptables-save", "-t", table])
        chains = _own_chains(listing)
        doomed = [
            line.replace("-A", "-D", 1)
            for line in listing.splitlines()
            if line.startswith("-A") and line.split()[1] not in chains and _target(line) in chains
        ]
        if not chains and not doomed:
            continue
        lines = [f"*{table}", *(f":{name} - [0:0]" for name in chains), *doomed, *(f"-X {name}" for name in chains)]
        await _run(["iptables-restore", "-w", LOCK_SECONDS, "--noflush"], "\n".join([*lines, "COMMIT", ""]))


def _own_chains(listing: str) -> list[str]:
    names = (line[1:].split()[0] for line in listing.splitlines() if line.startswith(":"))
    return [name for name in names if name.startswith(PREFIX) and name not in FOREIGN]


def _target(rule: str) -> str:
    words = rule.split()
    return words[words.index("-j") + 1] if "-j" in words else ""


async def forget_udp_connections(addresses: Iterable[tuple[str, int]]) -> None:
    """Drop conntrack entries of UDP flows to these service addresses, whose endpoints changed.

    UDP has no close: without this a client goes on talking to a pod that is gone (upstream's pkg/proxy/conntrack).
    """
    if shutil.which("conntrack") is None:
        return
    for address, port in addresses:
        process = await asyncio.create_subprocess_exec(
            *("conntrack", "-D", "-p", "udp", "--orig-dst", address, "--dport", str(port)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.wait()  # exit code 1 says that there was no such flow


async def _run(command: list[str], text: str = "") -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        # uvloop fails when a program that reads no input is gone before an empty input was "written".
        stdin=asyncio.subprocess.PIPE if text else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await process.communicate(text.encode() if text else None)
    if process.returncode != 0:
        raise IptablesError(f"{' '.join(command)}: exit {process.returncode}: {stderr.decode().strip()}")
    return stdout.decode()
