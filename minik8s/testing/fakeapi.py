"""An API server in memory, and a client of it: for unit tests of controllers, kubelet, proxy and scheduler.

`FakeClient` is `rest.Client` with the network taken out, so that everything above the socket is the real thing.
`FakeAPI` knows the verbs, versions and conflicts, selectors, watches with 410, the status subresource, finalizers,
graceful deletion of pods, bindings, evictions, scale. It defaults and validates nothing: component tests have the
real server for that.

    api = FakeAPI(clock)
    client = FakeClient(api)
    api.add(core.Pod(metadata=ObjectMeta(name="web-1", namespace="default")))
    api.faults.fail("POST", "pods", Conflict.of("pods", "x"))
    api.cut_watches()
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from minik8s.api.base import Model
from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.api.status import ApiError, BadRequest, Gone, MethodNotAllowed, NotFound
from minik8s.client.kubeconfig import ClientConfig
from minik8s.client.resources import resolve, resolve_object
from minik8s.client.rest import Body, Client, Response, encode
from minik8s.clock import Clock, SystemClock
from minik8s.testing import fakeverbs
from minik8s.testing.fakestore import Collection, FakeStore, Object, Selection
from minik8s.testing.faults import Faults


@dataclass(slots=True)
class Request:
    """A request, taken apart."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    content_type: str
    collection: Collection
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def group_version(self) -> str:
        return f"{self.collection.group}/{self.version}" if self.collection.group else self.version

    @property
    def selection(self) -> Selection:
        return Selection(
            self.namespace,
            LabelSelector.parse(self.query.get("labelSelector", "")),
            FieldSelector.parse(self.query.get("fieldSelector", "")),
        )


def parse_path(path: str) -> tuple[Collection, str, str, str, str]:
    """(collection, version, namespace, name, subresource) of a resource's path."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise NotFound.path()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    rest += ["", ""]
    return Collection(group, rest[0]), version, namespace, rest[1], rest[2]


@dataclass(slots=True)
class _Streams:
    """Open watches; a generation, so that all can be cut at once."""

    generation: int = 0
    open: int = 0
    wakeups: set[asyncio.Event] = field(default_factory=set)


class FakeAPI:
    """The server. `requests` is every (method, path) that came in."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.store = FakeStore()
        self.faults = Faults()
        self.requests: list[tuple[str, str]] = []
        self.streams = _Streams()

    # -- for tests

    def add(self, obj: Model | Mapping[str, Any], *, target: Any = None) -> Object:
        """Put an object in as it is, status too, past all rules; replaces one of the same name."""
        resource = resolve(target) if target is not None else resolve_object(obj)
        data = orjson.loads(encode(obj))
        data.setdefault("apiVersion", resource.group_version)
        data.setdefault("kind", resource.kind)
        collection = Collection(resource.group, resource.plural)
        meta = data.setdefault("metadata", {})
        if resource.namespaced:
            meta.setdefault("namespace", "default")
        before = self.store.get(collection, meta.get("namespace") or "", meta["name"])
        fakeverbs.stamp(data, self.clock.now(), before)
        return self.store.put(collection, data)

    def remove(self, target: Any, name: str, namespace: str = "") -> None:
        """Take an object out at once, finalizers or not."""
        resource = resolve(target)
        self.store.remove(Collection(resource.group, resource.plural), namespace, name)

    def get(self, target: Any, name: str, namespace: str = "") -> Any:
        """An object, as the target's type, or None."""
        resource = resolve(target)
        found = self.store.get(Collection(resource.group, resource.plural), namespace, name)
        return None if found is None else _typed(target, found)

    def objects(self, target: Any, namespace: str = "") -> list[Any]:
        """All objects of a resource, as the target's type."""
        resource = resolve(target)
        found = self.store.select(Collection(resource.group, resource.plural), Selection(namespace))
        return [_typed(target, obj) for obj in found]

    def count(self, method: str, resource: str = "") -> int:
        """Requests of a method that came in for a resource (`pods`, `pods/status`)."""
        from minik8s.testing.faults import Fault

        probe = Fault(method, resource)
        return sum(probe.matches(seen, path) for seen, path in self.requests)

    def cut_watches(self) -> None:
        """Break every open watch, as a lost connection does."""
        self.streams.generation += 1
        for event in self.streams.wakeups:
            event.set()

    def expire_watches(self) -> None:
        """Compact the history and cut: who resumes gets 410 Gone and must list again."""
        self.store.version += 1  # or a watcher that has seen everything could resume
        self.store.compact()
        self.cut_watches()

    # -- the server

    def handle(self, request: Request) -> tuple[int, Object]:
        """One request that is not a watch."""
        if request.subresource:
            return 200, fakeverbs.subresource(self.store, request, self.clock.now())
        match request.method:
            case "GET":
                return 200, self._get(request) if request.name else self._list(request)
            case "POST":
                return 201, fakeverbs.create(self.store, request, self.clock.now())
            case "PUT":
                return 200, fakeverbs.update(self.store, request)
            case "PATCH":
                return 200, fakeverbs.patch(self.store, request, self.clock.now())
            case "DELETE" if request.name:
                return 200, fakeverbs.delete(self.store, request, self.clock.now())
            case "DELETE":
                return 200, self._delete_collection(request)
        raise MethodNotAllowed()

    def _get(self, request: Request) -> Object:
        return fakeverbs.existing(self.store, request)

    def _list(self, request: Request) -> Object:
        items = self.store.select(request.collection, request.selection)
        limit, start = int(request.query.get("limit") or 0), int(request.query.get("continue") or 0)
        meta: dict[str, Any] = {"resourceVersion": str(self.store.version)}
        page = items[start : start + limit] if limit else items[start:]
        if start + len(page) < len(items):
            meta |= {"continue": str(start + len(page)), "remainingItemCount": len(items) - start - len(page)}
        kind = fakeverbs.kind_name(request.collection, request.version)
        return {"kind": f"{kind}List", "apiVersion": request.group_version, "metadata": meta, "items": page}

    def _delete_collection(self, request: Request) -> Object:
        for obj in self.store.select(request.collection, request.selection):
            one = copy.copy(request)
            one.namespace, one.name = obj["metadata"].get("namespace") or "", obj["metadata"]["name"]
            fakeverbs.delete(self.store, one, self.clock.now())
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

    async def watch(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The lines of a watch, for ever."""
        selection, generation = request.selection, self.streams.generation
        version = request.query.get("resourceVersion", "")
        initial = request.query.get("sendInitialEvents") == "true" or version in ("", "0")
        after = self.store.version if initial else int(version)
        if after < self.store.compacted:
            gone = Gone.too_old(after, self.store.compacted)
            yield _line("ERROR", gone.to_status())
            return
        if initial:
            for obj in self.store.select(request.collection, selection):
                yield _line("ADDED", obj)
        if request.query.get("sendInitialEvents") == "true":
            yield _line("BOOKMARK", _bookmark(request, after))
        changed = asyncio.Event()
        self.store.subscribe(changed)
        self.streams.wakeups.add(changed)
        self.streams.open += 1
        try:
            while True:
                changed.clear()
                news, after = list(self.store.events(request.collection, selection, after)), self.store.version
                for kind, obj in news:
                    yield _line(kind, obj)
                if generation != self.streams.generation:
                    raise ConnectionResetError("watch cut by the test")
                await changed.wait()
        finally:
            self.streams.open -= 1
            self.store.unsubscribe(changed)
            self.streams.wakeups.discard(changed)


class FakeClient(Client):
    """`rest.Client` on a FakeAPI."""

    def __init__(
        self, api: FakeAPI | None = None, clock: Clock | None = None, user_agent: str = "minik8s-test"
    ) -> None:
        self.api = api or FakeAPI(clock)
        super().__init__(ClientConfig("http://fake"), user_agent, clock or self.api.clock)

    async def _send(self, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Response:
        await asyncio.sleep(0)
        try:
            fault = await self._faults(method, target)
            status, document = self.api.handle(_parse(method, target, headers, data))
            if fault:
                raise fault
        except ApiError as error:
            retry = {"retry-after": str(error.retry_after)} if error.retry_after else {}
            return Response(error.code, retry, orjson.dumps(error.to_status()))
        return Response(status, {}, orjson.dumps(document))

    async def stream_chunks(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(0)
        await self._faults("WATCH", path)
        target = path + "?" + "&".join(f"{k}={_quoted(v)}" for k, v in (query or {}).items() if v not in ("", None))
        lines = self.api.watch(_parse(method, target, {}, b""))
        try:
            async for line in lines:
                yield line
        finally:
            await lines.aclose()

    async def _faults(self, method: str, target: str) -> Exception | None:
        """Apply what is planned; gives back an error that is to come after the write."""
        path = urlsplit(target).path
        self.api.requests.append((method, path))
        if self.api.faults.down:
            raise ConnectionRefusedError("the fake API server is down")
        fault = self.api.faults.take(method, path)
        if fault is None:
            return None
        if fault.seconds:
            await self.clock.sleep(fault.seconds)
        if fault.error is not None and not fault.after:
            raise fault.error
        return fault.error


def _parse(method: str, target: str, headers: Mapping[str, str], data: bytes) -> Request:
    url = urlsplit(target)
    collection, version, namespace, name, subresource = parse_path(url.path)
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    try:
        body = orjson.loads(data) if data else None
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the object provided is unrecognized: {error}") from None
    content_type = headers.get("Content-Type", "application/json")
    return Request(method, url.path, query, body, content_type, collection, version, namespace, name, subresource)


def _quoted(value: Any) -> str:
    from urllib.parse import quote

    return quote(str(value), safe="")


def _line(kind: str, obj: Object) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), orjson.dumps(obj))


def _bookmark(request: Request, version: int) -> Object:
    return {
        "kind": fakeverbs.kind_name(request.collection, request.version),
        "apiVersion": request.group_version,
        "metadata": {
            "resourceVersion": str(version),
            "annotations": {"k8s.io/initial-events-end": "true"},
        },
    }


def _typed(target: Any, obj: Object) -> Any:
    return target.from_dict(obj) if isinstance(target, type) and issubclass(target, Model) else obj
