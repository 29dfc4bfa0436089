"""What a strategic merge patch must know of a type: which lists are merged, by which key.

Mirrors: strategicpatch/meta.go (LookupPatchMeta over Go struct tags). Read from the models' field facts (`MergeKey`,
`RetainKeys` of minik8s.api.base), once per model class.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from minik8s.api.base import MergeKey, Model, RetainKeys, wire_name


@dataclass(frozen=True, slots=True)
class FieldRules:
    """One field: how its value is merged, and the schema of its value (or of its list's elements)."""

    merges: bool = False
    "A list that is merged element by element; others are replaced whole."
    merge_key: str = ""
    "The field that tells the elements apart; empty for lists of scalars."
    retains_keys: bool = False
    schema: Schema | None = None


class Schema(Protocol):
    """A type. Fields that it does not know merge as maps and replace as lists."""

    def field(self, name: str) -> FieldRules: ...


UNKNOWN = FieldRules()


class ModelSchema:
    """The schema of a model class."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._fields: dict[str, FieldRules] | None = None

    def field(self, name: str) -> FieldRules:
        if self._fields is None:
            self._fields = {
                info.alias or wire_name(attribute): _rules(info) for attribute, info in self._model.model_fields.items()
            }
        return self._fields.get(name, UNKNOWN)


class MapSchema:
    """A map with values of one type: every name is a field of it."""

    def __init__(self, rules: FieldRules) -> None:
        self._rules = rules

    def field(self, name: str) -> FieldRules:
        return self._rules


@cache
def schema_of(model: type[Model]) -> ModelSchema:
    return ModelSchema(model)


def _rules(info: Any) -> FieldRules:
    merge_key = next((fact for fact in info.metadata if isinstance(fact, MergeKey)), None)
    retains_keys = any(isinstance(fact, RetainKeys) for fact in info.metadata)
    return FieldRules(
        merges=merge_key is not None,
        merge_key=merge_key.key if merge_key is not None else "",
        retains_keys=retains_keys,
        schema=_schema_in(info.annotation),
    )


def _schema_in(annotation: Any) -> Schema | None:
    """The model inside X, X | None, list[X], dict[str, X], Annotated[X, …]."""
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is typing.Annotated:
        return _schema_in(arguments[0])
    if origin is dict:
        inner = _schema_in(arguments[1])
        return MapSchema(FieldRules(schema=inner)) if inner is not None else None
    if origin in (list, typing.Union, types.UnionType):
        return next((found for part in arguments if (found := _schema_in(part)) is not None), None)
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return schema_of(annotation)
    return None
