"""metadata, apiVersion and kind of a resource and of the resources embedded in it.

Mirrors apiextensions-apiserver/pkg/apiserver/schema/objectmeta: whatever a schema says, metadata is an ObjectMeta: its
types are checked, and fields that ObjectMeta does not have are dropped.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from minik8s.api.field_errors import FieldError
from minik8s.api.meta import ObjectMeta
from minik8s.api.status import ApiError
from minik8s.apiserver.extensions.schema.pruning import join
from minik8s.apiserver.registry.decode import go_value, type_error
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.meta import check_object_meta

Schema = dict[str, Any]
_ROUNDS = 8


class Malformed(Exception):
    """A field of metadata has the wrong type; the message is Go's."""


def coerce_metadata(metadata: Any, path: str, removed: list[str]) -> dict[str, Any]:
    """metadata as an ObjectMeta in canonical form; unknown fields are dropped and told in `removed`."""
    if not isinstance(metadata, dict):
        raise Malformed(f"json: cannot unmarshal {go_value(metadata)} into Go value of type v1.ObjectMeta")
    given = {key: value for key, value in metadata.items() if value is not None}
    for _ in range(_ROUNDS):
        try:
            meta = ObjectMeta.model_validate(given, extra="forbid", by_alias=True, by_name=False)
        except ValidationError as error:
            _mend(given, error, path, removed)
        else:
            result: dict[str, Any] = meta.to_dict()
            if not result.get("creationTimestamp"):
                result.pop("creationTimestamp", None)
            return result
    raise Malformed("metadata could not be decoded")


def _mend(given: dict[str, Any], error: ValidationError, path: str, removed: list[str]) -> None:
    for mistake in error.errors(include_url=False, include_context=False):
        location = mistake["loc"]
        parent: Any = given
        for step in location[:-1]:
            if isinstance(parent, dict):
                parent = parent.get(str(step))
            elif isinstance(parent, list) and isinstance(step, int):
                parent = parent[step]
        if mistake["type"] == "extra_forbidden" and isinstance(parent, dict):
            parent.pop(location[-1], None)
            removed.append(join(path, ".".join(map(str, location))))
        elif mistake["input"] is None and isinstance(parent, dict):
            parent.pop(location[-1], None)
        elif mistake["type"] == "missing" and isinstance(parent, dict):
            parent[location[-1]] = ""
        else:
            raise Malformed(type_error(ObjectMeta, location, mistake["input"]))


def coerce(value: Any, schema: Schema | None, path: str, removed: list[str]) -> None:
    """Embedded resources' metadata, in place; raises Malformed. The root's is the caller's."""
    if not schema:
        return
    if isinstance(value, dict):
        if schema.get("x-kubernetes-embedded-resource"):
            for key in ("apiVersion", "kind"):
                if key in value and not isinstance(value[key], str):
                    raise Malformed(str(FieldError.invalid(join(path, key), value[key], "must be a string")))
            if "metadata" in value:
                value["metadata"] = coerce_metadata(value["metadata"], join(path, "metadata"), removed)
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, child in value.items():
            if key in properties:
                coerce(child, properties[key], join(path, key), removed)
            elif isinstance(additional, dict):
                coerce(child, additional, join(path, key), removed)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            coerce(item, schema.get("items"), f"{path}[{index}]", removed)


def check_embedded(value: Any, schema: Schema | None, path: str = "", is_root: bool = False) -> list[FieldError]:
    """Errors in the type and metadata of embedded resources."""
    if not schema:
        return []
    errors: list[FieldError] = []
    if isinstance(value, dict):
        if is_root or schema.get("x-kubernetes-embedded-resource"):
            errors += _check_resource(value, path)
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, child in value.items():
            if key in properties:
                errors += check_embedded(child, properties[key], join(path, key))
            elif isinstance(additional, dict):
                errors += check_embedded(child, additional, f"{path}[{key}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            errors += check_embedded(item, schema.get("items"), f"{path}[{index}]")
    return errors


def _check_resource(value: dict[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key in ("apiVersion", "kind"):
        where = join(path, key)
        if key not in value:
            errors.append(FieldError.required(where, "must not be empty"))
        elif not isinstance(value[key], str):
            errors.append(FieldError.invalid(where, value[key], "must be a string"))
        elif not value[key]:
            errors.append(FieldError.invalid(where, "", "must not be empty"))
        elif key == "apiVersion" and value[key].count("/") > 1:
            errors.append(FieldError.invalid(where, value[key], f"unexpected GroupVersion string: {value[key]}"))
        elif key == "kind" and (messages := names.dns1035_label(value[key].lower())):
            text = "may have mixed case, but should otherwise match: " + ",".join(messages)
            errors.append(FieldError.invalid(where, value[key], text))
    if "metadata" in value:
        try:
            meta = coerce_metadata(value["metadata"], "", [])
        except (Malformed, ApiError) as error:
            errors.append(FieldError.invalid(join(path, "metadata"), value["metadata"], str(error)))
        else:
            meta.setdefault("name", "fakename")
            check_object_meta(
                errors, {"metadata": meta}, bool(meta.get("namespace")), _path_segment, join(path, "metadata")
            )
    return errors


def _path_segment(name: str) -> tuple[str, ...]:
    """ValidatePathSegmentName: anything that can stand in a URL's path."""
    if name in (".", ".."):
        return (f"may not be '{name}'",)
    return tuple(f"may not contain '{char}'" for char in ("/", "%") if char in name)
