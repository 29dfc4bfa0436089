"""Certificates and kubeconfigs: who they speak for, and that a warm start leaves them alone."""

import base64
import json

from cryptography import x509
from cryptography.x509.oid import NameOID

from minik8s.cluster import pki
from minik8s.cluster.config import ClusterConfig, compute_ports, port_names


def make(tmp_path, **fields):
    config = ClusterConfig(data_dir=tmp_path, runtime="process", proxy="none", **fields)
    config.ports = compute_ports(port_names(config.nodes, config.runtime), {}, lambda _: True)
    pki.ensure(config)
    return config


def test_subjects_are_kubeadms(tmp_path):
    make(tmp_path, nodes=2)
    subjects = {}
    for file in (tmp_path / "pki").glob("*.crt"):
        subject = x509.load_pem_x509_certificate(file.read_bytes()).subject
        organization = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        name = subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        subjects[file.stem] = (name, organization[0].value if organization else "")
    assert subjects["admin"] == ("kubernetes-admin", "system:masters")
    assert subjects["scheduler"] == ("system:kube-scheduler", "")
    assert subjects["kubelet-node-2"] == ("system:node:node-2", "system:nodes")


def test_the_server_carries_the_first_service_address(tmp_path):
    make(tmp_path, service_cidr="10.97.0.0/24")
    certificate = x509.load_pem_x509_certificate((tmp_path / "pki" / "apiserver.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.97.0.1" in [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)


def test_keys_are_private_and_a_second_run_changes_nothing(tmp_path):
    config = make(tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "pki").iterdir()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.suffix in (".key", ".kubeconfig"))
    pki.ensure(config)
    assert {path: path.read_bytes() for path in (tmp_path / "pki").iterdir()} == files


def test_the_kubeconfig_holds_all_it_needs(tmp_path):
    config = make(tmp_path)
    body = json.loads(config.admin_kubeconfig.read_bytes())
    assert body["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    user = body["users"][0]["user"]
    assert base64.b64decode(user["client-key-data"]).startswith(b"-----BEGIN PRIVATE KEY-----")
    assert body["current-context"] == "minik8s"
