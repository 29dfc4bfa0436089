"""OpenAPI with remotes in it. Pure.

Mirrors kube-aggregator/pkg/controllers/{openapi,openapiv3}/aggregator and kube-openapi's pkg/aggregator. Of a remote's
v2 document only the paths of its own group and version count; definitions whose name is taken by something else are
renamed. A remote that publishes no v3 gets one made of its v2, as upstream does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

JsonObject = dict[str, Any]
V2_PREFIX, V3_PREFIX = "#/definitions/", "#/components/schemas/"


def select(document: JsonObject, prefix: str) -> JsonObject:
    """The part of a v2 document that lies below a path, with the definitions that it needs."""
    paths = {
        path: item
        for path, item in (document.get("paths") or {}).items()
        if path == prefix or path.startswith(prefix + "/")
    }
    definitions: JsonObject = document.get("definitions") or {}
    group_version = prefix.removeprefix("/apis/")
    wanted = references(paths, V2_PREFIX) | {n for n, d in definitions.items() if _is_of(d, group_version)}
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in needed or name not in definitions:
            continue
        needed.add(name)
        wanted |= references(definitions[name], V2_PREFIX)
    return {"paths": paths, "definitions": {name: definitions[name] for name in sorted(needed)}}


def _is_of(definition: Any, group_version: str) -> bool:
    if not isinstance(definition, dict):
        return False
    kinds = definition.get("x-kubernetes-group-version-kind") or []
    return any(f"{kind.get('group')}/{kind.get('version')}" == group_version for kind in kinds if len(kinds) == 1)


def references(value: Any, prefix: str) -> set[str]:
    """Names of the definitions that a part of a document refers to."""
    found: set[str] = set()
    if isinstance(value, dict):
        ref = value.get("$ref")
        if isinstance(ref, str) and ref.startswith(prefix):
            found.add(ref.removeprefix(prefix))
        for child in value.values():
            found |= references(child, prefix)
    elif isinstance(value, list):
        for child in value:
            found |= references(child, prefix)
    return found


def rename(value: Any, names: Mapping[str, str], prefix: str = V2_PREFIX, new_prefix: str = V2_PREFIX) -> Any:
    """A copy with other references."""
    if isinstance(value, dict):
        out = {key: rename(child, names, prefix, new_prefix) for key, child in value.items()}
        ref = value.get("$ref")
        if isinstance(ref, str) and ref.startswith(prefix):
            name = ref.removeprefix(prefix)
            out["$ref"] = new_prefix + names.get(name, name)
        return out
    if isinstance(value, list):
        return [rename(child, names, prefix, new_prefix) for child in value]
    return value


def merge_v2(own: JsonObject, parts: Iterable[JsonObject]) -> JsonObject:
    """This server's v2 document with the selected parts of remotes."""
    paths, definitions = dict(own["paths"]), dict(own["definitions"])
    for part in parts:
        names = {}
        for name, definition in part["definitions"].items():
            if name in definitions and definitions[name] != definition:
                names[name] = _free_name(name, definitions)
        for name, definition in part["definitions"].items():
            definitions.setdefault(names.get(name, name), rename(definition, names))
        paths |= {path: rename(item, names) for path, item in part["paths"].items() if path not in paths}
    return own | {"paths": paths, "definitions": dict(sorted(definitions.items()))}


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    number = 2
    while f"{name}_v{number}" in taken:
        number += 1
    return f"{name}_v{number}"


def to_v3(part: JsonObject, info: JsonObject) -> JsonObject:
    """A selected v2 part as an OpenAPI v3 document."""
    renamed = rename(part, {}, V2_PREFIX, V3_PREFIX)
    paths = {path: _path_to_v3(item) for path, item in renamed["paths"].items()}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": renamed["definitions"]}}


def _path_to_v3(item: JsonObject) -> JsonObject:
    out: JsonObject = {}
    for key, value in item.items():
        if key == "parameters":
            out[key] = [_parameter_to_v3(parameter) for parameter in value]
        elif isinstance(value, dict) and "responses" in value:
            out[key] = _operation_to_v3(value)
        else:
            out[key] = value
    return out


def _operation_to_v3(operation: JsonObject) -> JsonObject:
    out = {key: value for key, value in operation.items() if key not in ("consumes", "produces", "schemes")}
    parameters = operation.get("parameters") or []
    bodies = [parameter for parameter in parameters if parameter.get("in") == "body"]
    if parameters:
        out["parameters"] = [_parameter_to_v3(p) for p in parameters if p.get("in") != "body"]
    if bodies:
        types = operation.get("consumes") or ["*/*"]
        content = {media: {"schema": bodies[0].get("schema") or {}} for media in types}
        out["requestBody"] = {"content": content} | ({"required": True} if bodies[0].get("required") else {})
    media = operation.get("produces") or ["application/json"]
    out["responses"] = {code: _response_to_v3(answer, media) for code, answer in operation["responses"].items()}
    return out


def _parameter_to_v3(parameter: JsonObject) -> JsonObject:
    schema_keys = ("type", "format", "items", "enum", "default", "uniqueItems", "minimum", "maximum", "pattern")
    kept = {key: value for key, value in parameter.items() if key not in schema_keys}
    schema = {key: parameter[key] for key in schema_keys if key in parameter}
    return kept | ({"schema": schema} if schema and "schema" not in kept else {})


def _response_to_v3(answer: JsonObject, media: list[str]) -> JsonObject:
    out = {key: value for key, value in answer.items() if key != "schema"}
    if "schema" in answer:
        out["content"] = {name: {"schema": answer["schema"]} for name in media}
    return out
