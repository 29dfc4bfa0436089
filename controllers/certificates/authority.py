"""The cluster's own certificate authority: parses requests and signs them.

Mirrors upstream's pkg/controller/certificates/authority (Sign, PermissiveSigningPolicy): the subject, the key and the
alternative names are the request's; usages and lifetime are the policy's; every other extension is left out.

Invariants: the cryptography package is loaded at the first request, not at start-up; a certificate never outlives its
authority, and never is one.
"""

import datetime
from pathlib import Path
from typing import Any

from minik8s.controllers.certificates.signers import Wanted

#: a clock that lags must not refuse a certificate made just now
BACKDATE = datetime.timedelta(minutes=5)
KEY_USAGES = {
    "signing": "digital_signature", "digital signature": "digital_signature",
    "content commitment": "content_commitment", "key encipherment": "key_encipherment",
    "key agreement": "key_agreement", "data encipherment": "data_encipherment", "cert sign": "key_cert_sign",
    "crl sign": "crl_sign", "encipher only": "encipher_only", "decipher only": "decipher_only",
}  # fmt: skip
EXTENDED_USAGES = {
    "any": "2.5.29.37.0", "server auth": "1.3.6.1.5.5.7.3.1", "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3", "email protection": "1.3.6.1.5.5.7.3.4", "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5", "ipsec tunnel": "1.3.6.1.5.5.7.3.6", "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8", "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3", "netscape sgc": "2.16.840.1.113730.4.1",
}  # fmt: skip


class RequestError(ValueError):
    """Not a certificate request, or one whose signature is not its own key's."""


def parse_request(pem: bytes, usages: list[str]) -> tuple[Any, Wanted]:
    """The request, and the facts that signers judge by."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.x509.oid import NameOID

    try:
        request = x509.load_pem_x509_csr(pem)
        signed = request.is_signature_valid
        names = _alternative_names(request)
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise RequestError(str(error)) from error
    if not signed:
        raise RequestError("the request's signature is not by its own key")
    common = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    organizations = request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return request, Wanted(
        common_name=str(common[-1].value) if common else "",
        organizations=tuple(str(one.value) for one in organizations),
        dns=tuple(names.get_values_for_type(x509.DNSName)) if names else (),
        ips=tuple(str(ip) for ip in names.get_values_for_type(x509.IPAddress)) if names else (),
        emails=tuple(names.get_values_for_type(x509.RFC822Name)) if names else (),
        uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)) if names else (),
        usages=tuple(usages),
    )


def _alternative_names(request: Any) -> Any:
    from cryptography import x509

    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


class Authority:
    """Signs with the CA in two files (--cluster-signing-cert-file, --cluster-signing-key-file), read at each use."""

    def __init__(self, cert_file: str, key_file: str) -> None:
        self._cert_file, self._key_file = cert_file, key_file

    def sign(self, request: Any, usages: list[str], seconds: float, now: float) -> bytes:
        """A certificate in PEM for `seconds` from now."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        ca = x509.load_pem_x509_certificate(Path(self._cert_file).read_bytes())
        key = serialization.load_pem_private_key(Path(self._key_file).read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        start = datetime.datetime.fromtimestamp(now, datetime.UTC)
        end = min(start + datetime.timedelta(seconds=seconds), ca.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(ca.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start - BACKDATE)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        for extension, critical in _usage_extensions(usages):
            builder = builder.add_extension(extension, critical)
        names = _alternative_names(request)
        if names is not None:
            builder = builder.add_extension(names, critical=not list(request.subject))
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _usage_extensions(usages: list[str]) -> list[tuple[Any, bool]]:
    """The usages as X.509 writes them; "encipher only" means something only beside key agreement."""
    from cryptography import x509

    found: list[tuple[Any, bool]] = []
    wanted = {KEY_USAGES[usage] for usage in usages if usage in KEY_USAGES}
    if "key_agreement" not in wanted:
        wanted -= {"encipher_only", "decipher_only"}
    if wanted:
        flags = {name: name in wanted for name in set(KEY_USAGES.values())}
        found.append((x509.KeyUsage(**flags), True))
    extended = dict.fromkeys(EXTENDED_USAGES[usage] for usage in usages if usage in EXTENDED_USAGES)
    if extended:
        found.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in extended]), False))
    return found
