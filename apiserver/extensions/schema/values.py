"""Checks a value against a schema, and says what is wrong in upstream's words.

Mirrors kube-openapi/pkg/validation/validate and apiextensions-apiserver/pkg/apiserver/validation/validation.go (1.33:
ratcheting included). A value that an update does not change is not checked again: objects that became invalid by a
stricter schema can still be edited elsewhere.

Where none of anyOf/oneOf matches, the errors of the branch that got furthest are told too, as upstream does.
"""

from __future__ import annotations

from typing import Any

import orjson

from minik8s.api.field_errors import FieldError, quote
from minik8s.apiserver.extensions.schema.formats import checker
from minik8s.apiserver.extensions.schema.patterns import search

Schema = dict[str, Any]
MISSING: Any = object()
#: What composite errors are pinned to: upstream has no path for them.
NO_PATH = "<nil>"


class _Result:
    """Errors, and how many checks were made on the way (which branch of anyOf came furthest)."""

    __slots__ = ("errors", "matches")

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.matches = 0

    def merge(self, other: _Result) -> None:
        self.errors += other.errors
        self.matches += other.matches


class SchemaValidator:
    """Checks values against one schema; `prefix` is where the value lies (`spec.x.default`)."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def check(self, value: Any, schema: Schema, old: Any = MISSING) -> list[FieldError]:
        """All errors; `old` is the value before an update."""
        return self._check(value, schema, "", old).errors

    # -- one node ---------------------------------------------------------------------------------------------------

    def _check(self, value: Any, schema: Schema, path: str, old: Any = MISSING) -> _Result:
        result = _Result()
        if old is not MISSING and same(value, old):
            result.matches += 1
            return result
        self._check_type(result, value, schema, path)
        if value is not None:
            self._check_composites(result, value, schema, path)
            if isinstance(value, str):
                self._check_string(result, value, schema, path)
            elif isinstance(value, bool):
                pass
            elif isinstance(value, int | float):
                self._check_number(result, value, schema, path)
            elif isinstance(value, list):
                self._check_list(result, value, schema, path, old)
            elif isinstance(value, dict):
                self._check_object(result, value, schema, path, old)
        self._check_enum(result, value, schema, path)
        result.matches += 1
        return result

    def _where(self, name: str) -> str:
        """The field that an error names."""
        name = name.removeprefix(".")
        if not name:
            return self._prefix or NO_PATH
        return f"{self._prefix}.{name}" if self._prefix else name

    def _fail(self, result: _Result, path: str, value: Any, text: str) -> None:
        result.errors.append(FieldError.invalid(self._where(path), value, text))

    def _check_type(self, result: _Result, value: Any, schema: Schema, path: str) -> None:
        wanted = types_of(schema)
        if not wanted:
            return
        found = type_name(value)
        if value is None:
            if schema.get("nullable"):
                return
        elif found in wanted or (found == "integer" and "number" in wanted):
            result.matches += 1
            return
        elif found == "number" and "integer" in wanted and float(value).is_integer():
            return
        text = f"{path} in body must be of type {','.join(wanted)}: {quote(found)}"
        result.errors.append(FieldError.type_invalid(self._where(path), found, text))

    def _check_enum(self, result: _Result, value: Any, schema: Schema, path: str) -> None:
        allowed = schema.get("enum")
        if not allowed or any(same(value, one) for one in allowed):
            return
        names = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in allowed]
        result.errors.append(FieldError.not_supported(self._where(path), value, names))

    # -- by type ----------------------------------------------------------------------------------------------------

    def _check_string(self, result: _Result, value: str, schema: Schema, path: str) -> None:
        longest, shortest = schema.get("maxLength"), schema.get("minLength")
        if longest is not None and len(value) > longest:
            result.errors.append(FieldError.too_long(self._where(path), value, int(longest)))
        elif shortest is not None and len(value) < shortest:
            self._fail(result, path, value, f"{path} in body should be at least {shortest} chars long")
        elif schema.get("pattern") and not search(schema["pattern"], value):
            self._fail(result, path, value, f"{path} in body should match '{schema['pattern']}'")
        check = checker(schema["format"]) if schema.get("format") else None
        if check is not None and not check(value):
            text = f"{path} in body must be of type {schema['format']}: {quote(value)}"
            result.errors.append(FieldError.type_invalid(self._where(path), value, text))
        result.matches += 1

    def _check_number(self, result: _Result, value: float, schema: Schema, path: str) -> None:
        factor = schema.get("multipleOf")
        if factor and not _is_multiple(value, factor):
            self._fail(result, path, value, f"{path} in body should be a multiple of {number(factor)}")
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None:
            exclusive = bool(schema.get("exclusiveMinimum"))
            if value < low or (exclusive and value == low):
                word = "greater than" if exclusive else "greater than or equal to"
                self._fail(result, path, value, f"{path} in body should be {word} {number(low)}")
        if high is not None:
            exclusive = bool(schema.get("exclusiveMaximum"))
            if value > high or (exclusive and value == high):
                word = "less than" if exclusive else "less than or equal to"
                self._fail(result, path, value, f"{path} in body should be {word} {number(high)}")
        result.matches += 1

    def _check_list(self, result: _Result, value: list[Any], schema: Schema, path: str, old: Any) -> None:
        items = schema.get("items")
        if isinstance(items, dict):
            before = correlated(value, old, schema)
            for index, item in enumerate(value):
                result.merge(self._check(item, items, f"{path}[{index}]", before[index]))
        fewest, most = schema.get("minItems"), schema.get("maxItems")
        if fewest is not None and len(value) < fewest:
            self._fail(result, path, len(value), f"{path} in body should have at least {fewest} items")
        if most is not None and len(value) > most:
            result.errors.append(FieldError.too_many(self._where(path), len(value), int(most)))
        result.matches += 1

    def _check_object(self, result: _Result, value: dict[str, Any], schema: Schema, path: str, old: Any) -> None:
        fewest, most = schema.get("minProperties"), schema.get("maxProperties")
        if fewest is not None and len(value) < fewest:
            self._fail(result, path, len(value), f"{path} in body should have at least {fewest} properties")
            return
        if most is not None and len(value) > most:
            result.errors.append(FieldError.too_many(self._where(path), len(value), int(most)))
            return
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        before = old if isinstance(old, dict) else {}
        for key, child in value.items():
            if key in properties:
                name = f"{path}.{key}" if path else key
                result.merge(self._check(child, properties[key], name, before.get(key, MISSING)))
            elif additional is False:
                self._fail(result, path, key, f"{path}.{key} in body is a forbidden property")
            elif isinstance(additional, dict):
                result.merge(self._check(child, additional, f"{path}.{key}", before.get(key, MISSING)))
        for key in schema.get("required") or ():
            if key not in value:
                result.errors.append(FieldError.required(self._where(f"{path}.{key}")))
        result.matches += 1

    # -- composites -------------------------------------------------------------------------------------------------

    def _composite(self, result: _Result, text: str) -> None:
        result.errors.append(FieldError.invalid(self._prefix or NO_PATH, "", text))

    def _check_composites(self, result: _Result, value: Any, schema: Schema, path: str) -> None:
        name = quote(path)
        if schema.get("anyOf"):
            results = [self._check(value, one, path) for one in schema["anyOf"]]
            if all(one.errors for one in results):
                self._composite(result, f"{name} must validate at least one schema (anyOf)")
                result.merge(max(results, key=lambda one: one.matches))
        if schema.get("oneOf"):
            results = [self._check(value, one, path) for one in schema["oneOf"]]
            valid = sum(not one.errors for one in results)
            if valid != 1:
                found = f"Found {valid} valid alternatives" if valid else "Found none valid"
                self._composite(result, f"{name} must validate one and only one schema (oneOf). {found}")
                if not valid:
                    result.merge(max(results, key=lambda one: one.matches))
        if schema.get("allOf"):
            results = [self._check(value, one, path) for one in schema["allOf"]]
            for one in results:
                result.merge(one)
            if any(one.errors for one in results):
                none = ". None validated" if all(one.errors for one in results) else ""
                self._composite(result, f"{name} must validate all the schemas (allOf){none}")
        if schema.get("not") is not None and not self._check(value, schema["not"], path).errors:
            self._composite(result, f"{name} must not validate the schema (not)")


# -- values as JSON Schema sees them ---------------------------------------------------------------------------------


def types_of(schema: Schema) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def type_name(value: Any) -> str:
    """JSON Schema's name for the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = ((str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next(name for kind, name in names if isinstance(value, kind))


def same(left: Any, right: Any) -> bool:
    """Equal, where true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(child, right[key]) for key, child in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def correlated(new: list[Any], old: Any, schema: Schema) -> list[Any]:
    """For each element the one it was before the update: by key in lists of type map, unknown (MISSING) in others."""
    keys = schema.get("x-kubernetes-list-map-keys")
    if not isinstance(old, list) or schema.get("x-kubernetes-list-type") != "map" or not keys:
        return [MISSING] * len(new)
    before = {map_key(item, keys): item for item in old if isinstance(item, dict)}
    return [before.get(map_key(item, keys), MISSING) if isinstance(item, dict) else MISSING for item in new]


def map_key(item: dict[str, Any], keys: list[str]) -> tuple[str, ...]:
    return tuple(repr(item.get(key)) for key in keys)


def number(value: float) -> str:
    """As Go prints a number in a message: 10, not 10.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e21 else repr(value)


def _is_multiple(value: float, factor: float) -> bool:
    if isinstance(value, int) and float(factor).is_integer():
        return value % int(factor) == 0
    quotient = value / factor
    return abs(quotient - round(quotient)) < 1e-9
