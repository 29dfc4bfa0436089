"""The v2 document in protobuf, as gnostic defines it: older clients (kubectl up to 1.26) ask for nothing else.

Mirrors vendor/github.com/googleapis/gnostic/openapiv2/OpenAPIv2.proto (field numbers) and its rule that extensions
(`x-…`) travel as YAML text, of which JSON is a part. A table says how each message is made of a JSON object.
"""

from collections.abc import Callable
from typing import Any

import orjson

from minik8s.apiserver.wire.values import BYTES, FIXED64, VARINT

Write = Callable[[Any], bytes]


def encode(document: dict[str, Any]) -> bytes:
    """A v2 document's JSON form → protobuf."""
    return _message("Document", document)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _sized(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(data)) + data


#: message → JSON key → (field number, what its value is). A trailing `*` marks a list, `!` a map of named messages.
_TABLE: dict[str, dict[str, tuple[int, str]]] = {
    "Document": {
        "swagger": (1, "text"),
        "info": (2, "Info"),
        "paths": (8, "Paths"),
        "definitions": (9, "Schema!"),
    },
    "Info": {"title": (1, "text"), "version": (2, "text"), "description": (3, "text")},
    "PathItem": {
        "get": (2, "Operation"),
        "put": (3, "Operation"),
        "post": (4, "Operation"),
        "delete": (5, "Operation"),
        "options": (6, "Operation"),
        "head": (7, "Operation"),
        "patch": (8, "Operation"),
        "parameters": (9, "Parameter*"),
        "x-": (10, "any"),
    },
    "Operation": {
        "tags": (1, "text*"),
        "summary": (2, "text"),
        "description": (3, "text"),
        "operationId": (5, "text"),
        "produces": (6, "text*"),
        "consumes": (7, "text*"),
        "parameters": (8, "Parameter*"),
        "responses": (9, "Responses"),
        "schemes": (10, "text*"),
        "deprecated": (11, "bool"),
        "x-": (13, "any"),
    },
    "BodyParameter": {
        "description": (1, "text"),
        "name": (2, "text"),
        "in": (3, "text"),
        "required": (4, "bool"),
        "schema": (5, "Schema"),
    },
    "QueryParameter": {
        "required": (1, "bool"),
        "in": (2, "text"),
        "description": (3, "text"),
        "name": (4, "text"),
        "type": (6, "text"),
        "format": (7, "text"),
        "uniqueItems": (20, "bool"),
    },
    "PathParameter": {
        "required": (1, "bool"),
        "in": (2, "text"),
        "description": (3, "text"),
        "name": (4, "text"),
        "type": (5, "text"),
        "format": (6, "text"),
        "uniqueItems": (19, "bool"),
    },
    "Response": {"description": (1, "text"), "schema": (2, "SchemaItem")},
    "Schema": {
        "$ref": (1, "text"),
        "format": (2, "text"),
        "title": (3, "text"),
        "description": (4, "text"),
        "default": (5, "yaml"),
        "multipleOf": (6, "double"),
        "maximum": (7, "double"),
        "exclusiveMaximum": (8, "bool"),
        "minimum": (9, "double"),
        "exclusiveMinimum": (10, "bool"),
        "maxLength": (11, "int"),
        "minLength": (12, "int"),
        "pattern": (13, "text"),
        "maxItems": (14, "int"),
        "minItems": (15, "int"),
        "uniqueItems": (16, "bool"),
        "maxProperties": (17, "int"),
        "minProperties": (18, "int"),
        "required": (19, "text*"),
        "enum": (20, "yaml*"),
        "additionalProperties": (21, "SchemaOrBool"),
        "type": (22, "TypeItem"),
        "items": (23, "ItemsItem"),
        "allOf": (24, "Schema*"),
        "properties": (25, "Schema!"),
        "x-": (31, "any"),
    },
}


def _message(name: str, value: dict[str, Any]) -> bytes:
    """One message by its table; keys without a place in it are left out."""
    table = _TABLE[name]
    out = bytearray()
    for key, item in value.items():
        if key.startswith("x-") and "x-" in table:
            out += _sized(table["x-"][0], _named(key, _yaml(item)))
        elif key in table:
            number, kind = table[key]
            out += _field(number, kind, item)
    return bytes(out)


def _field(number: int, kind: str, value: Any) -> bytes:
    match kind:
        case "bool" | "int":
            return _varint(number << 3 | VARINT) + _varint(int(value))
        case "double":
            import struct

            return _varint(number << 3 | FIXED64) + struct.pack("<d", value)
    if kind.endswith("*"):
        write = _writer(kind[:-1])
        return b"".join(_sized(number, write(item)) for item in value)
    return _sized(number, _named_all(kind[:-1], value) if kind.endswith("!") else _writer(kind)(value))


def _writer(kind: str) -> Write:
    special: dict[str, Write] = {
        "text": lambda value: str(value).encode(),
        "yaml": _yaml,
        "Parameter": _parameter,
        "Paths": lambda paths: b"".join(_sized(2, _named(k, _message("PathItem", v))) for k, v in paths.items()),
        "Responses": lambda all_: b"".join(
            _sized(1, _named(code, _sized(1, _message("Response", response)))) for code, response in all_.items()
        ),
        "SchemaItem": lambda value: _sized(1, _message("Schema", value)),
        "SchemaOrBool": lambda value: (
            _varint(2 << 3) + _varint(value) if isinstance(value, bool) else _sized(1, _message("Schema", value))
        ),
        "TypeItem": lambda value: b"".join(
            _sized(1, item.encode()) for item in (value if isinstance(value, list) else [value])
        ),
        "ItemsItem": lambda value: b"".join(
            _sized(1, _message("Schema", item)) for item in (value if isinstance(value, list) else [value])
        ),
    }
    return special.get(kind) or (lambda value: _message(kind, value))


def _yaml(value: Any) -> bytes:
    """gnostic's Any: field 2 is YAML text."""
    return _sized(2, orjson.dumps(value) + b"\n")


def _named(name: str, value: bytes) -> bytes:
    return _sized(1, name.encode()) + _sized(2, value)


def _named_all(kind: str, values: dict[str, Any]) -> bytes:
    return b"".join(_sized(1, _named(name, _message(kind, value))) for name, value in values.items())


def _parameter(value: dict[str, Any]) -> bytes:
    """ParametersItem → Parameter → body, or NonBodyParameter → query or path."""
    if value["in"] == "body":
        return _sized(1, _sized(1, _message("BodyParameter", value)))
    number, kind = {"query": (3, "QueryParameter"), "path": (4, "PathParameter")}[value["in"]]
    return _sized(1, _sized(2, _sized(number, _message(kind, value))))
