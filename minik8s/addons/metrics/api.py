"""metrics.k8s.io/v1beta1, served: NodeMetrics and PodMetrics, read-only.

Mirrors metrics-server pkg/api/{node,pod}.go. Objects are made when asked for: names and labels from the API server (so
that selectors mean what they mean there), figures from the store. What has no usage yet is left out of lists and not
found by name.

Who may ask: the API server, which shows the front proxy's certificate and has authorized the user already. Anybody may
ask for health. Leaves out: watch, Table output, tokens of clients that come past the API server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson

from minik8s.addons.metrics.usage import Store, Usage, format_cpu, format_memory, format_window
from minik8s.api import core
from minik8s.api.meta import format_time
from minik8s.api.status import ApiError, MethodNotAllowed, NotFound, Unauthorized
from minik8s.client.rest import Client
from minik8s.serving import Receive, Scope, Send, connection_of

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
GROUP_VERSION = f"{GROUP}/{VERSION}"
Json = dict[str, Any]

VERSIONS = {"groupVersion": GROUP_VERSION, "version": VERSION}
API_GROUP: Json = {"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [VERSIONS],
                   "preferredVersion": VERSIONS}  # fmt: skip
RESOURCES: Json = {
    "kind": "APIResourceList",
    "apiVersion": "v1",
    "groupVersion": GROUP_VERSION,
    "resources": [
        {"name": "nodes", "singularName": "", "namespaced": False, "kind": "NodeMetrics", "verbs": ["get", "list"]},
        {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]},
    ],
}


class MetricsApi:
    """The ASGI application."""

    def __init__(self, client: Client, store: Store, allowed_names: frozenset[str], ready: Callable[[], bool]) -> None:
        """`allowed_names`: common names of client certificates that may ask; empty: any that the TLS layer let in."""
        self._client, self._store, self._allowed, self._ready = client, store, allowed_names, ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served here")
        try:
            status, body = await self._answer(scope)
        except ApiError as exc:
            status, body = exc.code, orjson.dumps(exc.to_status())
        kind = b"application/json" if body[:1] == b"{" else b"text/plain; charset=utf-8"
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope) -> tuple[int, bytes]:
        path = scope["path"].rstrip("/")
        if path in ("/healthz", "/livez", "/readyz"):
            well = path != "/readyz" or self._ready()
            return (200, b"ok") if well else (500, b"[-]metric-storage-ready failed: no metrics to serve\n")
        self._authenticate(scope)
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        fixed = {
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [API_GROUP]},
            f"/apis/{GROUP}": API_GROUP,
            f"/apis/{GROUP_VERSION}": RESOURCES,
        }.get(path)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        found = fixed or await self._objects(path, query.get("labelSelector", [""])[0])
        return 200, orjson.dumps(found)

    def _authenticate(self, scope: Scope) -> None:
        connection = connection_of(scope)
        certificate = connection.client_certificate if connection else None
        if certificate is None or (self._allowed and certificate.common_name not in self._allowed):
            raise Unauthorized("Unauthorized")

    async def _objects(self, path: str, selector: str) -> Json:
        match path.removeprefix(f"/apis/{GROUP_VERSION}/").split("/"):
            case ["nodes"]:
                nodes = await self._client.list(core.Node, label_selector=selector)
                return _list("NodeMetrics", [self._node(node) for node in nodes])
            case ["nodes", name]:
                made = self._node(await self._client.get(core.Node, name))
                return made or _absent("nodemetrics", name)
            case ["pods"]:
                return await self._pods("", selector)
            case ["namespaces", namespace, "pods"]:
                return await self._pods(namespace, selector)
            case ["namespaces", namespace, "pods", name]:
                made = self._pod(await self._client.get(core.Pod, name, namespace))
                return made or _absent("podmetrics", f"{namespace}/{name}")
        raise NotFound("the server could not find the requested resource")

    async def _pods(self, namespace: str, selector: str) -> Json:
        running = "status.phase=Running"
        pods = await self._client.list(core.Pod, namespace, label_selector=selector, field_selector=running)
        return _list("PodMetrics", [self._pod(pod) for pod in pods])

    def _node(self, node: core.Node) -> Json | None:
        usage = self._store.node_usage(node.metadata.name or "")
        if usage is None:
            return None
        return {**_head("NodeMetrics", node, usage), "usage": _amounts(usage)}

    def _pod(self, pod: core.Pod) -> Json | None:
        usages = self._store.pod_usage(pod.metadata.namespace or "", pod.metadata.name or "")
        if not usages:
            return None
        containers = [{"name": name, "usage": _amounts(usage)} for name, usage in usages.items()]
        oldest = min(usages.values(), key=lambda usage: usage.time)
        return {**_head("PodMetrics", pod, oldest), "containers": containers}


def _list(kind: str, items: list[Json | None]) -> Json:
    found = [item for item in items if item is not None]
    return {"kind": f"{kind}List", "apiVersion": GROUP_VERSION, "metadata": {}, "items": found}


def _absent(resource: str, name: str) -> Json:
    raise NotFound.of(f"{resource}.{GROUP}", name)


def _head(kind: str, owner: core.Node | core.Pod, usage: Usage) -> Json:
    meta = owner.metadata
    made = {"name": meta.name, "namespace": meta.namespace, "creationTimestamp": format_time(usage.time),
            "labels": meta.labels}  # fmt: skip
    return {
        "kind": kind,
        "apiVersion": GROUP_VERSION,
        "metadata": {name: value for name, value in made.items() if value},
        "timestamp": format_time(usage.time),
        "window": format_window(usage.window),
    }


def _amounts(usage: Usage) -> dict[str, str]:
    return {"cpu": format_cpu(usage.nano_cores), "memory": format_memory(usage.memory)}
