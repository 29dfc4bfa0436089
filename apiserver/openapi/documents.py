"""The OpenAPI documents of a set of kinds: v2 whole, v3 one per group and version.

Mirrors kube-openapi's pkg/handler (v2) and pkg/handler3 (v3, with a hash in each address so that clients may keep the
answer for good). When custom kinds come or go, the server makes a new `OpenAPI`; nothing here changes afterwards.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import orjson

from minik8s.api.scheme import SCHEME, Kind
from minik8s.apiserver.openapi.operations import paths_of
from minik8s.apiserver.openapi.schemas import V2, V3, Definitions, Dialect, Schema, gvk

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_INFO = {"title": "minik8s", "version": "v1.33.0"}


class OpenAPI:
    """The documents; `custom` has the schema of each kind that has no model."""

    def __init__(self, kinds: Iterable[Kind] = SCHEME, custom: Mapping[Kind, Schema] | None = None) -> None:
        self._kinds = list(kinds)
        self._custom = dict(custom or {})
        self._v3: dict[str, bytes] = {}

    @cached_property
    def v2(self) -> dict[str, Any]:
        """The v2 document."""
        definitions = self._definitions(V2, self._kinds)
        paths = paths_of(definitions, iter(self._kinds))
        return {
            "swagger": "2.0",
            "info": _INFO,
            "paths": paths,
            "definitions": dict(sorted(definitions.schemas.items())),
        }

    def v2_json(self) -> bytes:
        return orjson.dumps(self.v2)

    def v2_protobuf(self) -> bytes:
        """The v2 document as `V2_PROTOBUF`."""
        from minik8s.apiserver.openapi.protobuf import encode

        return encode(self.v2)

    @cached_property
    def v3_paths(self) -> list[str]:
        """The v3 documents there are: `api/v1`, `apis/apps/v1` …"""
        return list(dict.fromkeys(_v3_path(kind) for kind in self._kinds))

    def v3_index(self) -> bytes:
        """/openapi/v3: where each document lies, with its hash."""
        addresses = {path: f"/openapi/v3/{path}?hash={self.v3_hash(path)}" for path in self.v3_paths}
        return orjson.dumps({"paths": {path: {"serverRelativeURL": url} for path, url in addresses.items()}})

    def v3_hash(self, path: str) -> str:
        """Changes when the document at `path` does."""
        return hashlib.sha256(self.v3(path)).hexdigest().upper()

    def v3(self, path: str) -> bytes:
        """The v3 document at /openapi/v3/`path`; KeyError where there is none."""
        if path not in self._v3:
            if path not in self.v3_paths:
                raise KeyError(path)
            self._v3[path] = orjson.dumps(self._make_v3(path))
        return self._v3[path]

    def _make_v3(self, path: str) -> dict[str, Any]:
        kinds = [kind for kind in self._kinds if _v3_path(kind) == path]
        definitions = self._definitions(V3, kinds)
        paths = paths_of(definitions, iter(kinds))
        return {
            "openapi": "3.0.0",
            "info": _INFO,
            "paths": paths,
            "components": {"schemas": dict(sorted(definitions.schemas.items()))},
        }

    def _definitions(self, dialect: Dialect, kinds: Iterable[Kind]) -> Definitions:
        from minik8s.api.meta import DeleteOptions, Status

        definitions = Definitions(dialect)
        for kind in kinds:
            if kind in self._custom:
                definitions.add_custom(kind, self._custom[kind])
            elif kind.model is not None:
                definitions.add_kind(kind)
        for model in (DeleteOptions, Status):
            definitions.add_model(model)
        definitions.schemas[f"{_META}.Patch"] = {"description": "A patch, in one of its forms.", "type": "object"}
        groups = dict.fromkeys((kind.group, kind.version) for kind in self._kinds)
        options = [gvk(group, version, "DeleteOptions")[0] for group, version in groups]
        definitions.schemas[f"{_META}.DeleteOptions"]["x-kubernetes-group-version-kind"] = options
        definitions.schemas[f"{_META}.Status"]["x-kubernetes-group-version-kind"] = gvk("", "v1", "Status")
        return definitions


def _v3_path(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"
