"""ObjectMeta, labels, annotations, owner references, finalizers and label selectors.

Mirrors `apimachinery/pkg/api/validation/objectmeta.go` and `apis/meta/v1/validation`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minik8s.api.status import FieldError
from minik8s.apiserver.validation import names

Json = dict[str, Any]
Errors = list[FieldError]
NameCheck = Callable[[str], tuple[str, ...]]

IMMUTABLE = "field is immutable"
NON_NEGATIVE = "must be greater than or equal to 0"
ANNOTATIONS_LIMIT = 256 * 1024


def check_object_meta(
    errors: Errors, obj: Json, namespaced: bool, name_check: NameCheck, path: str = "metadata"
) -> None:
    """ValidateObjectMeta: for creates, after name and namespace are filled in."""
    meta = obj.get("metadata") or {}
    prefix = meta.get("generateName")
    if prefix:
        # What is appended is always fine: the prefix is checked as if it already had its suffix.
        add_invalid(errors, f"{path}.generateName", prefix, name_check(mask_trailing_dash(prefix)))
    name = meta.get("name")
    if not name:
        errors.append(FieldError.required(f"{path}.name", "name or generateName is required"))
    else:
        add_invalid(errors, f"{path}.name", name, name_check(name))
    namespace = meta.get("namespace")
    if namespaced:
        if not namespace:
            errors.append(FieldError.required(f"{path}.namespace", ""))
        else:
            add_invalid(errors, f"{path}.namespace", namespace, names.dns1123_label(namespace))
    elif namespace:
        errors.append(FieldError.forbidden(f"{path}.namespace", "not allowed on this type"))
    if (meta.get("generation") or 0) < 0:
        errors.append(FieldError.invalid(f"{path}.generation", meta["generation"], NON_NEGATIVE))
    _check_maps(errors, meta, path)
    check_finalizers(errors, meta.get("finalizers") or (), f"{path}.finalizers")


def check_object_meta_update(errors: Errors, new: Json, old: Json, path: str = "metadata") -> None:
    """ValidateObjectMetaUpdate."""
    meta, before = new.get("metadata") or {}, old.get("metadata") or {}
    if before.get("deletionTimestamp"):
        extra = sorted(set(meta.get("finalizers") or ()) - set(before.get("finalizers") or ()))
        if extra:
            shown = "[]string{" + ", ".join(f'"{name}"' for name in extra) + "}"
            text = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
            errors.append(FieldError.forbidden(f"{path}.finalizers", text))
    if not meta.get("resourceVersion"):
        errors.append(FieldError.invalid(f"{path}.resourceVersion", "", "must be specified for an update"))
    if (meta.get("generation") or 0) < (before.get("generation") or 0):
        errors.append(FieldError.invalid(f"{path}.generation", meta.get("generation") or 0, "must not be decremented"))
    for key in _IMMUTABLE_META:
        if meta.get(key) != before.get(key):
            errors.append(FieldError.invalid(f"{path}.{key}", meta.get(key), IMMUTABLE))
    _check_maps(errors, meta, path)


_IMMUTABLE_META = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def _check_maps(errors: Errors, meta: Json, path: str) -> None:
    if meta.get("labels"):
        check_labels(errors, meta["labels"], f"{path}.labels")
    if meta.get("annotations"):
        check_annotations(errors, meta["annotations"], f"{path}.annotations")
    if meta.get("ownerReferences"):
        check_owner_references(errors, meta["ownerReferences"], f"{path}.ownerReferences")


def mask_trailing_dash(name: str) -> str:
    """A generateName may end in a dash: something follows it."""
    return name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name


def check_labels(errors: Errors, labels: dict[str, str], path: str) -> None:
    """ValidateLabels: keys are qualified names, values short words."""
    for key, value in labels.items():
        messages = names.qualified_name(key)
        if messages:
            add_invalid(errors, path, key, messages)
        messages = names.label_value(value)
        if messages:
            add_invalid(errors, path, value, messages)


def check_annotations(errors: Errors, annotations: dict[str, str], path: str) -> None:
    total = 0
    for key, value in annotations.items():
        messages = names.qualified_name(key.lower())
        if messages:
            add_invalid(errors, path, key, messages)
        total += len(key) + (len(value) if value.isascii() else len(value.encode()))
    if total > ANNOTATIONS_LIMIT:
        errors.append(FieldError.too_long(path, "", ANNOTATIONS_LIMIT))


def check_owner_references(errors: Errors, references: list[Json], path: str) -> None:
    controller = ""
    for reference in references:
        version = reference.get("apiVersion") or ""
        if not version.rpartition("/")[2]:
            errors.append(FieldError.invalid(f"{path}.apiVersion", version, "version must not be empty"))
        for key in ("kind", "name", "uid"):
            if not reference.get(key):
                errors.append(FieldError.invalid(f"{path}.{key}", "", f"{key} must not be empty"))
        if version == "v1" and reference.get("kind") == "Event":
            text = "/v1, Kind=Event is disallowed from being an owner"
            errors.append(FieldError.invalid(path, reference, text))
        if reference.get("controller"):
            if controller:
                text = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {reference.get('name')}"
                )
                errors.append(FieldError.invalid(path, references, text))
            else:
                controller = reference.get("name") or ""


def check_finalizers(errors: Errors, finalizers: list[str] | tuple[str, ...], path: str) -> None:
    for finalizer in finalizers:
        add_invalid(errors, path, finalizer, names.qualified_name(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        text = "finalizer orphan and foregroundDeletion cannot be both set"
        errors.append(FieldError.invalid(path, list(finalizers), text))


def check_label_selector(errors: Errors, selector: Json | None, path: str) -> None:
    """ValidateLabelSelector of a metav1.LabelSelector."""
    if not selector:
        return
    if selector.get("matchLabels"):
        check_labels(errors, selector["matchLabels"], f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        here = f"{path}.matchExpressions[{index}]"
        operator, values = requirement.get("operator") or "", requirement.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                text = "must be specified when `operator` is 'In' or 'NotIn'"
                errors.append(FieldError.required(f"{here}.values", text))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                errors.append(FieldError.forbidden(f"{here}.values", text))
        else:
            errors.append(FieldError.invalid(f"{here}.operator", operator, "not a valid selector operator"))
        check_label_name(errors, requirement.get("key") or "", f"{here}.key")
        for position, value in enumerate(values):
            add_invalid(errors, f"{here}.values[{position}]", value, names.label_value(value))


def check_label_name(errors: Errors, key: str, path: str) -> None:
    add_invalid(errors, path, key, names.qualified_name(key))


def add_invalid(errors: Errors, path: str, value: Any, messages: tuple[str, ...]) -> None:
    """One Invalid per message."""
    for message in messages:
        errors.append(FieldError.invalid(path, value, message))


def check_immutable(errors: Errors, new: Any, old: Any, path: str) -> None:
    if new != old:
        errors.append(FieldError.invalid(path, new, IMMUTABLE))


def check_non_negative(errors: Errors, value: Any, path: str) -> None:
    if value is not None and value < 0:
        errors.append(FieldError.invalid(path, value, NON_NEGATIVE))


def check_enum(errors: Errors, value: Any, allowed: tuple[str, ...], path: str, required: bool = True) -> None:
    """Required when empty, NotSupported when not one of `allowed` (given in upstream's order)."""
    if not value:
        if required:
            errors.append(FieldError.required(path, ""))
    elif value not in allowed:
        errors.append(FieldError.not_supported(path, value, list(allowed)))
