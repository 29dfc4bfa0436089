"""WATCH: a stream of events written straight to the connection.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/watch.go. The cache renders each event once and pushes
the bytes; here the head is sent, the sink is tied to the connection, and the end of either is told to the other.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson

from minik8s.api.status import ApiError, BadRequest, ServiceUnavailable
from minik8s.apiserver.cache.interface import (
    EventSink,
    ResourceExpired,
    ResourceVersionTooLarge,
    View,
    Watch,
    WatchQuery,
)
from minik8s.apiserver.cache.views import JSON_LINES, chunked
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.errors import translate
from minik8s.apiserver.routes.http import JSON, Request, Response, answered
from minik8s.apiserver.routes.listing import parse_fields, parse_labels, parse_number, validate_list_options
from minik8s.apiserver.routes.negotiation import Form
from minik8s.apiserver.routes.views import ConvertedView
from minik8s.serving import ResponseStream

MIN_TIMEOUT = 1800
TABLE_STREAM = b"application/json;stream=watch"


class StreamSink:
    """The cache's side of a connection (cache.interface.EventSink)."""

    def __init__(self, stream: ResponseStream) -> None:
        self._stream = stream
        self.over = asyncio.Event()

    def push(self, chunk: bytes) -> None:
        self._stream.write(chunk)

    def buffered(self) -> int:
        return self._stream.buffered

    async def drain(self) -> None:
        await self._stream.drain()

    def close(self) -> None:
        self.over.set()


def watch_query(request: Request, resource: Resource, form: Form) -> WatchQuery:
    """The cache's query for a request; raises BadRequest or Invalid."""
    query, info = request.query, request.info
    validate_list_options(request, watching=True)
    version = query.get("resourceVersion", "")
    if version and not version.isdigit():
        raise BadRequest(f'Invalid value: "{version}": strconv.ParseUint: parsing "{version}": invalid syntax')
    fields = query.get("fieldSelector", "")
    if info.name:  # /watch/…/name: one object
        fields = f"metadata.name={info.name}" + (f",{fields}" if fields else "")
    initial = query.get("sendInitialEvents")
    timeout = parse_number(request, "timeoutSeconds")
    return WatchQuery(
        view=_view(request, resource, form),
        namespace=info.namespace if resource.kind.namespaced else "",
        label_selector=parse_labels(query.get("labelSelector", "")),
        field_selector=parse_fields(fields, resource),
        resource_version=version,
        send_initial_events=None if initial is None else request.flag("sendInitialEvents"),
        allow_bookmarks=request.flag("allowWatchBookmarks"),
        timeout=timeout if timeout > 0 else MIN_TIMEOUT * (1 + random.random()),
    )


def _view(request: Request, resource: Resource, form: Form) -> View:
    if form.plain and not resource.strategy.converts:
        return resource.plain_view
    return chunked(ConvertedView(resource, form, request.query.get("includeObject", "Metadata") or "Metadata"))


async def watch_objects(request: Request, resource: Resource, form: Form) -> Response:
    """Serve until the client goes, the time is over, or the cache gives the watch up."""
    query = watch_query(request, resource, form)
    if request.connection is None:
        raise ServiceUnavailable("watches need a connection of their own")
    content_type = TABLE_STREAM if form.convert else JSON
    stream = await request.connection.start_stream(request.send, 200, request.stream_headers(content_type))
    sink = StreamSink(stream)
    request.connection.on_disconnect(sink.close)
    try:
        if resource.converts_remotely:
            await _run_converting(resource, query, sink, stream)
        else:
            await _run(resource, query, sink, stream)
    finally:
        request.connection.remove_disconnect(sink.close)
    await stream.end()
    return answered(200)


async def _run_converting(resource: Any, query: WatchQuery, sink: StreamSink, stream: ResponseStream) -> None:
    """Events of the stored version pass a webhook on their way."""
    from minik8s.apiserver.extensions.serving.watching import ConvertingSink

    view, query.view = query.view, JSON_LINES
    converting = ConvertingSink(sink, resource, view)
    try:
        await _run(resource, query, sink, stream, converting)
    finally:
        converting.stop()


async def _run(
    resource: Resource, query: WatchQuery, sink: StreamSink, stream: ResponseStream, target: EventSink | None = None
) -> None:
    starting = asyncio.ensure_future(resource.cache.watch(query, target or sink))
    gone = asyncio.ensure_future(sink.over.wait())
    watch: Watch | None = None
    try:
        await asyncio.wait((starting, gone), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            watch = starting.result()
            await gone
    except (ResourceExpired, ResourceVersionTooLarge) as error:
        stream.write_data(error_event(translate(error)))
    finally:
        starting.cancel()
        gone.cancel()
        if watch is not None:
            watch.stop()


def error_event(error: ApiError) -> bytes:
    """An ERROR event: what a watch says after its head has been sent."""
    return orjson.dumps({"type": "ERROR", "object": error.to_status()}) + b"\n"
