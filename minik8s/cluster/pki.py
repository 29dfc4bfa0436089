"""The cluster's certificates: one CA, a certificate an identity, and the key that signs service account tokens.

Mirrors kubeadm's ``cmd/kubeadm/app/phases/certs`` (identities, subject names, usages). Leaves out rotation and
separate CAs for etcd and the front proxy: one machine, one trust root.

Invariants: private keys are written with mode 0600; an existing file is never replaced, except that a serving
certificate is made anew when the names it must carry change.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from minik8s.cluster.config import ClusterConfig, write_atomic

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

#: kubeadm's CA lifetime; leaf certificates get the same, since nothing here rotates them.
LIFETIME = datetime.timedelta(days=3650)


@dataclass(frozen=True)
class Identity:
    """Who a certificate speaks for: file stem, common name, organisation, and the names it serves under."""

    stem: str
    common_name: str
    organization: str = ""
    names: tuple[str, ...] = field(default=())


def identities(config: ClusterConfig) -> list[Identity]:
    """Every leaf certificate the cluster needs; pure."""
    service_ip = str(next(ipaddress.ip_network(config.service_cidr).hosts()))
    local = ("127.0.0.1", "localhost", socket.gethostname(), config.advertise_address)
    domain = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
    result = [
        Identity("apiserver", "kube-apiserver", names=(*local, service_ip, *domain)),
        Identity("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
        Identity("front-proxy-client", "front-proxy-client"),
        Identity("admin", "kubernetes-admin", "system:masters"),
        Identity("scheduler", "system:kube-scheduler"),
        Identity("controller-manager", "system:kube-controller-manager"),
        Identity("proxy", "system:kube-proxy"),
        Identity("dns", "system:kube-dns"),
    ]
    if "metrics" in config.addons:
        served = ("metrics-server.kube-system.svc", "metrics-server.kube-system.svc.cluster.local")
        result.append(Identity("metrics-server", "system:metrics-server", names=served))
    for name in kubelet_identities(config):
        result.append(Identity(f"kubelet-{name}", f"system:node:{name}", "system:nodes", (*local, name)))
    return result


def kubelet_identities(config: ClusterConfig) -> list[str]:
    """Node names that have a certificate: all of them, or one for the process that simulates them all."""
    return ["fake-nodes"] if config.runtime == "fake" else config.node_names()


def ensure(config: ClusterConfig) -> None:
    """Write whatever certificate, key and kubeconfig is not there yet. A warm start finds all and imports nothing."""
    wanted = identities(config)
    stamp = config.pki / "identities.json"
    record = json.dumps([[i.stem, i.common_name, i.organization, list(i.names)] for i in wanted]).encode()
    if not (stamp.exists() and stamp.read_bytes() == record):
        _issue(config.pki, wanted)
        write_atomic(stamp, record)
    write_kubeconfigs(config)


def write_kubeconfigs(config: ClusterConfig) -> None:
    """``DIR/admin.kubeconfig`` for people and one under ``pki/`` for each component."""
    for identity in identities(config):
        if identity.stem.startswith(("apiserver", "front-proxy")):
            continue
        path = config.admin_kubeconfig if identity.stem == "admin" else config.pki / f"{identity.stem}.kubeconfig"
        body = render_kubeconfig(config.server_url, config.pki, identity.stem)
        if not path.exists() or path.read_bytes() != body:
            write_atomic(path, body, mode=0o600)


def render_kubeconfig(server: str, pki: Path, stem: str) -> bytes:
    """A kubeconfig with everything inside it, so that the file can be copied away. JSON is YAML; pure but for reads."""
    user = "kubernetes-admin" if stem == "admin" else stem
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "minik8s",
                    "cluster": {"server": server, "certificate-authority-data": _base64(pki / "ca.crt")},
                }
            ],
            "users": [
                {
                    "name": user,
                    "user": {
                        "client-certificate-data": _base64(pki / f"{stem}.crt"),
                        "client-key-data": _base64(pki / f"{stem}.key"),
                    },
                }
            ],
            "contexts": [{"name": "minik8s", "context": {"cluster": "minik8s", "user": user}}],
            "current-context": "minik8s",
        },
        indent=1,
    ).encode()


def _base64(path: Path) -> str:
    import base64

    return base64.b64encode(path.read_bytes()).decode()


def _issue(pki: Path, wanted: list[Identity]) -> None:
    """Make the CA and the token key once, and every leaf certificate whose subject or names are new."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if not (pki / "ca.crt").exists():
        ca_key = ec.generate_private_key(ec.SECP256R1())
        _write_key(pki / "ca.key", ca_key)
        _write_certificate(pki / "ca.crt", _build(Identity("ca", "minik8s-ca"), ca_key, ca_key, None))
    if not (pki / "sa.key").exists():
        token_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write_key(pki / "sa.key", token_key)
        write_atomic(pki / "sa.pub", _public_pem(token_key))
    ca_key, ca = _load_ca(pki)
    for identity in wanted:
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(pki / f"{identity.stem}.key", key)
        _write_certificate(pki / f"{identity.stem}.crt", _build(identity, key, ca_key, ca))


def _build(
    identity: Identity,
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate | None,
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
    if identity.organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organization))
    subject = x509.Name(attributes)
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)  # clocks of containers may lag
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(_key_usage(ca is None), critical=True)
    )
    if ca is not None:
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if identity.names:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            builder = builder.add_extension(x509.SubjectAlternativeName(_alternative_names(identity.names)), False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _key_usage(is_ca: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_names(names: tuple[str, ...]) -> list[x509.GeneralName]:
    from cryptography import x509

    result: list[x509.GeneralName] = []
    for name in dict.fromkeys(names):
        try:
            result.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            result.append(x509.DNSName(name))
    return result


def _load_ca(pki: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), password=None)
    return key, x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())  # type: ignore[return-value]


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    from cryptography.hazmat.primitives import serialization

    body = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomic(path, body, mode=0o600)


def _public_pem(key: rsa.RSAPrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    from cryptography.hazmat.primitives import serialization

    write_atomic(path, certificate.public_bytes(serialization.Encoding.PEM))
