"""supervisord's configuration and its log, read and written."""

import configparser
import shlex
from pathlib import Path

from minik8s.cluster.programs import Program
from minik8s.cluster.supervisor import count_restarts, render_config


def test_the_configuration_is_what_supervisord_reads():
    program = Program("kubelet", ("/opt/my python", "-m", "minik8s", "--a=100%", '--b="q"'), "http://x", 40)
    parsed = configparser.RawConfigParser()
    parsed.read_string(render_config([program], Path("/data")))
    section = parsed["program:kubelet"]
    words = shlex.split(section["command"].replace("%%", "%"))
    assert words == list(program.command)
    assert section["autorestart"] == "true" and section["priority"] == "40"
    assert parsed["unix_http_server"]["file"] == "/data/supervisor.sock"


def test_restarts_are_counted_since_the_last_start():
    log = "\n".join(
        [
            "INFO supervisord started with pid 1",
            "INFO spawned: 'proxy' with pid 2",
            "INFO spawned: 'proxy' with pid 3",
            "INFO supervisord started with pid 9",
            "INFO spawned: 'proxy' with pid 10",
            "INFO spawned: 'kubelet' with pid 11",
            "INFO spawned: 'proxy' with pid 12",
        ]
    )
    assert count_restarts(log, "proxy") == 1
    assert count_restarts(log, "kubelet") == 0
    assert count_restarts("", "proxy") == 0
