"""Rules in a real kernel, inside a network namespace of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap

import pytest

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.skipif(shutil.which("iptables-restore") is None, reason="no iptables here"),
]

PROLOGUE = """
import asyncio, subprocess
from minik8s.proxy import iptables
from minik8s.proxy.model import Endpoint, ServicePort
from minik8s.proxy.rules import render

def save():
    listing = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return [line.split(" [")[0] for line in listing.splitlines() if not line.startswith("#")]

def port(n, *ips, **fields):
    endpoints = tuple(Endpoint(ip, 80) for ip in ips)
    return ServicePort("default", f"s{n}", "", "tcp", f"10.96.1.{n}", 80, cluster_endpoints=endpoints, **fields)
"""


def in_namespace(body: str) -> str:
    """Run Python in a network namespace that ends with it; returns what it printed."""
    code = PROLOGUE + textwrap.dedent(body)
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_is_accepted_and_a_second_apply_writes_nothing():
    printed = in_namespace(
        """
        async def main():
            kernel = iptables.Iptables()
            ports = [
                port(1, "10.0.0.1", "10.0.0.2", node_port=30001, affinity_seconds=60),
                port(2, external_ips=("192.0.2.1",), node_port=30002),
                port(3, "10.0.0.3", load_balancer_ips=("192.0.2.7",), load_balancer_source_ranges=("10.1.0.0/16",)),
            ]
            print(await kernel.apply_rules(render(ports, "10.0.0.0/8", True)) > 30)
            print(await kernel.apply_rules(render(ports, "10.0.0.0/8", True)))
            print(await kernel.is_intact())
        asyncio.run(main())
        """
    )
    assert printed.split() == ["True", "0", "True"]


def test_others_rules_are_untouched_and_cleanup_leaves_nothing():
    in_namespace(
        """
        run = lambda line: subprocess.run(["iptables", *line.split()], check=True)
        run("-t nat -N MINE")
        run("-t nat -A PREROUTING -p tcp --dport 1 -j MINE")
        run("-A FORWARD -s 1.2.3.4 -j DROP")
        before = save()
        async def main():
            kernel = iptables.Iptables()
            await kernel.apply_rules(render([port(1, "10.0.0.1", node_port=30001)]))
            during = save()
            assert set(before) - {":FORWARD ACCEPT"} <= set(during), set(before) - set(during)
            assert any("KUBE-SVC" in line for line in during)
            await iptables.cleanup()
        asyncio.run(main())
        subprocess.run("iptables -t filter -L -n >/dev/null", shell=True)
        assert [l for l in save() if "KUBE" in l] == [], save()
        assert set(before) <= set(save()), set(before) - set(save())
        """
    )


def test_a_new_process_removes_what_a_dead_one_left():
    in_namespace(
        """
        async def main():
            await iptables.Iptables().apply_rules(render([port(1, "10.0.0.1"), port(2, "10.0.0.2")]))
            await iptables.Iptables().apply_rules(render([port(1, "10.0.0.1")]))
        asyncio.run(main())
        text = "\\n".join(save())
        assert "default/s1" in text and "default/s2" not in text
        assert text.count("-j KUBE-POSTROUTING") == 1
        """
    )


def test_a_flush_by_somebody_is_noticed_and_mended():
    in_namespace(
        """
        async def main():
            kernel = iptables.Iptables()
            rules = render([port(1, "10.0.0.1")])
            await kernel.apply_rules(rules)
            subprocess.run("iptables -t nat -F; iptables -t nat -X", shell=True, check=True)
            assert not await kernel.is_intact()
            kernel.forget()
            await kernel.apply_rules(rules)
            assert await kernel.is_intact()
        asyncio.run(main())
        text = "\\n".join(save())
        assert "-A PREROUTING" in text and "10.96.1.1/32" in text
        """
    )


def test_a_refusal_changes_nothing():
    in_namespace(
        """
        async def main():
            kernel = iptables.Iptables()
            good = render([port(1, "10.0.0.1")])
            await kernel.apply_rules(good)
            before = save()
            bad = render([port(1, "10.0.0.1"), port(2, "not-an-address")])
            try:
                await kernel.apply_rules(bad)
            except iptables.IptablesError as error:
                assert "iptables-restore" in str(error)
            else:
                raise SystemExit("accepted")
            assert save() == before
            assert kernel.applied is good
        asyncio.run(main())
        """
    )
