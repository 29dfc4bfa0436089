"""Environment variables and their sources (ValidateEnv, ValidateEnvFrom, field and resource selectors)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.meta import Errors, add_invalid

Json = dict[str, Any]

ENV_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_RESOURCE_FIELDS = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
)  # fmt: skip
#: What the downward API can name at all (ConvertDownwardAPIFieldLabel).
_KNOWN_FIELDS = frozenset(ENV_FIELDS) | {
    "metadata.annotations",
    "metadata.labels",
    "spec.restartPolicy",
    "spec.schedulerName",
    "status.phase",
}
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_subscript_re = re.compile(r"(.+)\['(.*)'\]")


def check_env(errors: Errors, variables: list[Json], path: str) -> None:
    for index, variable in enumerate(variables):
        name = variable.get("name")
        if not name:
            errors.append(FieldError.required(f"{path}[{index}].name", ""))
        else:
            messages = names.env_var_name(name)
            if messages:
                add_invalid(errors, f"{path}[{index}].name", name, messages)
        source = variable.get("valueFrom")
        if source is not None:
            _check_source(errors, variable, source, f"{path}[{index}].valueFrom")


def _check_source(errors: Errors, variable: Json, source: Json, path: str) -> None:
    count = 0
    if source.get("fieldRef") is not None:
        count += 1
        check_field_ref(errors, source["fieldRef"], ENV_FIELDS, f"{path}.fieldRef")
    if source.get("resourceFieldRef") is not None:
        count += 1
        check_resource_field_ref(errors, source["resourceFieldRef"], f"{path}.resourceFieldRef", volume=False)
    for key in ("configMapKeyRef", "secretKeyRef"):
        if source.get(key) is not None:
            count += 1
            _check_key_ref(errors, source[key], f"{path}.{key}")
    if count == 0:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        errors.append(FieldError.invalid(path, "", text))
    elif variable.get("value"):
        errors.append(FieldError.invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(FieldError.invalid(path, "", "may not have more than one field specified at a time"))


def _check_key_ref(errors: Errors, reference: Json, path: str) -> None:
    if not reference.get("name"):
        errors.append(FieldError.required(f"{path}.name", ""))
    else:
        add_invalid(errors, f"{path}.name", reference["name"], names.dns1123_subdomain(reference["name"]))
    if not reference.get("key"):
        errors.append(FieldError.required(f"{path}.key", ""))
    else:
        add_invalid(errors, f"{path}.key", reference["key"], names.config_map_key(reference["key"]))


def check_env_from(errors: Errors, sources: list[Json], path: str) -> None:
    for index, source in enumerate(sources):
        here = f"{path}[{index}]"
        if source.get("prefix"):
            add_invalid(errors, f"{here}.prefix", source["prefix"], names.env_var_name(source["prefix"]))
        given = [key for key in ("configMapRef", "secretRef") if source.get(key) is not None]
        for key in given:
            name = source[key].get("name")
            if not name:
                errors.append(FieldError.required(f"{here}.{key}.name", ""))
            else:
                add_invalid(errors, f"{here}.{key}.name", name, names.dns1123_subdomain(name))
        if not given:
            errors.append(FieldError.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            errors.append(FieldError.invalid(path, "", "may not have more than one field specified at a time"))


def check_field_ref(errors: Errors, reference: Json, allowed: Sequence[str], path: str) -> None:
    """validateObjectFieldSelector: a plain field of `allowed`, or one label or annotation."""
    field = reference.get("fieldPath")
    if not reference.get("apiVersion"):
        errors.append(FieldError.required(f"{path}.apiVersion", ""))
        return
    if not field:
        errors.append(FieldError.required(f"{path}.fieldPath", ""))
        return
    match = _subscript_re.fullmatch(field)
    name = match[1] if match else field
    if reference["apiVersion"] != "v1":
        text = f"error converting fieldPath: unsupported pod version: {reference['apiVersion']}"
        errors.append(FieldError.invalid(f"{path}.fieldPath", field, text))
    elif name not in _KNOWN_FIELDS:
        text = f"error converting fieldPath: field label not supported: {field}"
        errors.append(FieldError.invalid(f"{path}.fieldPath", field, text))
    elif match:
        if name == "metadata.annotations":
            add_invalid(errors, path, match[2], names.qualified_name(match[2].lower()))
        elif name == "metadata.labels":
            add_invalid(errors, path, match[2], names.qualified_name(match[2]))
        else:
            errors.append(FieldError.invalid(path, name, "does not support subscript"))
    elif field not in allowed:
        errors.append(FieldError.not_supported(f"{path}.fieldPath", field, list(allowed)))


def check_resource_field_ref(errors: Errors, reference: Json, path: str, volume: bool) -> None:
    """validateContainerResourceFieldSelector."""
    resource, divisor = reference.get("resource") or "", reference.get("divisor") or "0"
    hugepages = resource.startswith(("limits.hugepages-", "requests.hugepages-"))
    if volume and not reference.get("containerName"):
        errors.append(FieldError.required(f"{path}.containerName", ""))
    elif not resource:
        errors.append(FieldError.required(f"{path}.resource", ""))
    elif resource not in _RESOURCE_FIELDS and not hugepages:
        errors.append(FieldError.not_supported(f"{path}.resource", resource, list(_RESOURCE_FIELDS)))
    if divisor == "0":
        return
    if resource.endswith(".cpu"):
        if divisor not in ("1m", "1"):
            text = "only divisor's values 1m and 1 are supported with the cpu resource"
            errors.append(FieldError.invalid(f"{path}.divisor", resource, text))
    elif divisor not in _BYTE_DIVISORS:
        what = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(
            resource.partition(".")[2], "hugepages"
        )
        text = f"only divisor's values {', '.join(_BYTE_DIVISORS)} are supported with the {what} resource"
        errors.append(FieldError.invalid(f"{path}.divisor", resource, text))
