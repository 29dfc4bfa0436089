"""The API client: Kubernetes' verbs, typed by model class, over our small HTTP.

Mirrors client-go's rest.Request and its typed and dynamic clients. Every verb takes a target: a model class (answers
are models), or a `scheme.Kind` or `Resource` (answers are dicts). A failure is an `ApiError` when the server said so,
an `OSError` (ConnectionError, TimeoutError, ssl.SSLError) when there was no answer: `except (ApiError, OSError)` is
all.

A 429, or a 5xx with Retry-After, is waited out and sent again up to ten times, as client-go does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack, overload
from urllib.parse import urlencode

import orjson

from minik8s.api.base import Model
from minik8s.api.scheme import Kind
from minik8s.api.status import ApiError, from_response, from_status
from minik8s.client.http import Exchange, Pool
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.resources import Resource, resolve, resolve_object
from minik8s.clock import Clock, SystemClock

M = TypeVar("M", bound=Model)
T = TypeVar("T")
Body = bytes | Mapping[str, Any] | list[Any] | Model | None
Untyped = Kind | Resource
PatchBody = dict[str, Any] | list[Any]
Resources = list[Resource]
PatchType = Literal["merge", "strategic", "json", "apply"]

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
PAGE_SIZE = 500
MAX_RETRIES = 10
TOKEN_MAX_AGE = 60.0  # the kubelet rotates the file; client-go reads it again once a minute too


class ListOptions(TypedDict, total=False):
    """What `list` takes besides the namespace."""

    label_selector: str
    field_selector: str
    limit: int
    continue_: str
    resource_version: str
    resource_version_match: str


_LIST_PARAMETERS = {
    "label_selector": "labelSelector", "field_selector": "fieldSelector", "limit": "limit", "continue_": "continue",
    "resource_version": "resourceVersion", "resource_version_match": "resourceVersionMatch",
}  # fmt: skip


@dataclass(slots=True)
class Response:
    """A raw answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class ObjectList(Generic[T]):
    """What `list` gives: iterate over it, or take its parts."""

    items: list[T]
    resource_version: str = ""
    continue_: str = ""
    remaining_item_count: int | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(slots=True)
class _Token:
    """A bearer token, read again from its file once it may have been rotated."""

    value: str
    file: str
    read_at: float = field(default=float("-inf"))

    def current(self, now: float) -> str:
        if self.file and now - self.read_at > TOKEN_MAX_AGE:
            self.value = Path(self.file).read_text().strip()
            self.read_at = now
        return self.value


class Client:
    """A client of one API server. Cheap to make; close it, or use `async with`."""

    def __init__(
        self,
        config: ClientConfig,
        user_agent: str = "minik8s",
        clock: Clock | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.user_agent = user_agent
        self.timeout = timeout
        self._token = _Token(config.token, config.token_file)
        self._pool: Pool | None = None

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; the client opens new ones if it is used again."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    # -- raw

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        check: bool = True,
    ) -> Response:
        """One request and its whole answer. Raises ApiError from 400 on, unless `check` is False."""
        target, all_headers, data = _target(path, query), self._headers(headers, body), encode(body)
        for attempt in range(MAX_RETRIES + 1):
            async with asyncio.timeout(timeout or self.timeout):
                response = await self._send(method, target, all_headers, data)
            wait = _retry_after(response)
            if wait is None or attempt == MAX_RETRIES:
                break
            await self.clock.sleep(wait)
        if check and response.status >= 400:
            raise error_of(response)
        return response

    async def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an answer as they come (a watch, a followed log), without their newline."""
        tail: list[bytes] = []  # pieces of a line whose end has not come
        async with aclosing(self.stream_chunks(method, path, query, body, headers)) as pieces:
            async for piece in pieces:
                *lines, rest = piece.split(b"\n")
                if lines and tail:
                    lines[0] = b"".join([*tail, lines[0]])
                    tail = []
                if rest:
                    tail.append(rest)
                for line in lines:
                    yield line
        if tail:
            yield b"".join(tail)

    async def stream_chunks(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """The pieces of an answer as they come."""
        async with asyncio.timeout(self.timeout):
            exchange = await self._exchange(method, _target(path, query), self._headers(headers, body), encode(body))
        try:
            if exchange.status >= 400:
                raise error_of(Response(exchange.status, exchange.headers, await exchange.read()))
            while piece := await exchange.chunk():
                yield piece
        finally:
            exchange.close()

    async def _send(self, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Response:
        exchange = await self._exchange(method, target, headers, data)
        try:
            return Response(exchange.status, exchange.headers, await exchange.read())
        finally:
            exchange.close()

    async def _exchange(self, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Exchange:
        if self._pool is None:
            self._pool = Pool(self.config.server, self.config.ssl_context(), self.config.tls_server_name)
        return await self._pool.exchange(method, target, headers, data)

    def _headers(self, extra: Mapping[str, str] | None, body: Body) -> dict[str, str]:
        headers = {"User-Agent": self.user_agent, "Accept": "application/json"}
        token = self._token.current(time.monotonic())
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if extra:
            headers.update(extra)
        return headers

    # -- reading

    @overload
    async def get(self, target: type[M], name: str, namespace: str = "") -> M: ...

    @overload
    async def get(self, target: Untyped, name: str, namespace: str = "") -> dict[str, Any]: ...

    async def get(self, target: Any, name: str, namespace: str = "") -> Any:
        """One object. NotFound if it is not there."""
        response = await self.request("GET", resolve(target).path(namespace, name))
        return decode(target, response.body)

    async def get_subresource(self, target: Any, name: str, namespace: str, subresource: str) -> dict[str, Any]:
        """A subresource that is JSON, like `scale`."""
        response = await self.request("GET", resolve(target).path(namespace, name, subresource))
        return _dict(response.body)

    @overload
    async def list(self, target: type[M], namespace: str = "", **options: Unpack[ListOptions]) -> ObjectList[M]: ...

    @overload
    async def list(
        self, target: Untyped, namespace: str = "", **options: Unpack[ListOptions]
    ) -> ObjectList[dict[str, Any]]: ...

    async def list(self, target: Any, namespace: str = "", **options: Unpack[ListOptions]) -> Any:
        """The objects of a namespace, or of all when it is empty. Options: see ListOptions."""
        resource = resolve(target)
        query = {_LIST_PARAMETERS[name]: value for name, value in options.items() if value}
        response = await self.request("GET", resource.path(namespace), query)
        return _decode_list(target, resource, response.body)

    async def list_all(self, target: Any, namespace: str = "", **options: Unpack[ListOptions]) -> ObjectList[Any]:
        """`list`, page by page, to its end."""
        options.setdefault("limit", PAGE_SIZE)
        result: ObjectList[Any] = await self.list(target, namespace, **options)
        options.pop("resource_version", None)  # the token carries it
        while result.continue_:
            options["continue_"] = result.continue_
            page = await self.list(target, namespace, **options)
            result = ObjectList([*result.items, *page.items], page.resource_version, page.continue_)
        return result

    # -- writing

    @overload
    async def create(self, obj: M, *, namespace: str = "", field_manager: str = "") -> M: ...

    @overload
    async def create(
        self, obj: Mapping[str, Any], *, target: Untyped | None = None, namespace: str = "", field_manager: str = ""
    ) -> dict[str, Any]: ...

    async def create(
        self, obj: Any, *, target: Any = None, namespace: str = "", field_manager: str = "", dry_run: bool = False
    ) -> Any:
        """POST; the answer is the object as stored."""
        resource = resolve(target) if target is not None else resolve_object(obj)
        query = {"fieldManager": field_manager, "dryRun": "All" if dry_run else ""}
        response = await self.request(
            "POST", resource.path(namespace or _namespace(obj)), query, _stamped(obj, resource)
        )
        return _decode_like(obj, response.body)

    async def update(self, obj: T, *, target: Any = None, subresource: str = "", field_manager: str = "") -> T:
        """PUT, compare-and-swap by the object's resourceVersion: Conflict if it changed meanwhile."""
        resource = resolve(target) if target is not None else resolve_object(obj)  # type: ignore[arg-type]
        path = resource.path(_namespace(obj), _name(obj), subresource)
        response = await self.request("PUT", path, {"fieldManager": field_manager}, _stamped(obj, resource))
        updated: T = _decode_like(obj, response.body)
        return updated

    async def update_status(self, obj: T, *, target: Any = None, field_manager: str = "") -> T:
        """PUT of the status subresource, compare-and-swap likewise."""
        return await self.update(obj, target=target, subresource="status", field_manager=field_manager)

    @overload
    async def patch(
        self, target: type[M], name: str, namespace: str, body: PatchBody, type: PatchType = "merge",
        subresource: str = "", field_manager: str = "", force: bool = False,
    ) -> M: ...  # fmt: skip

    @overload
    async def patch(
        self, target: Untyped, name: str, namespace: str, body: PatchBody, type: PatchType = "merge",
        subresource: str = "", field_manager: str = "", force: bool = False,
    ) -> dict[str, Any]: ...  # fmt: skip

    async def patch(
        self, target: Any, name: str, namespace: str, body: Any, type: PatchType = "merge", subresource: str = "",
        field_manager: str = "", force: bool = False,
    ) -> Any:  # fmt: skip
        """PATCH; put metadata.resourceVersion (or uid) into the body to make it compare-and-swap."""
        query = {"fieldManager": field_manager, "force": "true" if force else ""}
        if type == "apply" and not field_manager:
            query["fieldManager"] = self.user_agent
        path = resolve(target).path(namespace, name, subresource)
        response = await self.request("PATCH", path, query, body, {"Content-Type": PATCH_TYPES[type]})
        return decode(target, response.body)

    async def delete(
        self,
        target: Any,
        name: str,
        namespace: str = "",
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_period_seconds: int | None = None,
        propagation_policy: str | None = None,
    ) -> dict[str, Any]:
        """DELETE, with preconditions if given; the answer is the object or a Status."""
        options = _delete_options(uid, resource_version, grace_period_seconds, propagation_policy)
        response = await self.request("DELETE", resolve(target).path(namespace, name), body=options)
        return _dict(response.body)

    async def delete_collection(
        self,
        target: Any,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        grace_period_seconds: int | None = None,
        propagation_policy: str | None = None,
    ) -> dict[str, Any]:
        """DELETE of everything that the selectors match."""
        options = _delete_options(None, None, grace_period_seconds, propagation_policy)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector}
        response = await self.request("DELETE", resolve(target).path(namespace), query, options)
        return _dict(response.body)

    async def create_subresource(
        self, target: Any, name: str, namespace: str, subresource: str, obj: Body
    ) -> dict[str, Any]:
        """POST to a subresource: `binding`, `eviction`, `token`."""
        response = await self.request("POST", resolve(target).path(namespace, name, subresource), body=obj)
        return _dict(response.body)

    async def update_subresource(
        self, target: Any, name: str, namespace: str, subresource: str, obj: Body
    ) -> dict[str, Any]:
        """PUT to a subresource whose object is of another kind: `scale`, `finalize`, `approval`."""
        response = await self.request("PUT", resolve(target).path(namespace, name, subresource), body=obj)
        return _dict(response.body)

    async def discover(self, *, strict: bool = False) -> Resources:
        """Every resource that the server has now, custom ones too, at each group's preferred version.

        A group whose own server is away is left out; with `strict` that is a ServiceUnavailable.
        """
        from minik8s.client.discovery import discover

        return await discover(self, strict)


def encode(body: Body) -> bytes:
    """The bytes of a request body."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, Model):
        return body.to_json()
    return orjson.dumps(body)


def decode(target: Any, raw: bytes) -> Any:
    """An object as the target's type: a model for a model class, else a dict."""
    if isinstance(target, type) and issubclass(target, Model):
        return target.from_json(raw)
    return orjson.loads(raw)


def error_of(response: Response) -> ApiError:
    """The ApiError of an answer, whether its body is a Status or not."""
    try:
        status = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        status = None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return from_response(response.status, response.body[:1024].decode("utf-8", "replace").strip())
    status.setdefault("code", response.status)
    return from_status(status)


def _target(path: str, query: Mapping[str, Any] | None) -> str:
    chosen = {key: value for key, value in (query or {}).items() if value is not None and value != ""}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def _retry_after(response: Response) -> float | None:
    if response.status != 429 and response.status < 500:
        return None
    value = response.headers.get("retry-after", "")
    if not value.isdigit() or _is_eviction_refusal(response):
        return None
    return float(value)


def _is_eviction_refusal(response: Response) -> bool:
    """A disruption budget's 429 is an answer for the caller, who knows better when to ask again."""
    return response.status == 429 and b"DisruptionBudget" in response.body


def _dict(raw: bytes) -> dict[str, Any]:
    value = orjson.loads(raw) if raw else {}
    return value if isinstance(value, dict) else {"value": value}


def _decode_like(obj: Any, raw: bytes) -> Any:
    return type(obj).from_json(raw) if isinstance(obj, Model) else orjson.loads(raw)


def _decode_list(target: Any, resource: Resource, raw: bytes) -> ObjectList[Any]:
    document = orjson.loads(raw)
    items: list[Any] = document.get("items") or []
    if isinstance(target, type) and issubclass(target, Model):
        items = [target.from_dict(item) for item in items]
    else:
        for item in items:  # a list's items say neither kind nor version upstream
            item.setdefault("apiVersion", resource.group_version)
            item.setdefault("kind", resource.kind)
    meta = document.get("metadata") or {}
    return ObjectList(
        items, str(meta.get("resourceVersion") or ""), meta.get("continue") or "", meta.get("remainingItemCount")
    )


def _stamped(obj: Any, resource: Resource) -> Body:
    if isinstance(obj, Model):
        return {"apiVersion": resource.group_version, "kind": resource.kind, **obj.to_dict()}
    return dict(obj)


def _namespace(obj: Any) -> str:
    if isinstance(obj, Model):
        return getattr(obj, "metadata").namespace or ""  # noqa: B009 - every root kind has it, Model does not say so
    return (obj.get("metadata") or {}).get("namespace") or ""


def _name(obj: Any) -> str:
    if isinstance(obj, Model):
        return str(getattr(obj, "metadata").name)  # noqa: B009
    return str(obj["metadata"]["name"])


def _delete_options(
    uid: str | None, resource_version: str | None, grace: int | None, propagation: str | None
) -> dict[str, Any] | None:
    options: dict[str, Any] = {}
    preconditions = {"uid": uid, "resourceVersion": resource_version}
    if uid or resource_version:
        options["preconditions"] = {key: value for key, value in preconditions.items() if value}
    if grace is not None:
        options["gracePeriodSeconds"] = grace
    if propagation is not None:
        options["propagationPolicy"] = propagation
    return {"apiVersion": "v1", "kind": "DeleteOptions", **options} if options else None
