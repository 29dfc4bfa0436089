"""What a cluster is: the choices a user made and the ports that were found free, kept in ``DIR/cluster.json``.

Mirrors kubeadm's ClusterConfiguration in spirit. Leaves out everything that spans several machines.

Invariants: a saved configuration always names every port, so that a cluster that comes up again answers where
its kubeconfig says; paths are derived from ``data_dir`` and never stored.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

STORES = ("embedded", "etcd")
RUNTIMES = ("auto", "docker", "process", "fake")
PROXIES = ("auto", "iptables", "userspace", "none")
#: DNS has a switch of its own
ADDONS = ("metrics",)

#: Upstream's well-known ports. Each kubelet after the first adds its index times ten to its two.
DEFAULT_PORTS = {
    "apiserver": 6443,
    "scheduler": 10259,
    "controller-manager": 10257,
    "kubelet": 10250,
    "kubelet-healthz": 10248,
    "proxy": 10256,
    "etcd": 2379,
    "etcd-peer": 2380,
    "dns": 10053,
    "dns-healthz": 10054,
    "metrics-server": 4443,
    "metrics-server-healthz": 10261,
}


class ConfigError(ValueError):
    """A choice that cannot be carried out; the message names the option and the reason."""


@dataclass
class ClusterConfig:
    """One cluster's configuration.

    ``store`` is ``embedded``, ``etcd`` (we start one) or ``etcd=URL[,URL]`` (somebody else's).
    ``runtime`` and ``proxy`` are never ``auto`` once saved, nor is ``dns`` None: the choice is made when the cluster
    first comes up.
    """

    data_dir: Path
    store: str = "embedded"
    runtime: str = "auto"
    proxy: str = "auto"
    dns: bool | None = None
    addons: list[str] = field(default_factory=list)
    nodes: int = 1
    fake_gpus: int = 0
    service_cidr: str = "10.96.0.0/16"
    advertise_address: str = "127.0.0.1"
    verbosity: int = 1
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where the configuration is kept."""
        return self.data_dir / "cluster.json"

    @property
    def pki(self) -> Path:
        """The certificates' folder."""
        return self.data_dir / "pki"

    @property
    def logs(self) -> Path:
        """One log file a component."""
        return self.data_dir / "logs"

    @property
    def admin_kubeconfig(self) -> Path:
        """The kubeconfig a user points kubectl at."""
        return self.data_dir / "admin.kubeconfig"

    @property
    def server_url(self) -> str:
        """The API server as this machine reaches it."""
        return f"https://127.0.0.1:{self.ports['apiserver']}"

    @property
    def dns_service_ip(self) -> str:
        """The cluster IP of DNS, kubeadm's choice: the tenth of the service range; empty without DNS."""
        return str(ipaddress.ip_network(self.service_cidr)[10]) if self.dns else ""

    @property
    def etcd_urls(self) -> str:
        """The etcd endpoints, comma-separated; empty for the embedded store."""
        if self.store.startswith("etcd="):
            return self.store.removeprefix("etcd=")
        return f"http://127.0.0.1:{self.ports['etcd']}" if self.store == "etcd" else ""

    def node_names(self) -> list[str]:
        """Names of the nodes, in order: the host's name for a single one, ``node-1`` … for several."""
        if self.nodes == 1:
            return [socket.gethostname().lower()]
        return [f"node-{i}" for i in range(1, self.nodes + 1)]

    def validate(self) -> None:
        """Raise :class:`ConfigError` naming the first option that does not hold."""
        if self.store not in STORES and not self.store.startswith("etcd="):
            raise ConfigError(f"--store {self.store}: must be embedded, etcd or etcd=URL[,URL]")
        for option, value, allowed in (("--runtime", self.runtime, RUNTIMES), ("--proxy", self.proxy, PROXIES)):
            if value not in allowed:
                raise ConfigError(f"{option} {value}: must be one of {', '.join(allowed)}")
        for name in self.addons:
            if name not in ADDONS:
                raise ConfigError(f"--addons {name}: must be of {', '.join(ADDONS)}")
        if not 1 <= self.nodes <= 5000:
            raise ConfigError(f"--nodes {self.nodes}: must be between 1 and 5000")
        if not 0 <= self.fake_gpus <= 64:
            raise ConfigError(f"--fake-gpus {self.fake_gpus}: must be between 0 and 64")

    def save(self) -> None:
        """Write the configuration, whole or not at all."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        body = {k: v for k, v in asdict(self).items() if k != "data_dir"}
        write_atomic(self.file, json.dumps(body, indent=1).encode())


def load(data_dir: Path) -> ClusterConfig | None:
    """The saved configuration of ``data_dir``, or None where no cluster was ever made."""
    file = data_dir / "cluster.json"
    if not file.exists():
        return None
    return ClusterConfig(data_dir=data_dir, **json.loads(file.read_bytes()))


def default_data_dir() -> Path:
    """``$MINIK8S_DATA_DIR``, else ``~/.minik8s``."""
    return Path(os.environ.get("MINIK8S_DATA_DIR") or Path.home() / ".minik8s").absolute()


def write_atomic(path: Path, body: bytes, mode: int = 0o644) -> None:
    """Replace ``path`` by ``body`` in one step; a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(body)
    temporary.replace(path)


def port_names(nodes: int, runtime: str, dns: bool = False, addons: Iterable[str] = ()) -> list[str]:
    """The names of the ports a cluster of so many nodes needs; simulated nodes share one kubelet process."""
    kubelets = 1 if runtime == "fake" else nodes
    names = ["apiserver", "scheduler", "controller-manager", "proxy", "etcd", "etcd-peer"]
    for index in range(kubelets):
        names += [f"kubelet-{index}", f"kubelet-{index}-healthz"]
    if dns:
        names += ["dns", "dns-healthz"]
    if "metrics" in addons:
        names += ["metrics-server", "metrics-server-healthz"]
    return names


def compute_ports(names: list[str], saved: dict[str, int], is_free: Callable[[int], bool]) -> dict[str, int]:
    """A port for every name: the saved one, else upstream's default, else the next free one above 20000.

    ``is_free`` is asked once per candidate, so the function itself opens nothing.
    """
    chosen: dict[str, int] = {}
    fallback = iter(range(20000, 32000))
    for name in names:
        candidates = [saved[name]] if name in saved else []
        candidates.append(_default_port(name))
        while True:
            port = candidates.pop(0) if candidates else next(fallback)
            if port not in chosen.values() and is_free(port):
                break
        chosen[name] = port
    return chosen


def _default_port(name: str) -> int:
    if not name.startswith("kubelet-"):
        return DEFAULT_PORTS[name]
    index, _, healthz = name.removeprefix("kubelet-").partition("-")
    return DEFAULT_PORTS["kubelet-healthz" if healthz else "kubelet"] + 10 * int(index)


def port_is_free(port: int) -> bool:
    """Whether this machine can listen on ``port`` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def find_advertise_address() -> str:
    """This machine's own address as its pods see it: that of the default route, else loopback.

    Connecting a UDP socket sends nothing; the kernel only picks the source address. 192.0.2.1 is documentation space.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
