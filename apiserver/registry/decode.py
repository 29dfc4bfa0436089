"""From a body's bytes to a checked object: types as the model has them, unknown fields found, Go's canonical form.

Mirrors apimachinery's serializer/json and the strict decoding of staging/src/k8s.io/apiserver/pkg/endpoints/handlers
(create.go, fieldmanager of fieldValidation). One pass of pydantic checks the types and drops what Go's
encoder would drop (nulls, empty lists and maps with omitempty), so that a client's read-modify-write through Go
structs compares equal to what is stored.

What a mistake becomes, as upstream:
- malformed JSON, a wrong type, a wrong kind or version: 400 with Go's words;
- an unknown or repeated field: dropped silently (Ignore), with a warning (Warn), or 400 (Strict);
- a required field that is absent: Go's zero value; validation reports it later.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

import orjson
from pydantic import BaseModel, ValidationError

from minik8s.api.status import ApiError, BadRequest

if TYPE_CHECKING:
    from minik8s.api.scheme import Kind

JsonObject = dict[str, Any]
IGNORE, WARN, STRICT = "Ignore", "Warn", "Strict"
#: Each round mends every mistake of one kind; deeper ones may show only then.
MAX_ROUNDS = 8
SUMMARY = 30


def decode_object(body: bytes, kind: Kind, validation: str, warnings: list[str]) -> JsonObject:
    """The object of a request's JSON body for ``kind``."""
    strictness: list[str] = []
    if validation == STRICT:
        strictness += find_duplicates(body)
    obj = _decode(body, kind, strictness)
    if strictness and validation == STRICT:
        raise cannot_handle(kind, "strict decoding error: " + ", ".join(strictness))
    if validation == WARN:
        warnings += strictness
    return obj


def _decode(body: bytes, kind: Kind, unknown: list[str]) -> JsonObject:
    model = kind.model
    if model is None:
        return _untyped(body, kind)
    try:
        decoded = model.model_validate_json(body, extra="forbid", by_alias=True, by_name=False)
    except ValidationError as error:
        decoded = _mend(body, kind, model, error, unknown)
    obj: JsonObject = decoded.to_dict()
    check_type(obj.get("apiVersion"), obj.get("kind"), kind)
    obj["apiVersion"], obj["kind"] = kind.group_version, kind.kind
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    return obj


def _untyped(body: bytes, kind: Kind) -> JsonObject:
    obj = parse_json(body, kind)
    check_type(obj.get("apiVersion"), obj.get("kind"), kind)
    obj["apiVersion"], obj["kind"] = kind.group_version, kind.kind
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    return obj


def check_type(api_version: Any, kind_name: Any, kind: Kind) -> None:
    """apiVersion and kind in the data agree with the request's; absent ones are taken from it."""
    if api_version and api_version != kind.group_version:
        expected = f"does not match the expected API version ({kind.group_version})"
        raise BadRequest(f"the API version in the data ({api_version}) {expected}")
    if kind_name and kind_name != kind.kind:
        raise BadRequest(
            f'{kind_name} in version "{kind.version}" cannot be handled as a {kind.kind}: '
            f"the kind in the data does not match the kind of the resource"
        )


def cannot_handle(kind: Kind, detail: str) -> ApiError:
    return BadRequest(f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {detail}')


# -- JSON text -----------------------------------------------------------------------------------------------------


def parse_json(body: bytes, kind: Kind) -> JsonObject:
    """The body as a dict; 400 with Go's words where it is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise unrecognized(body, kind, f"couldn't get version/kind; json parse error: {go_json_error(body)}") from None
    if not isinstance(value, dict):
        text = f"couldn't get version/kind; json parse error: json: cannot unmarshal {go_value(value)} into Go value"
        raise unrecognized(body, kind, text)
    return value


def unrecognized(body: bytes, kind: Kind, detail: str) -> ApiError:
    return BadRequest(f"the object provided is unrecognized (must be of type {kind.kind}): {detail} ({_summary(body)})")


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    short = body[:SUMMARY]
    text = short.decode("utf-8", "replace") if body[:1] == b"{" else short.hex()
    return text + " ..." if len(body) > SUMMARY else text


_GO_MESSAGES = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
}


def go_json_error(body: bytes) -> str:
    """What encoding/json says of this malformed text."""
    try:
        text = body.decode("utf-8")
        json.loads(text)
    except UnicodeDecodeError:
        return "invalid UTF-8"
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            return "unexpected end of JSON input"
        where = _GO_MESSAGES.get(error.msg, "in string literal")
        return f"invalid character {text[error.pos]!r} {where}"
    return "invalid JSON"


class _Pairs(dict[str, Any]):
    """A JSON object that remembers which of its keys came twice."""

    repeated: tuple[str, ...] = ()


def _remember_pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    out = _Pairs(pairs)
    if len(out) != len(pairs):
        keys = [key for key, _ in pairs]
        out.repeated = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return out


def find_duplicates(body: bytes) -> list[str]:
    """``duplicate field "spec.replicas"`` for each repeated key. Only strict requests pay for the slow parser."""
    try:
        root = json.loads(body, object_pairs_hook=_remember_pairs)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return []
    found: list[str] = []
    _collect_duplicates(root, "", found)
    return found


def _collect_duplicates(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        found += [f'duplicate field "{path}{key}"' for key in value.repeated]
        for key, child in value.items():
            _collect_duplicates(child, f"{path}{key}.", found)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _collect_duplicates(child, f"{path[:-1]}[{index}].", found)


# -- mending -------------------------------------------------------------------------------------------------------


def _mend(body: bytes, kind: Kind, model: Any, error: ValidationError, unknown: list[str]) -> Any:
    """Drop unknown fields and nulls, fill absent required fields with zero, until the model takes it."""
    obj = parse_json(body, kind)
    check_type(obj.get("apiVersion"), obj.get("kind"), kind)
    for _ in range(MAX_ROUNDS):
        for mistake in error.errors(include_url=False, include_context=False):
            _mend_one(obj, model, mistake, kind, unknown)
        try:
            return model.model_validate(obj, extra="forbid", by_alias=True, by_name=False)
        except ValidationError as next_error:
            error = next_error
    raise cannot_handle(kind, "the object could not be decoded")


def _mend_one(obj: JsonObject, model: Any, mistake: Any, kind: Kind, unknown: list[str]) -> None:
    location, problem = mistake["loc"], mistake["type"]
    parent, last = _parent(obj, location)
    if problem == "extra_forbidden":
        text = f'unknown field "{_path(location)}"'
        if text not in unknown:
            unknown.append(text)
        if isinstance(parent, dict):
            parent.pop(last, None)
    elif problem == "missing" and isinstance(parent, dict):
        parent[last] = _zero(_field_type(model, location))
    elif mistake["input"] is None and isinstance(parent, dict):
        parent.pop(last, None)
    elif mistake["input"] is None and isinstance(parent, list) and isinstance(last, int):
        parent[last] = _zero(_field_type(model, location))
    elif problem == "value_error":  # the only checks of values, not types, are those of times
        layout, text = "2006-01-02T15:04:05Z07:00", mistake["input"]
        raise cannot_handle(kind, f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    else:
        raise cannot_handle(kind, type_error(model, location, mistake["input"]))


def _parent(obj: JsonObject, location: tuple[int | str, ...]) -> tuple[Any, int | str]:
    """The container that holds the last step; steps that are not in the data (a union's tag) are skipped."""
    node: Any = obj
    parent, last = node, location[0] if location else ""
    for step in location:
        if isinstance(node, dict) and isinstance(step, str):
            parent, last, node = node, step, node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            parent, last, node = node, step, node[step]
    return parent, last


def _path(location: tuple[int | str, ...]) -> str:
    """``spec.containers[0].foo``."""
    out = ""
    for step in location:
        out += f"[{step}]" if isinstance(step, int) else (f".{step}" if out else step)
    return out


# -- Go's view of types --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Wire name → annotation of a model's fields."""
    return {info.alias or name: info for name, info in model.__pydantic_fields__.items()}


def _owner(model: Any, location: tuple[int | str, ...]) -> tuple[Any, Any, list[str]]:
    """The innermost model on the way to ``location``, the last field's annotation, and the names passed."""
    owner, annotation, names = model, model, []
    for step in location:
        annotation = _strip_optional(annotation)
        if isinstance(step, int):
            annotation = next(iter(get_args(annotation)), Any)
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            info = _fields(annotation).get(step)
            if info is None:
                break
            owner, annotation = annotation, _annotated(info)
            names.append(step)
        elif get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
    return owner, annotation, names


def _annotated(info: Any) -> Any:
    """The annotation, keeping the format that tells int32 from int64."""
    for fact in info.metadata:
        if getattr(fact, "name", "") in ("int32", "int64"):
            return fact.name
    return info.annotation


def _strip_optional(annotation: Any) -> Any:
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = get_args(annotation)[0]
            continue
        arguments = [argument for argument in get_args(annotation) if argument is not type(None)]
        if get_origin(annotation) not in (list, dict) and len(arguments) == 1 and len(get_args(annotation)) == 2:
            annotation = arguments[0]
            continue
        return annotation


def _field_type(model: Any, location: tuple[int | str, ...]) -> Any:
    return _strip_optional(_owner(model, location)[1])


def _zero(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is list or annotation is list:
        return []
    if annotation is str:
        return ""
    if annotation in (int, float, "int32", "int64") or (origin is not None and int in get_args(annotation)):
        return 0
    return False if annotation is bool else {}


def type_error(model: Any, location: tuple[int | str, ...], value: Any) -> str:
    """``json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32``."""
    owner, annotation, names = _owner(model, location)
    field = ".".join(names)
    where = f"Go struct field {owner.__name__}.{field} of type {go_type(annotation)}"
    return f"json: cannot unmarshal {go_value(value)} into {where}"


def go_value(value: Any) -> str:
    """encoding/json's word for a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return f"number {value:g}"
    names = {str: "string", int: "number", list: "array", dict: "object"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "null")


def go_type(annotation: Any) -> str:
    """The Go type behind an annotation, as error messages print it."""
    annotation = _strip_optional(annotation)
    if isinstance(annotation, str):
        return annotation
    origin = get_origin(annotation)
    if origin is list:
        return "[]" + go_type(get_args(annotation)[0])
    if origin is dict:
        return "map[string]" + go_type(get_args(annotation)[1])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"v1.{annotation.__name__}"
    return {str: "string", int: "int32", bool: "bool", float: "float64"}.get(annotation, "interface {}")
