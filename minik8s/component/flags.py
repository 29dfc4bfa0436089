"""Flags as upstream's components spell them: `--leader-elect=false`, `--leader-elect-lease-duration=15s`, `--v 2`."""

from __future__ import annotations

import argparse
import re
import socket
import uuid

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001, "ns": 0.000000001}


def parse_bool(text: str) -> bool:
    """Go's strconv.ParseBool."""
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise argparse.ArgumentTypeError(f"invalid boolean value {text!r}")


def parse_duration(text: str) -> float:
    """Go's time.ParseDuration, in seconds: `1h15m30.5s`."""
    if text == "0":
        return 0.0
    parts = re.findall(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|us|ns|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"invalid duration {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def add_bool(parser: argparse.ArgumentParser, flag: str, default: bool, help: str) -> None:
    """A flag that is given as `--x`, `--x=true` or `--x=false`."""
    parser.add_argument(flag, type=parse_bool, nargs="?", const=True, default=default, help=help)


def add_duration(parser: argparse.ArgumentParser, flag: str, default: float, help: str) -> None:
    parser.add_argument(flag, type=parse_duration, default=default, metavar="DURATION", help=help)


def add_common(parser: argparse.ArgumentParser) -> None:
    """`--kubeconfig`, `--master`, `--v`."""
    parser.add_argument("--kubeconfig", default="", metavar="FILE", help="how to reach the API server, and as whom")
    parser.add_argument("-v", "--v", type=int, default=0, metavar="LEVEL", help="log verbosity; from 2 on, debug lines")


def add_leader_election(parser: argparse.ArgumentParser, lease: str, default: bool = True) -> None:
    """`--leader-elect` and its settings."""
    add_bool(parser, "--leader-elect", default, "wait for leadership before working")
    add_duration(parser, "--leader-elect-lease-duration", 15.0, "how long others wait for a leader that is silent")
    add_duration(parser, "--leader-elect-renew-deadline", 10.0, "how long a leader tries to renew before it gives up")
    add_duration(parser, "--leader-elect-retry-period", 2.0, "time between tries")
    parser.add_argument("--leader-elect-resource-name", default=lease, help="name of the Lease")
    parser.add_argument("--leader-elect-resource-namespace", default="kube-system", help="namespace of the Lease")


def identity() -> str:
    """Who we are in an election: host and something unique, since two may run on one host."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"
