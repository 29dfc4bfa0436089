"""Signing on request: who is refused and why, what a certificate says, when a request goes."""

import base64
import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from minik8s.api.certificates import CertificateSigningRequest as Request
from minik8s.api.meta import format_time
from minik8s.controllers.certificates import signers
from minik8s.controllers.certificates.authority import RequestError, parse_request
from minik8s.controllers.certificates.cleaner import CleanerController
from minik8s.controllers.certificates.signers import Wanted, compute_refusal
from minik8s.controllers.certificates.signing import SigningController, compute_seconds
from tests.unit.controllers.conftest import Bench

CLIENT = ["client auth", "digital signature"]


def make_pem(common: str = "jane", organization: str = "", dns: tuple[str, ...] = ()) -> bytes:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organization:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in dns]), False)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def make_request(pem: bytes, signer: str = signers.API_CLIENT, approved: bool = True, **spec: object) -> Request:
    conditions = [{"type": "Approved", "status": "True", "reason": "T"}] if approved else []
    return Request.from_dict(
        {
            "metadata": {"name": "r"},
            "spec": {"request": base64.b64encode(pem).decode(), "signerName": signer, "usages": CLIENT, **spec},
            "status": {"conditions": conditions},
        }
    )


@pytest.fixture
def ca(tmp_path: Path) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-ca")])
    now = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=36500)).sign(key, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "ca.key").write_bytes(key.private_bytes(*pem))
    return certificate


@pytest.fixture
def signing(bench: Bench, ca: x509.Certificate, tmp_path: Path) -> Bench:
    bench.context.options.cluster_signing_cert_file = str(tmp_path / "ca.crt")
    bench.context.options.cluster_signing_key_file = str(tmp_path / "ca.key")
    return bench


async def answer(bench: Bench, request: Request) -> Request:
    import asyncio

    bench.api.add(request)
    await bench.start(SigningController)
    for _ in range(100):
        await bench.rest()
        current = bench.api.get(Request, "r")
        if current.status.certificate or any(c.type == "Failed" for c in current.status.conditions):
            return current
        await asyncio.sleep(0.01)  # the signature is made in a thread, which virtual time does not move
    return bench.api.get(Request, "r")


async def test_an_approved_request_is_signed(signing: Bench, ca: x509.Certificate) -> None:
    done = await answer(signing, make_request(make_pem("jane", "dev", ("jane.example",)), expirationSeconds=700))
    certificate = x509.load_pem_x509_certificate(base64.b64decode(done.status.certificate or ""))
    certificate.verify_directly_issued_by(ca)
    assert certificate.subject.rfc4514_string() == "O=dev,CN=jane"
    assert certificate.not_valid_after_utc.timestamp() == pytest.approx(signing.clock.now() + 700, abs=30)
    extensions = certificate.extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and not usage.key_cert_sign
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["jane.example"]


async def test_what_a_signer_refuses_is_marked_failed(signing: Bench) -> None:
    done = await answer(signing, make_request(make_pem(), usages=["server auth"]))
    assert not done.status.certificate
    failed = next(one for one in done.status.conditions if one.type == "Failed")
    assert (failed.reason, failed.message) == (
        "SignerValidationFailure",
        "invalid usage for client certificate: server auth",
    )


@pytest.mark.parametrize("case", ["pending", "somebody else's", "denied"])
async def test_what_is_not_due_is_left_alone(signing: Bench, case: str) -> None:
    request = make_request(make_pem(), approved=case != "pending")
    if case == "somebody else's":
        request.spec.signer_name = "example.com/signer"
    if case == "denied":
        request.status.conditions[0].type = "Denied"
    signing.api.add(request)
    before = signing.api.get(Request, "r").to_dict()
    await signing.start(SigningController)
    await signing.rest(5)
    assert signing.api.get(Request, "r").to_dict() == before


def test_a_broken_request_is_an_error() -> None:
    with pytest.raises(RequestError):
        parse_request(b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", [])


NODE = Wanted("system:node:n", ("system:nodes",), usages=signers.CLIENT_USAGES)
SERVING = Wanted("system:node:n", ("system:nodes",), dns=("n",), usages=signers.SERVING_USAGES)


@pytest.mark.parametrize(
    ("signer", "wanted", "refusal"),
    [
        (signers.API_CLIENT, Wanted(usages=("client auth",)), ""),
        (
            signers.API_CLIENT,
            Wanted(usages=("digital signature",)),
            "missing required usage for client certificate: client auth",
        ),
        (signers.KUBELET_CLIENT, NODE, ""),
        (signers.KUBELET_CLIENT, Wanted("system:node:n"), "subject organization is not system:nodes"),
        (signers.KUBELET_CLIENT, SERVING, "DNS subjectAltNames are not allowed"),
        (
            signers.KUBELET_CLIENT,
            Wanted("n", ("system:nodes",), usages=signers.CLIENT_USAGES),
            "subject common name does not begin with system:node:",
        ),
        (signers.KUBELET_SERVING, SERVING, ""),
        (signers.KUBELET_SERVING, NODE, "DNS or IP subjectAltName is required"),
        (
            signers.KUBELET_SERVING,
            Wanted("system:node:n", ("system:nodes",), dns=("n",), usages=("server auth",)),
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (signers.LEGACY, Wanted(usages=("any",)), ""),
    ],
)
def test_each_signer_has_its_rules(signer: str, wanted: Wanted, refusal: str) -> None:
    assert compute_refusal(signer, wanted) == refusal


def test_lifetimes_are_bounded() -> None:
    assert compute_seconds(None, 1000) == 1000
    assert compute_seconds(5, 1000) == 600
    assert compute_seconds(5000, 1000) == 1000


async def test_requests_go_after_their_time(bench: Bench) -> None:
    pending = make_request(make_pem(), approved=False)
    pending.metadata.creation_timestamp = format_time(bench.clock.now())
    denied = make_request(make_pem())
    denied.metadata.name = "denied"
    denied.status.conditions[0].type = "Denied"
    denied.status.conditions[0].last_update_time = format_time(bench.clock.now())
    bench.api.add(pending)
    bench.api.add(denied)
    await bench.start(CleanerController)
    await bench.rest("59m")
    assert len(bench.api.objects(Request)) == 2
    await bench.rest("2m")
    assert [one.metadata.name for one in bench.api.objects(Request)] == ["r"]
    await bench.rest("24h")
    assert bench.api.objects(Request) == []
