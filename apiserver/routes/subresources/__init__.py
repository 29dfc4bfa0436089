"""Subresources that are more than a view of their object: scale, binding, eviction, token, and the kubelet's streams.

Mirrors pkg/registry/core/pod/{rest,storage}, pkg/registry/core/serviceaccount/storage and the scale storages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.http import Request, Response
from minik8s.apiserver.routes.subresources import binding, eviction, kubelet, proxy, scale, token

#: Get, update and patch of these act on the whole object; the strategy decides which part may change.
GENERIC = frozenset({"status", "ephemeralcontainers", "resize", "approval", "finalize"})

HANDLERS: dict[str, Callable[[Any, Request, Resource], Awaitable[Response]]] = {
    "scale": scale.serve,
    "binding": binding.serve,
    "eviction": eviction.serve,
    "token": token.serve,
    "log": kubelet.serve_log,
    "exec": kubelet.serve_stream,
    "attach": kubelet.serve_stream,
    "portforward": kubelet.serve_stream,
    "proxy": proxy.serve,
}
