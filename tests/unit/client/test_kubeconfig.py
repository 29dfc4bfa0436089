"""Kubeconfig files, and the service account inside a pod."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from minik8s.client.kubeconfig import ConfigError, in_cluster_config, load_kubeconfig

CONFIG = """
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: c, user: u, namespace: team}}
- {name: two, context: {cluster: c}}
- {name: broken, context: {cluster: gone}}
clusters:
- {name: c, cluster: {server: "https://127.0.0.1:6443/", certificate-authority: ca.crt}}
users:
- {name: u, user: {client-certificate-data: %s, tokenFile: token}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "ca.crt").write_bytes(b"CA")
    path = tmp_path / "config"
    path.write_text(CONFIG % base64.b64encode(b"CERT").decode())
    return path


def test_the_current_context(file: Path) -> None:
    config = load_kubeconfig(file)
    assert config.server == "https://127.0.0.1:6443"
    assert (config.ca_data, config.cert_data, config.namespace) == (b"CA", b"CERT", "team")
    assert config.token_file == str(file.parent / "token")


def test_a_named_context(file: Path) -> None:
    config = load_kubeconfig(file, "two")
    assert (config.cert_data, config.namespace) == (b"", "default")


@pytest.mark.parametrize(("context", "message"), [("none", "no context named 'none'"), ("broken", "no cluster named")])
def test_what_is_missing_is_named(file: Path, context: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_kubeconfig(file, context)


def test_no_file() -> None:
    with pytest.raises(ConfigError, match="cannot read kubeconfig /nowhere"):
        load_kubeconfig("/nowhere")


def test_secrets_stay_out_of_the_repr(file: Path) -> None:
    assert "CERT" not in repr(load_kubeconfig(file))


def test_in_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.crt").write_bytes(b"CA")
    (tmp_path / "namespace").write_text("team\n")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    config = in_cluster_config(tmp_path)
    assert (config.server, config.namespace) == ("https://[fd00::1]:443", "team")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(ConfigError, match="not in a cluster"):
        in_cluster_config(tmp_path)
