"""Flags as upstream spells them."""

import pytest

from minik8s.controllers.manager import CONTROLLERS, UnknownController, check_names
from minik8s.controllers.options import parse_options


def enabled(text: str) -> set[str]:
    options = parse_options(["--controllers", text])
    return {entry.name for entry in CONTROLLERS if entry.enabled(options)}


def test_controllers_are_picked_by_either_name() -> None:
    everything = enabled("*")
    assert everything == {entry.name for entry in CONTROLLERS if entry.by_default}
    assert enabled("*,-podgc") == everything - {"podgc"}
    assert enabled("*,-deployment-controller") == everything - {"deployment"}
    assert enabled("deployment,replicaset-controller") == {"deployment", "replicaset"}
    assert enabled("*,-bootstrapsigner") == everything


def test_a_misspelt_controller_is_refused() -> None:
    with pytest.raises(UnknownController, match="deploymnet"):
        check_names(parse_options(["--controllers=*,-deploymnet"]))


def test_flags() -> None:
    options = parse_options(
        [
            "--kubeconfig=/k", "--leader-elect=false", "--node-monitor-grace-period=1m30s",
            "--concurrent-replicaset-syncs=9", "--use-service-account-credentials=true", "--cluster-cidr=10.0.0.0/8",
            "--feature-gates=A=true,B=false", "--v=4",
        ]
    )  # fmt: skip
    assert (options.leader_elect, options.node_monitor_grace_period, options.verbosity) == (False, 90.0, 4)
    assert (options.concurrent("replicaset", 5), options.concurrent("deployment", 5)) == (9, 5)
    assert options.feature_gates == {"A": True, "B": False}


def test_an_unknown_flag_is_an_error() -> None:
    with pytest.raises(SystemExit):
        parse_options(["--no-such-flag"])
