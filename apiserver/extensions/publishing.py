"""A custom resource's schema as OpenAPI publishes it: for `kubectl explain` and for checks on the client's side.

Mirrors apiextensions-apiserver/pkg/controller/openapi/builder. Rules that only the server can check (x-kubernetes-
validations) go along in v3; openapi/schemas.py leaves out what v2 cannot say. A schema that keeps all unknown fields at
its root is published without fields in v2, since kubectl would refuse those that are not named.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.extensions.serving.kind import CustomKind

Json = dict[str, Any]


def published(kind: CustomKind) -> Json:
    """The schema for one version."""
    return kind.schema or {"type": "object"}
