"""How to reach an API server: kubeconfig files and the service account files inside a pod.

Mirrors client-go tools/clientcmd and rest.InClusterConfig. Left out: exec and auth-provider plugins, proxies, merging
of several files, basic authentication (upstream dropped it as well).
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ConfigError(Exception):
    """The configuration cannot be used; the message says which file and what."""


@dataclass(slots=True)
class ClientConfig:
    """Server address and credentials: PEM contents, never paths, but for `token_file`, which is read again."""

    server: str
    ca_data: bytes = b""
    cert_data: bytes = field(default=b"", repr=False)
    key_data: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    token_file: str = ""
    insecure: bool = False
    tls_server_name: str = ""
    namespace: str = "default"

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS side of a connection; None for http://."""
        if not self.server.startswith("https://"):
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca_data:
            context.load_verify_locations(cadata=self.ca_data.decode("ascii", "ignore"))
        else:
            context.load_default_certs()
        if self.cert_data:
            _load_pair(context, self.cert_data, self.key_data)
        return context


def _load_pair(context: ssl.SSLContext, cert: bytes, key: bytes) -> None:
    """OpenSSL reads pairs from files only: a private one, for as long as that takes."""
    with tempfile.NamedTemporaryFile(prefix="minik8s-client-") as pair:
        pair.write(cert.rstrip() + b"\n" + key)
        pair.flush()
        context.load_cert_chain(pair.name)


def load_kubeconfig(path: str | os.PathLike[str], context: str | None = None) -> ClientConfig:
    """One context (the current one by default) of a kubeconfig file."""
    file = Path(path)
    try:
        document = _parse(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read kubeconfig {file}: {error.strerror}") from error
    chosen = context or document.get("current-context") or ""
    entry = _named(document, "contexts", chosen, "context", file)
    cluster = _named(document, "clusters", entry.get("cluster", ""), "cluster", file)
    user = _named(document, "users", entry["user"], "user", file) if entry.get("user") else {}
    server = str(cluster.get("server", "")).rstrip("/")
    if not server:
        raise ConfigError(f"{file}: cluster {entry.get('cluster')!r} has no server")
    return ClientConfig(
        server=server,
        ca_data=_contents(cluster, "certificate-authority", file),
        cert_data=_contents(user, "client-certificate", file),
        key_data=_contents(user, "client-key", file),
        token=str(user.get("token", "")),
        token_file=_relative(user.get("tokenFile", ""), file),
        insecure=bool(cluster.get("insecure-skip-tls-verify", False)),
        tls_server_name=str(cluster.get("tls-server-name", "")),
        namespace=str(entry.get("namespace") or "default"),
    )


def in_cluster_config(directory: Path = SERVICE_ACCOUNT) -> ClientConfig:
    """The configuration that every pod finds in its environment and its service account volume."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise ConfigError("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
    namespace = directory / "namespace"
    return ClientConfig(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        ca_data=(directory / "ca.crt").read_bytes(),
        token_file=str(directory / "token"),
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
    )


def load_config(kubeconfig: str = "", context: str | None = None) -> ClientConfig:
    """`--kubeconfig`, else $KUBECONFIG, else the cluster this runs in."""
    path = kubeconfig or os.environ.get("KUBECONFIG", "")
    return load_kubeconfig(path, context) if path else in_cluster_config()


def _parse(raw: bytes) -> dict[str, Any]:
    if raw.lstrip().startswith(b"{"):
        import orjson

        loaded = orjson.loads(raw)
    else:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        loaded = yaml.load(raw, Loader=loader)
    return loaded if isinstance(loaded, dict) else {}


def _named(document: dict[str, Any], section: str, name: str, key: str, file: Path) -> dict[str, Any]:
    for entry in document.get(section) or []:
        if entry.get("name") == name:
            return entry.get(key) or {}
    raise ConfigError(f"{file}: no {key} named {name!r}")


def _contents(entry: dict[str, Any], key: str, file: Path) -> bytes:
    if entry.get(f"{key}-data"):
        return base64.b64decode(entry[f"{key}-data"])
    if entry.get(key):
        return Path(_relative(entry[key], file)).read_bytes()
    return b""


def _relative(path: str, file: Path) -> str:
    """Paths in a kubeconfig are relative to the file they stand in."""
    return str(file.parent / path) if path else ""
