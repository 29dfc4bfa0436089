"""A version of a custom resource as a Kind, and how a request's body becomes an object of it.

Mirrors the part of apiextensions-apiserver/pkg/apiserver/customresource_handler.go that makes request scopes and
decoders (schemaCoercingDecoder, unstructuredDefaulter).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from minik8s.api.scheme import Column, Kind, Subresource
from minik8s.api.status import BadRequest
from minik8s.apiserver.extensions.schema.defaulting import default, drop_nulls
from minik8s.apiserver.extensions.schema.object_meta import Malformed, coerce, coerce_metadata
from minik8s.apiserver.extensions.schema.pruning import prune
from minik8s.apiserver.registry.decode import (
    IGNORE,
    STRICT,
    WARN,
    cannot_handle,
    check_type,
    find_duplicates,
    parse_json,
)

if TYPE_CHECKING:
    from minik8s.apiserver.extensions.serving.definition import ServedDefinition

Json = dict[str, Any]
VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
#: Nothing new while the definition goes; finalizers must still be taken off what is there.
VERBS_TERMINATING = tuple(verb for verb in VERBS if verb != "create")
_AGE = Column(
    "Age", "date", description="Time since the object was created, as its creationTimestamp has it.",
    json_path=".metadata.creationTimestamp",
)  # fmt: skip
_COLUMN_ABOUT = "Custom resource definition column (in JSONPath format)"
_NAME = Column("Name", "string", "name", description="Name of the object, unique among those of its kind.")


@dataclass(frozen=True, eq=False)
class CustomKind(Kind):
    """`served` is the definition it belongs to; `version_spec` the version's entry in the definition."""

    served: ServedDefinition = field(default=None, repr=False)  # type: ignore[assignment]
    version_spec: Json = field(default_factory=dict, repr=False)
    list_name: str = ""

    @property
    def list_kind(self) -> str:
        return self.list_name or f"{self.kind}List"

    @property
    def schema(self) -> Json:
        schema: Json = (self.version_spec.get("schema") or {}).get("openAPIV3Schema") or {}
        return schema

    @cached_property
    def stored_head(self) -> bytes:
        """How stored bytes of this version begin (cache/encoding.py puts kind and apiVersion first)."""
        return b'{"kind":"%b","apiVersion":"%b",' % (self.kind.encode(), self.group_version.encode())

    @property
    def deprecation(self) -> str:
        """The warning for requests of a deprecated version; "" where it is not."""
        if not self.version_spec.get("deprecated"):
            return ""
        return self.version_spec.get("deprecationWarning") or f"{self.group_version} {self.kind} is deprecated"

    def decode_body(self, body: bytes, validation: str, warnings: list[str]) -> Json:
        """A request's JSON as an object of this kind (the registry's Decoder)."""
        unknown = find_duplicates(body) if validation != IGNORE else []
        obj = self.prepare(parse_json(body, self), unknown)
        check_type(obj["apiVersion"], obj["kind"], self)
        if unknown and validation == STRICT:
            raise cannot_handle(self, "strict decoding error: " + ", ".join(unknown))
        if validation == WARN:
            warnings += unknown
        if self.deprecation and self.deprecation not in warnings:
            warnings.append(self.deprecation)
        return obj

    def prepare(self, obj: Json, unknown: list[str]) -> Json:
        """A request's object as the schema wants it: metadata coerced, unknown fields dropped, defaults filled.

        What was dropped is told in `unknown`, as strict decoding names it.
        """
        for key in ("kind", "apiVersion"):
            if not obj.get(key):
                raise BadRequest(f"Object '{key[0].upper()}{key[1:]}' is missing in '{json.dumps(obj)}'")
        dropped: list[str] = []
        try:
            obj["metadata"] = coerce_metadata(obj.get("metadata") or {}, "metadata", dropped)
            coerce(obj, self.schema, "", dropped)
        except Malformed as error:
            name = f'{self.kind} in version "{self.version}" cannot be handled as a {self.kind}'
            raise BadRequest(f"{name}: {error}") from None
        dropped += prune(obj, self.schema)
        unknown += [f'unknown field "{path}"' for path in dropped]
        self.fill(obj)
        return obj

    def fill(self, obj: Json) -> None:
        """Defaults, and no nulls where none are allowed."""
        default(obj, self.schema)
        drop_nulls(obj, self.schema)


def make_kind(served: ServedDefinition, definition: Json, version: Json, terminating: bool) -> CustomKind:
    """The Kind of one version."""
    spec = definition["spec"]
    names = (definition.get("status") or {}).get("acceptedNames") or spec["names"]
    group, kind = spec["group"], names["kind"]
    subresources = version.get("subresources") or {}
    table = []
    if subresources.get("status") is not None:
        table.append(Subresource("status", ("get", "patch", "update"), group, version["name"], kind))
    if subresources.get("scale") is not None:
        scale = "minik8s.api.autoscaling.v1:Scale"
        table.append(Subresource("scale", ("get", "patch", "update"), "autoscaling", "v1", "Scale", scale))
    return CustomKind(
        group, version["name"], kind, names["plural"], names.get("singular") or kind.lower(),
        namespaced=spec["scope"] == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=VERBS_TERMINATING if terminating else VERBS,
        columns=columns_of(version),
        subresource_table=tuple(table),
        storage_prefix=f"/registry/{group}/{names['plural']}",
        stored_as=f"{group}/{served.storage_version}",
        served=served,
        version_spec=version,
        list_name=names.get("listKind") or "",
    )  # fmt: skip


def columns_of(version: Json) -> tuple[Column, ...]:
    """Name, then the version's own columns; Age where it has none."""
    own = tuple(
        Column(
            column["name"], column["type"], column.get("format") or "", column.get("priority") or 0,
            column.get("description") or f"{_COLUMN_ABOUT}: {column['jsonPath']}",
            column["jsonPath"],
        )
        for column in version.get("additionalPrinterColumns") or ()
    )  # fmt: skip
    return (_NAME, *(own or (_AGE,)))
