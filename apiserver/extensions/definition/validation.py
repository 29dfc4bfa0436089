"""A CustomResourceDefinition as a whole: names, versions, conversion, and what may not change.

Mirrors apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go (v1 only: schemas are structural and
required). What all versions have in common stands in the internal spec, so errors in it are told at
`spec.validation`, `spec.subresources`, `spec.additionalPrinterColumns`, as upstream does.
"""

from __future__ import annotations

from typing import Any

from minik8s.api.field_errors import FieldError
from minik8s.apiserver.extensions.definition import facts, parts
from minik8s.apiserver.extensions.definition.defaults import check_defaults
from minik8s.apiserver.extensions.definition.schemas import check_schema
from minik8s.apiserver.extensions.definition.structural import check_structural
from minik8s.apiserver.validation import names
from minik8s.apiserver.validation.meta import (
    check_enum,
    check_immutable,
    check_object_meta,
    check_object_meta_update,
)

Json = dict[str, Any]
Errors = list[FieldError]
_ROOT_KEYS = frozenset((
    "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "multipleOf", "required", "items", "properties",
    "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
))  # fmt: skip
_ROOT_NAMES = (
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern"
    " MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields"
    " XValidations]"
)


def validate(definition: Json) -> Errors:
    """ValidateCustomResourceDefinition."""
    spec = definition.get("spec") or {}
    expected = f"{(spec.get('names') or {}).get('plural') or ''}.{spec.get('group') or ''}"

    def check_name(name: str) -> tuple[str, ...]:
        wrong = () if name == expected else ('must be spec.names.plural+"."+spec.group',)
        return (*names.dns1123_subdomain(name), *wrong)

    errors: Errors = []
    check_object_meta(errors, definition, False, check_name)
    _check_rest(errors, definition, None)
    return errors


def validate_update(new: Json, old: Json) -> Errors:
    """ValidateCustomResourceDefinitionUpdate."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    _check_rest(errors, new, old)
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    given, given_before = spec.get("names") or {}, before.get("names") or {}
    if facts.is_true(old, facts.ESTABLISHED):
        check_immutable(errors, spec.get("scope"), before.get("scope"), "spec.scope")
        check_immutable(errors, given.get("kind"), given_before.get("kind"), "spec.names.kind")
    check_immutable(errors, spec.get("group"), before.get("group"), "spec.group")
    check_immutable(errors, given.get("plural"), given_before.get("plural"), "spec.names.plural")
    return errors


def validate_status_update(new: Json, old: Json) -> Errors:
    """ValidateUpdateCustomResourceDefinitionStatus: accepted names are names."""
    errors: Errors = []
    check_object_meta_update(errors, new, old)
    parts.check_names(errors, (new.get("status") or {}).get("acceptedNames") or {}, "status.acceptedNames")
    return errors


def _check_rest(errors: Errors, definition: Json, old: Json | None) -> None:
    spec, status = definition.get("spec") or {}, definition.get("status") or {}
    _check_spec(errors, spec, (old or {}).get("spec"))
    parts.check_names(errors, status.get("acceptedNames") or {}, "status.acceptedNames")
    _check_stored_versions(errors, definition)
    _check_approval(errors, definition, old)
    if spec.get("preserveUnknownFields") and not ((old or {}).get("spec") or {}).get("preserveUnknownFields"):
        text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        errors.append(FieldError.invalid("spec.preserveUnknownFields", True, text))


def _check_stored_versions(errors: Errors, definition: Json) -> None:
    stored = (definition.get("status") or {}).get("storedVersions") or []
    where = "status.storedVersions"
    if not stored:
        errors.append(FieldError.invalid(where, stored, "must have at least one stored version"))
        return
    present = facts.versions(definition)
    for version in present:
        if version.get("storage") and version["name"] not in stored:
            errors.append(FieldError.invalid(where, version, f"must have the storage version {version['name']}"))
    known = {version.get("name") for version in present}
    for index, name in enumerate(stored):
        if name not in known:
            errors.append(FieldError.invalid(f"{where}[{index}]", name, "must appear in spec.versions"))


def _check_approval(errors: Errors, definition: Json, old: Json | None) -> None:
    """Groups of Kubernetes itself need an approval; one that was missing may stay so."""
    if not facts.is_protected((definition.get("spec") or {}).get("group") or ""):
        return
    annotations = (definition.get("metadata") or {}).get("annotations") or {}
    where, value = f"metadata.annotations[{facts.APPROVAL}]", annotations.get(facts.APPROVAL) or ""
    before = ((old or {}).get("metadata") or {}).get("annotations") or {}
    if old is not None and (before.get(facts.APPROVAL) or "") == value:
        return
    status, reason, message = facts.approval(annotations)
    if reason == "MissingAnnotation":
        errors.append(FieldError.required(where, message))
    elif not status:
        errors.append(FieldError.invalid(where, value, message))


def _check_spec(errors: Errors, spec: Json, old: Json | None) -> None:
    group = spec.get("group") or ""
    if not group:
        errors.append(FieldError.required("spec.group"))
    elif messages := names.dns1123_subdomain(group):
        errors.append(FieldError.invalid("spec.group", group, ",".join(messages)))
    elif "." not in group:
        errors.append(FieldError.invalid("spec.group", group, "should be a domain with at least one dot"))
    check_enum(errors, spec.get("scope"), ("Cluster", "Namespaced"), "spec.scope")
    _check_versions(errors, spec, old)
    given = spec.get("names") or {}
    for key in ("plural", "singular", "kind", "listKind"):
        if not given.get(key):
            errors.append(FieldError.required(f"spec.names.{key}"))
    parts.check_names(errors, given, "spec.names")
    parts.check_conversion(errors, spec.get("conversion"), "spec.conversion")


def _check_versions(errors: Errors, spec: Json, old: Json | None) -> None:
    versions: list[Json] = spec.get("versions") or []
    common = {key for key in parts.HOISTED if facts.is_common(spec, key)}
    for index, version in enumerate(versions):
        path, name = f"spec.versions[{index}]", version.get("name") or ""
        if facts.schema_of(version) is None:
            errors.append(FieldError.required(f"{path}.schema.openAPIV3Schema", "schemas are required"))
        if messages := names.dns1035_label(name):
            errors.append(FieldError.invalid(f"{path}.name", name, ",".join(messages)))
        parts.check_deprecation(errors, version, path)
        _check_parts(errors, version, path, common, index == 0, _same_version(old, name))
    if len({version.get("name") for version in versions}) != len(versions):
        errors.append(FieldError.invalid("spec.versions", versions, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        errors.append(FieldError.invalid("spec.versions", versions, text))


def _same_version(spec: Json | None, name: str) -> Json | None:
    return next((version for version in (spec or {}).get("versions") or () if version.get("name") == name), None)


def _check_parts(errors: Errors, version: Json, path: str, common: set[str], first: bool, old: Json | None) -> None:
    """The hoistable parts of a version, once where they are common to all."""
    for key, (hoisted, check) in parts.HOISTED.items():
        if key in common and not first:
            continue
        where = f"spec.{hoisted}" if key in common else f"{path}.{key}"
        if key == "schema":
            _check_schema(errors, version, where, old)
        elif version.get(key) is not None:
            check(errors, version, where)


def _check_schema(errors: Errors, version: Json, path: str, old: Json | None) -> None:
    schema = facts.schema_of(version)
    if schema is None or (old is not None and facts.schema_of(old) == schema):
        return  # what was accepted once stays accepted
    where, found = f"{path}.openAPIV3Schema", []
    if (version.get("subresources") or {}).get("status") is not None:
        found += _check_root(schema, where)
    found += check_schema(schema, where)
    structural = check_structural(schema, where)
    found += structural
    if not structural:
        found += check_defaults(schema, where)
    if not found:
        found += _check_rules(schema, where, facts.schema_of(old) if old else None)
    errors += found


def _check_root(schema: Json, path: str) -> Errors:
    """With a status subresource, its schema must be whole in properties[status]."""
    if schema.get("type") not in (None, "object"):
        text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        return [FieldError.invalid(f"{path}.type", schema["type"], text)]
    if all(key in _ROOT_KEYS or value in (None, False) for key, value in schema.items()):
        return []
    text = f"only {_ROOT_NAMES} fields are allowed at the root of the schema if the status subresource is enabled"
    return [FieldError.invalid(path, schema, text)]


def _check_rules(schema: Json, path: str, old: Json | None) -> Errors:
    """CEL rules compile. The library is only loaded where there are any."""
    from minik8s.apiserver.extensions.cel.presence import has_rules

    if not has_rules(schema):
        return []
    from minik8s.apiserver.extensions.cel.checking import check_rules

    return check_rules(schema, path)
