"""ConfigMaps and Secrets: keys, total size, immutability, and what each Secret type must hold."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import Validator, names
from minik8s.apiserver.validation.meta import (
    IMMUTABLE,
    Errors,
    add_invalid,
    check_object_meta,
    check_object_meta_update,
)

Json = dict[str, Any]

MAX_SIZE = 1 << 20
_FROZEN = "field is immutable when `immutable` is set"


def _check_config_map(errors: Errors, config_map: Json) -> None:
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    total = 0
    for key, value in data.items():
        add_invalid(errors, f"data[{key}]", key, names.config_map_key(key))
        if key in binary:
            errors.append(FieldError.invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        total += len(value.encode())
    for key, value in binary.items():
        add_invalid(errors, f"binaryData[{key}]", key, names.config_map_key(key))
        total += decoded_size(value)
    if total > MAX_SIZE:
        errors.append(FieldError.too_long("[]", "", MAX_SIZE))


def decoded_size(text: str) -> int:
    """Bytes behind base64 text, without decoding it."""
    return len(text) * 3 // 4 - text.count("=", -2)


def validate_config_map(config_map: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, config_map, True, names.dns1123_subdomain)
    _check_config_map(errors, config_map)
    return errors


def validate_config_map_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_frozen(errors, new, old, ("data", "binaryData"))
    _check_config_map(errors, new)
    return errors


def _check_frozen(errors: Errors, new: Json, old: Json, keys: tuple[str, ...]) -> None:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        errors.append(FieldError.forbidden("immutable", _FROZEN))
    for key in keys:
        if (new.get(key) or {}) != (old.get(key) or {}):
            errors.append(FieldError.forbidden(key, _FROZEN))


def _check_secret(errors: Errors, secret: Json) -> None:
    data = secret.get("data") or {}
    total = 0
    for key, value in data.items():
        add_invalid(errors, f"data[{key}]", key, names.config_map_key(key))
        total += decoded_size(value)
    if total > MAX_SIZE:
        errors.append(FieldError.too_long("data", "", MAX_SIZE))
    check = _SECRET_TYPES.get(secret.get("type") or "")
    if check:
        check(errors, secret, data)


def _service_account_token(errors: Errors, secret: Json, data: Json) -> None:
    path = "metadata.annotations[kubernetes.io/service-account.name]"
    if not ((secret.get("metadata") or {}).get("annotations") or {}).get("kubernetes.io/service-account.name"):
        errors.append(FieldError.required(path, ""))


def _docker_config(errors: Errors, secret: Json, data: Json) -> None:
    key = ".dockercfg" if secret["type"] == "kubernetes.io/dockercfg" else ".dockerconfigjson"
    if key not in data:
        errors.append(FieldError.required(f"data[{key}]", ""))
        return
    try:
        orjson.loads(base64.b64decode(data[key]))
    except (orjson.JSONDecodeError, binascii.Error) as error:
        errors.append(FieldError.invalid(f"data[{key}]", "<secret contents redacted>", str(error)))


def _basic_auth(errors: Errors, secret: Json, data: Json) -> None:
    if "username" not in data and "password" not in data:
        errors.append(FieldError.required("data[username]", ""))
        errors.append(FieldError.required("data[password]", ""))


def _ssh_auth(errors: Errors, secret: Json, data: Json) -> None:
    if not data.get("ssh-privatekey"):
        errors.append(FieldError.required("data[ssh-privatekey]", ""))


def _tls(errors: Errors, secret: Json, data: Json) -> None:
    for key in ("tls.crt", "tls.key"):
        if key not in data:
            errors.append(FieldError.required(f"data[{key}]", ""))


_SECRET_TYPES = {
    "kubernetes.io/service-account-token": _service_account_token,
    "kubernetes.io/dockercfg": _docker_config,
    "kubernetes.io/dockerconfigjson": _docker_config,
    "kubernetes.io/basic-auth": _basic_auth,
    "kubernetes.io/ssh-auth": _ssh_auth,
    "kubernetes.io/tls": _tls,
}


def validate_secret(secret: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta(errors, secret, True, names.dns1123_subdomain)
    _check_secret(errors, secret)
    return errors


def validate_secret_update(new: Json, old: Json) -> list[FieldError]:
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    if new.get("type") != old.get("type"):
        errors.append(FieldError.invalid("type", new.get("type"), IMMUTABLE))
    _check_frozen(errors, new, old, ("data",))
    _check_secret(errors, new)
    return errors


CONFIG_MAP = Validator(validate_config_map, validate_config_map_update)
SECRET = Validator(validate_secret, validate_secret_update)
