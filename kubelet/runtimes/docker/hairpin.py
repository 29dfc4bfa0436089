"""A pod that reaches itself through its own service: its frames must go back out of the bridge port they came from.

Mirrors dockershim's ``--hairpin-mode=hairpin-veth`` and CNI bridge's ``hairpinMode``. Where the kernel passes bridged
frames to iptables (``bridge-nf-call-iptables``), a service's address is translated while the frame is still inside the
bridge, and a bridge never sends a frame back out of its port unless that port's hairpin mode is on.

Invariant: never fails a pod. Without root, or with an engine on another machine, hairpin stays off.
"""

from __future__ import annotations

import socket
from pathlib import Path

from minik8s.client.log import get_logger

log = get_logger(__name__)


def allow_hairpin(pid: int) -> bool:
    """Turn it on for the port of the pod whose sandbox's process is ``pid``; whether it is on now."""
    try:
        # the sysfs that a container has mounted is its network namespace's
        peer = int(Path(f"/proc/{pid}/root/sys/class/net/eth0/iflink").read_text())
        Path(f"/sys/class/net/{socket.if_indextoname(peer)}/brport/hairpin_mode").write_text("1")
    except (OSError, ValueError) as error:
        log.debug("no hairpin mode", pid=pid, error=str(error))
        return False
    return True
