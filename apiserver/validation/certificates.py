"""CertificateSigningRequests (`pkg/apis/certificates/validation/validation.go`).

The PEM block is looked at, not parsed: parsing needs the cryptography package, which signers load, the server does not.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import Errors, add_invalid, check_object_meta, check_object_meta_update

Json = dict[str, Any]

_USAGES = frozenset(
    {
        "signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment",
        "cert sign", "crl sign", "encipher only", "decipher only", "any", "server auth", "client auth", "code signing",
        "email protection", "s/mime", "ipsec end system", "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing",
        "microsoft sgc", "netscape sgc",
    }
)  # fmt: skip


def _pem_problem(encoded: str) -> str:
    try:
        text = base64.b64decode(encoded or "", validate=True)
    except binascii.Error:
        return "PEM block type must be CERTIFICATE REQUEST"
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in text or b"-----END CERTIFICATE REQUEST-----" not in text:
        return "PEM block type must be CERTIFICATE REQUEST"
    return ""


def validate_csr(obj: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, obj, False, names.path_segment)
    spec = obj.get("spec") or {}
    problem = _pem_problem(spec.get("request") or "")
    if problem:
        errors.append(FieldError.invalid("spec.request", spec.get("request") or "", problem))
    usages = spec.get("usages") or []
    if not usages:
        errors.append(FieldError.required("spec.usages", ""))
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            errors.append(FieldError.not_supported(f"spec.usages[{index}]", usage, sorted(_USAGES)))
        if usage in usages[:index]:
            errors.append(FieldError.duplicate(f"spec.usages[{index}]", usage))
    _check_signer(errors, spec.get("signerName") or "")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < 600:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(FieldError.invalid("spec.expirationSeconds", seconds, text))
    return errors


def _check_signer(errors: Errors, name: str) -> None:
    path = "spec.signerName"
    if not name:
        errors.append(FieldError.required(path, ""))
        return
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest or not rest:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        errors.append(FieldError.invalid(path, name, text))
        return
    add_invalid(errors, path, domain, names.dns1123_subdomain(domain))
    if "." not in domain:
        text = "should be a domain with at least two segments separated by dots"
        errors.append(FieldError.invalid(path, domain, text))
    add_invalid(errors, path, rest, names.dns1123_subdomain(rest))


def validate_csr_update(new: Json, old: Json) -> list[FieldError]:
    """A decision, once made, stays; a certificate, once issued, is not replaced."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    status, before = new.get("status") or {}, old.get("status") or {}
    kinds = {condition.get("type") for condition in status.get("conditions") or ()}
    for condition in before.get("conditions") or ():
        if condition.get("type") in ("Approved", "Denied", "Failed") and condition["type"] not in kinds:
            text = f'updates may not remove a condition of type "{condition["type"]}"'
            errors.append(FieldError.forbidden("status.conditions", text))
    if {"Approved", "Denied"} <= kinds:
        text = "Approved and Denied conditions are mutually exclusive"
        errors.append(FieldError.invalid("status.conditions", "", text))
    if before.get("certificate") and status.get("certificate") != before["certificate"]:
        errors.append(FieldError.forbidden("status.certificate", "updates may not modify certificate content once set"))
    return errors


CSR = Validator(validate_csr, validate_csr_update, validate_csr_update)
