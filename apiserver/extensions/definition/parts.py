"""The parts of a definition that are checked by themselves: names, conversion, columns, subresources, fields.

Mirrors the smaller functions of apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go and
apiserver/pkg/util/webhook/validation.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.definition import facts
from minik8s.apiserver.validation import names

Json = dict[str, Any]
Errors = list[FieldError]
COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
MAX_SELECTABLE_FIELDS = 8
REVIEW_VERSIONS = ("v1", "v1beta1")


def check_names(errors: Errors, given: Json, path: str) -> None:
    """ValidateCustomResourceDefinitionNames; absent names are the caller's."""
    for key in ("plural", "singular", "kind", "listKind"):
        value = given.get(key) or ""
        messages = names.dns1035_label(value.lower() if key.endswith(("kind", "Kind")) else value) if value else ()
        if messages:
            mixed = "may have mixed case, but should otherwise match: " if key.endswith(("kind", "Kind")) else ""
            errors.append(FieldError.invalid(f"{path}.{key}", value, mixed + ",".join(messages)))
    for key in ("shortNames", "categories"):
        for index, value in enumerate(given.get(key) or ()):
            if messages := names.dns1035_label(value):
                errors.append(FieldError.invalid(f"{path}.{key}[{index}]", value, ",".join(messages)))
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        text = "kind and listKind may not be the same"
        errors.append(FieldError.invalid(f"{path}.listKind", given["listKind"], text))


def check_deprecation(errors: Errors, version: Json, path: str) -> None:
    """A warning is short, printable, and for deprecated versions only."""
    text, where = version.get("deprecationWarning"), f"{path}.deprecationWarning"
    if text is None:
        return
    if not version.get("deprecated"):
        errors.append(FieldError.invalid(where, text, "can only be set for deprecated versions"))
        return
    if len(text.encode()) > 256:
        errors.append(FieldError.invalid(where, text, "must be <= 256 characters long"))
    if not text:
        errors.append(FieldError.invalid(where, text, "must not be an empty string"))
    for index, char in enumerate(text):
        if not char.isprintable():
            why = f"must only contain printable UTF-8 characters; non-printable character found at index {index}"
            errors.append(FieldError.invalid(where, text, why))
            break


# -- conversion ------------------------------------------------------------------------------------------------------


def check_conversion(errors: Errors, conversion: Json | None, path: str) -> None:
    """Strategy None, or Webhook with a client configuration."""
    if not conversion:
        return
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook") or {}
    if not strategy:
        errors.append(FieldError.required(f"{path}.strategy"))
    elif strategy not in ("None", "Webhook"):
        errors.append(FieldError.not_supported(f"{path}.strategy", strategy, ["None", "Webhook"]))
    client, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    client_path, reviews_path = f"{path}.webhookClientConfig", f"{path}.conversionReviewVersions"
    if strategy == "Webhook":
        if client is None:
            errors.append(FieldError.required(client_path, "required when strategy is set to Webhook"))
        else:
            check_client(errors, client, client_path)
        _check_review_versions(errors, reviews, reviews_path)
        return
    text = "should not be set when strategy is not set to Webhook"
    if client is not None:
        errors.append(FieldError.forbidden(client_path, text))
    if reviews:
        errors.append(FieldError.forbidden(reviews_path, text))


def _check_review_versions(errors: Errors, given: list[str], path: str) -> None:
    if not given:
        errors.append(FieldError.required(path))
        return
    for index, version in enumerate(given):
        if version in given[:index]:
            errors.append(FieldError.invalid(f"{path}[{index}]", version, "duplicate version"))
        for message in names.dns1035_label(version):
            errors.append(FieldError.invalid(f"{path}[{index}]", version, message))
    if not set(given) & set(REVIEW_VERSIONS):
        text = f"must include at least one of {', '.join(REVIEW_VERSIONS)}"
        errors.append(FieldError.invalid(path, given, text))


def check_client(errors: Errors, client: Json, path: str) -> None:
    """A webhook's address: a URL or a Service."""
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        errors.append(FieldError.required(path, "exactly one of url or service is required"))
    elif url is not None:
        _check_url(errors, url, f"{path}.url")
    else:
        _check_service(errors, service or {}, f"{path}.service")


def _check_url(errors: Errors, url: str, path: str) -> None:
    form = "; desired format: https://host[/path]"
    parts = urlsplit(url)
    if parts.scheme != "https":
        errors.append(FieldError.invalid(path, parts.scheme, "'https' is the only allowed URL scheme" + form))
    if not parts.netloc:
        errors.append(FieldError.invalid(path, parts.netloc, "host must be provided" + form))
    if "@" in parts.netloc:
        user = parts.netloc.rpartition("@")[0]
        errors.append(FieldError.invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errors.append(FieldError.invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errors.append(FieldError.invalid(path, parts.query, "query parameters are not permitted in the URL"))


def _check_service(errors: Errors, service: Json, path: str) -> None:
    for key in ("name", "namespace"):
        if not service.get(key):
            errors.append(FieldError.required(f"{path}.{key}", f"service {key} is required"))
    port = service.get("port", 443)
    if not 1 <= port <= 65535:
        text = "port is not valid: must be between 1 and 65535, inclusive"
        errors.append(FieldError.invalid(f"{path}.port", port, text))
    target = service.get("path")
    if not target or target == "/":
        return
    if not target.startswith("/"):
        errors.append(FieldError.invalid(f"{path}.path", target, "must start with a '/'"))
    for index, step in enumerate(target[1:].removesuffix("/").split("/")):
        if not step:
            errors.append(FieldError.invalid(f"{path}.path", target, f"segment[{index}] may not be empty"))
            continue
        for message in names.dns1123_subdomain(step):
            errors.append(FieldError.invalid(f"{path}.path", target, f"segment[{index}]: {message}"))


# -- parts of a version that may be common to all ---------------------------------------------------------------------


def check_columns(errors: Errors, version: Json, path: str) -> None:
    """Every printer column has a name, a type and a path."""
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        where = f"{path}[{index}]"
        if not column.get("name"):
            errors.append(FieldError.required(f"{where}.name"))
        kind, form, target = column.get("type"), column.get("format"), column.get("jsonPath")
        text = f"must be one of {','.join(COLUMN_TYPES)}"
        if not kind:
            errors.append(FieldError.required(f"{where}.type", text))
        elif kind not in COLUMN_TYPES:
            errors.append(FieldError.invalid(f"{where}.type", kind, text))
        if form and form not in COLUMN_FORMATS:
            text = f"must be one of {','.join(COLUMN_FORMATS)}"
            errors.append(FieldError.invalid(f"{where}.format", form, text))
        if not target:
            errors.append(FieldError.required(f"{where}.JSONPath"))
        else:
            _check_path(errors, target, f"{where}.JSONPath")


def _check_path(errors: Errors, target: str, path: str) -> bool:
    if target.startswith("."):
        return True
    errors.append(FieldError.invalid(path, target, "must be a simple json path starting with ."))
    return False


def check_subresources(errors: Errors, version: Json, path: str) -> None:
    """scale's paths lie below spec and status."""
    scale = (version.get("subresources") or {}).get("scale")
    if scale is None:
        return
    for key, root in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        target, where = scale.get(key) or "", f"{path}.scale.{key}"
        if not target:
            errors.append(FieldError.required(where))
        elif _check_path(errors, target, where) and not target.startswith(root + "."):
            errors.append(FieldError.invalid(where, target, f"should be a json path under {root}"))
    target, where = scale.get("labelSelectorPath"), f"{path}.scale.labelSelectorPath"
    if target and _check_path(errors, target, where) and not target.startswith((".spec.", ".status.")):
        errors.append(FieldError.invalid(where, target, "should be a json path under either .spec or .status"))


def check_selectable_fields(errors: Errors, version: Json, path: str) -> None:
    """Fields to select by are scalars of the schema, outside of metadata and lists."""
    given = version.get("selectableFields") or []
    if len(given) > MAX_SELECTABLE_FIELDS:
        errors.append(FieldError.too_many(path, len(given), MAX_SELECTABLE_FIELDS))
    seen: set[str] = set()
    for index, one in enumerate(given):
        target, where = one.get("jsonPath") or "", f"{path}[{index}].jsonPath"
        if not target:
            errors.append(FieldError.required(where))
            continue
        if target in seen:
            errors.append(FieldError.duplicate(where, target))
        seen.add(target)
        problem = _selectable_problem(facts.schema_of(version) or {}, target)
        if problem:
            errors.append(FieldError.invalid(where, target, problem))


def _selectable_problem(schema: Json, target: str) -> str:
    if not target.startswith(".") or "[" in target:
        return "is an invalid path: must be a simple json path starting with . and without array indices"
    steps = target[1:].split(".")
    if steps[0] == "metadata":
        return "must not point to fields in metadata"
    node: Json | None = schema
    for step in steps:
        node = (node or {}).get("properties", {}).get(step)
    if node is None:
        return f"is an invalid path: does not refer to a valid field (no field {target})"
    if node.get("type") not in ("string", "boolean", "integer"):
        return (
            "must point to a field of type string, boolean or integer. "
            "Enum string fields and strings with formats are allowed."
        )
    return ""


def _nothing(errors: Errors, version: Json, path: str) -> None:
    """The schema is the caller's."""


#: Field of a version → its name in the internal spec, where it is common to all versions; its check.
HOISTED: dict[str, tuple[str, Callable[[Errors, Json, str], None]]] = {
    "schema": ("validation", _nothing),
    "subresources": ("subresources", check_subresources),
    "additionalPrinterColumns": ("additionalPrinterColumns", check_columns),
    "selectableFields": ("selectableFields", check_selectable_fields),
}
