"""Admission of requests that are no plain write of their resource: streams (CONNECT), evictions, bindings, tokens.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/{create,rest}.go (createHandler, ConnectResource): the
object that admission sees is the request's body, or, for a stream, its options.
"""

from __future__ import annotations

from typing import Any

from minik8s.apiserver.admission.base import CREATE
from minik8s.apiserver.registry.interface import Context
from minik8s.apiserver.registry.write import attributes

JsonObject = dict[str, Any]


async def admit(ctx: Context, body: JsonObject, operation: str = CREATE, old: JsonObject | None = None) -> None:
    """Both steps of admission; ``body`` may be changed. ``ctx.subresource`` says what it is the body of."""
    registry: Any = ctx.registry
    attrs = attributes(ctx, operation, body, old)
    await registry.admission.mutate(attrs)
    await registry.admission.validate(attrs)
