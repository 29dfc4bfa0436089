"""The README's first command, with Docker and with no engine."""

from __future__ import annotations

import re

import pytest

from tests.e2e.cluster import Cluster


@pytest.mark.parametrize("runtime", ["docker", "process"])
def test_demo(runtime: str, root: None, request: pytest.FixtureRequest, tmp_path_factory) -> None:
    if runtime == "docker":
        request.getfixturevalue("docker")
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        output = cluster.minik8s("demo", "--runtime", runtime).stdout
        answered, failed = map(int, re.search(r"(\d+) requests answered meanwhile, (\d+) failed", output).groups())
        assert answered > 10 and failed <= answered / 10, output
        assert len(re.findall(r"^ {4}web-\S+ +\d+ answers$", output, re.M)) == 3, output
        assert "kubectl get pods" in output, "the next commands are printed"
        assert all(component["ready"] for component in cluster.status().values()), "left running"
    finally:
        cluster.down()
