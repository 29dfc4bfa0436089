"""Which processes a cluster is made of, and with which flags: configuration in, command lines out; pure.

The flags are upstream's (kubeadm writes the same ones into its static pod manifests), so each line can be taken
from here and run by hand.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

from minik8s.cluster.config import ClusterConfig, ConfigError
from minik8s.cluster.pki import kubelet_identities


@dataclass(frozen=True)
class Program:
    """One supervised process: its name, command line, and where its health is asked.

    ``health_url`` answers 200 once the process does its work; ``priority`` orders starts (low first) and stops.
    """

    name: str
    command: tuple[str, ...]
    health_url: str
    priority: int


def compute_programs(config: ClusterConfig) -> list[Program]:
    """Every process of the cluster in starting order."""
    programs = [_etcd(config)] if config.store == "etcd" else []
    programs += [_apiserver(config), _controller_manager(config), _scheduler(config)]
    programs += [_kubelet(config, index, name) for index, name in enumerate(kubelet_identities(config))]
    if config.proxy != "none":
        programs.append(_proxy(config))
    if config.dns:
        programs.append(_dns(config))
    if "metrics" in config.addons:
        programs.append(_metrics_server(config))
    return programs


def component_command(*arguments: str) -> tuple[str, ...]:
    """The command line that runs one of our own components under this very interpreter."""
    return (sys.executable, "-m", "minik8s", *arguments)


def _loopback(port: int) -> str:
    return f"http://127.0.0.1:{port}/readyz"


def _etcd(config: ClusterConfig) -> Program:
    binary = shutil.which("etcd")
    if binary is None:
        raise ConfigError("--store etcd: no etcd binary on PATH (Debian: apt-get install etcd-server)")
    client = f"http://127.0.0.1:{config.ports['etcd']}"
    peer = f"http://127.0.0.1:{config.ports['etcd-peer']}"
    flags = {
        "data-dir": str(config.data_dir / "etcd"),
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
    }
    return Program("etcd", (binary, *_flags(flags)), f"{client}/health", 10)


def _apiserver(config: ClusterConfig) -> Program:
    pki = config.pki
    flags = {
        "bind-address": "0.0.0.0",
        "secure-port": str(config.ports["apiserver"]),
        "advertise-address": config.advertise_address,
        "service-cluster-ip-range": config.service_cidr,
        "tls-cert-file": str(pki / "apiserver.crt"),
        "tls-private-key-file": str(pki / "apiserver.key"),
        "client-ca-file": str(pki / "ca.crt"),
        "kubelet-certificate-authority": str(pki / "ca.crt"),
        "kubelet-client-certificate": str(pki / "apiserver-kubelet-client.crt"),
        "kubelet-client-key": str(pki / "apiserver-kubelet-client.key"),
        "proxy-client-cert-file": str(pki / "front-proxy-client.crt"),
        "proxy-client-key-file": str(pki / "front-proxy-client.key"),
        "requestheader-client-ca-file": str(pki / "ca.crt"),
        "requestheader-allowed-names": "front-proxy-client",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": str(pki / "sa.pub"),
        "service-account-signing-key-file": str(pki / "sa.key"),
        "v": str(config.verbosity),
    }
    if config.store == "embedded":
        flags |= {"storage-backend": "embedded", "data-dir": str(config.data_dir / "store")}
    else:
        flags |= {"storage-backend": "etcd3", "etcd-servers": config.etcd_urls}
    return Program("apiserver", component_command("apiserver", *_flags(flags)), f"{config.server_url}/readyz", 20)


def _controller_manager(config: ClusterConfig) -> Program:
    port, pki = config.ports["controller-manager"], config.pki
    flags = {
        "kubeconfig": str(pki / "controller-manager.kubeconfig"),
        "secure-port": str(port),
        "leader-elect": "false",  # one of each on one machine: an election would only delay the start
        "service-account-private-key-file": str(pki / "sa.key"),
        "root-ca-file": str(pki / "ca.crt"),
        "cluster-signing-cert-file": str(pki / "ca.crt"),
        "cluster-signing-key-file": str(pki / "ca.key"),
        "v": str(config.verbosity),
    }
    return Program("controller-manager", component_command("controller-manager", *_flags(flags)), _loopback(port), 30)


def _scheduler(config: ClusterConfig) -> Program:
    port = config.ports["scheduler"]
    flags = {
        "kubeconfig": str(config.pki / "scheduler.kubeconfig"),
        "secure-port": str(port),
        "leader-elect": "false",
        "v": str(config.verbosity),
    }
    return Program("scheduler", component_command("scheduler", *_flags(flags)), _loopback(port), 30)


def _kubelet(config: ClusterConfig, index: int, name: str) -> Program:
    healthz, pki = config.ports[f"kubelet-{index}-healthz"], config.pki
    flags = {
        "kubeconfig": str(pki / f"kubelet-{name}.kubeconfig"),
        "container-runtime": config.runtime,
        "root-dir": str(config.data_dir / "kubelet" / name),
        "node-ip": config.advertise_address,
        "port": str(config.ports[f"kubelet-{index}"]),
        "healthz-port": str(healthz),
        "tls-cert-file": str(pki / f"kubelet-{name}.crt"),
        "tls-private-key-file": str(pki / f"kubelet-{name}.key"),
        "client-ca-file": str(pki / "ca.crt"),
        "cluster-dns": config.dns_service_ip,
        "cluster-domain": "cluster.local",
        "v": str(config.verbosity),
    }
    if config.runtime == "fake":
        flags["fake-nodes"] = str(config.nodes)
    else:
        flags["hostname-override"] = name
        flags["pod-cidr"] = f"10.244.{index}.0/24"
    if config.fake_gpus:
        flags["fake-gpus"] = str(config.fake_gpus)
    stem = "kubelet" if config.nodes == 1 or config.runtime == "fake" else f"kubelet-{name}"
    return Program(stem, component_command("kubelet", *_flags(flags)), _loopback(healthz), 40)


def _proxy(config: ClusterConfig) -> Program:
    port = config.ports["proxy"]
    flags = {
        "kubeconfig": str(config.pki / "proxy.kubeconfig"),
        "proxy-mode": config.proxy,
        "healthz-port": str(port),
        "hostname-override": config.node_names()[0],
        "v": str(config.verbosity),
    }
    return Program("proxy", component_command("proxy", *_flags(flags)), _loopback(port), 40)


def _dns(config: ClusterConfig) -> Program:
    port = config.ports["dns-healthz"]
    flags = {
        "kubeconfig": str(config.pki / "dns.kubeconfig"),
        "cluster-domain": "cluster.local",
        "cluster-ip": config.dns_service_ip,
        "bind-address": config.advertise_address,
        "port": str(config.ports["dns"]),
        "healthz-port": str(port),
        "v": str(config.verbosity),
    }
    return Program("dns", component_command("dns", *_flags(flags)), _loopback(port), 50)


def _metrics_server(config: ClusterConfig) -> Program:
    port, pki = config.ports["metrics-server-healthz"], config.pki
    flags = {
        "kubeconfig": str(pki / "metrics-server.kubeconfig"),
        "bind-address": config.advertise_address,
        "secure-port": str(config.ports["metrics-server"]),
        "tls-cert-file": str(pki / "metrics-server.crt"),
        "tls-private-key-file": str(pki / "metrics-server.key"),
        "tls-ca-file": str(pki / "ca.crt"),
        "requestheader-client-ca-file": str(pki / "ca.crt"),
        "healthz-port": str(port),
        "v": str(config.verbosity),
    }
    return Program("metrics-server", component_command("metrics-server", *_flags(flags)), _loopback(port), 50)


def _flags(flags: dict[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]
