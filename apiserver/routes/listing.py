"""LIST: selectors, pages, versions; ready segments for the plain form.

Mirrors staging/src/k8s.io/apiserver/pkg/endpoints/handlers/get.go (ListResource) and
apimachinery/pkg/apis/meta/internalversion/validation. A long list is sent 100 objects at a time, and the loop is
yielded in between, so that a GET beside it need not wait (design §4).
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from minik8s.api.selectors import FieldSelector, LabelSelector
from minik8s.api.status import BadRequest, FieldError, Invalid
from minik8s.apiserver.cache.interface import ListPage, ListQuery
from minik8s.apiserver.registry.resources import Resource
from minik8s.apiserver.routes.http import JSON, NO_CACHE, Request, Response, answered
from minik8s.apiserver.routes.negotiation import Form
from minik8s.apiserver.routes.views import convert_list

YAML = b"application/yaml"
SEGMENT = 100


def parse_labels(text: str) -> LabelSelector | None:
    """None where everything is selected."""
    if not text:
        return None
    try:
        selector = LabelSelector.parse(text)
    except ValueError as error:
        raise BadRequest(
            f"unable to parse requirement: {error}" if "unable to parse" not in str(error) else str(error)
        ) from None
    return selector if selector.requirements else None


def parse_fields(text: str, resource: Resource) -> FieldSelector | None:
    """None where everything is selected; 400 for a field that the kind cannot be selected by."""
    if not text:
        return None
    try:
        selector = FieldSelector.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    for requirement in selector.requirements:
        if not resource.strategy.supports_field(requirement.field):
            raise BadRequest(f"field label not supported: {requirement.field}")
    return selector if selector.requirements else None


def parse_number(request: Request, name: str) -> int:
    text = request.query.get(name)
    if not text:
        return 0
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def validate_list_options(request: Request, watching: bool) -> None:
    """ValidateListOptions: which of the options that concern versions go together."""
    query = request.query
    match, version, page = (query.get(key, "") for key in ("resourceVersionMatch", "resourceVersion", "continue"))
    errors: list[FieldError] = []
    initial = query.get("sendInitialEvents")
    if initial is not None:
        errors += _initial_events_errors(request, watching, match)
    elif match:
        errors += _match_errors(watching, match, version, page)
    if errors:
        raise Invalid.of("ListOptions", "", errors, "meta.k8s.io")


def _match_errors(watching: bool, match: str, version: str, page: str) -> list[FieldError]:
    errors, field = [], "resourceVersionMatch"
    if watching:
        errors.append(FieldError.forbidden(field, "resourceVersionMatch is forbidden for watch"))
    if not version:
        text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        errors.append(FieldError.forbidden(field, text))
    if page:
        errors.append(FieldError.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
    if match not in ("Exact", "NotOlderThan"):
        errors.append(FieldError.not_supported(field, match, ["Exact", "NotOlderThan", ""]))
    if match == "Exact" and version == "0":
        text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        errors.append(FieldError.forbidden(field, text))
    return errors


def _initial_events_errors(request: Request, watching: bool, match: str) -> list[FieldError]:
    if not watching:
        return [FieldError.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")]
    if match != "NotOlderThan":
        text = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        return [FieldError.forbidden("resourceVersionMatch", text)]
    return []


def list_query(request: Request, resource: Resource) -> ListQuery:
    """The cache's query for a request."""
    query = request.query
    if not query and not request.info.name:
        return ListQuery(namespace=request.info.namespace if resource.kind.namespaced else "")
    validate_list_options(request, watching=False)
    return ListQuery(
        namespace=request.info.namespace if resource.kind.namespaced else "",
        label_selector=parse_labels(query.get("labelSelector", "")),
        field_selector=parse_fields(query.get("fieldSelector", ""), resource),
        limit=max(parse_number(request, "limit"), 0),
        continue_token=query.get("continue", ""),
        resource_version=query.get("resourceVersion", ""),
        resource_version_match=query.get("resourceVersionMatch", ""),
    )


def list_metadata(page: ListPage) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(page.resource_version)}
    if page.continue_token:
        metadata["continue"] = page.continue_token
    if page.remaining_item_count is not None:
        metadata["remainingItemCount"] = page.remaining_item_count
    return metadata


async def list_objects(request: Request, resource: Resource, form: Form) -> Response:
    """The answer to a LIST."""
    page = await resource.cache.list(list_query(request, resource))
    return await respond_list(request, resource, form, page)


async def respond_list(request: Request, resource: Resource, form: Form, page: ListPage) -> Response:
    metadata = list_metadata(page)
    if not form.plain or not resource.as_is(page.entries):
        include = request.query.get("includeObject", "Metadata") or "Metadata"
        body = convert_list(resource, await resource.load_all(page.entries), metadata, form, include)
        return Response(200, body, YAML if form.yaml else JSON)
    kind = resource.kind
    head = b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
        kind.list_kind.encode(), kind.group_version.encode(), orjson.dumps(metadata),
    )  # fmt: skip
    if len(page.entries) <= SEGMENT:
        return Response(200, b"".join((head, *page.segments(), b"]}")))
    return await _send_segments(request, page, head)


async def _send_segments(request: Request, page: ListPage, head: bytes) -> Response:
    length = len(head) + 2 + sum([len(entry.data) for entry in page.entries]) + len(page.entries) - 1
    headers = [
        (b"audit-id", request.audit_id),
        NO_CACHE,
        (b"content-type", JSON),
        (b"content-length", str(length).encode()),
    ]
    send = request.send
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if request.method == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return answered(200)
    for segment in page.segments():
        await send({"type": "http.response.body", "body": head + segment if head else segment, "more_body": True})
        head = b""
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"]}"})
    return answered(200)
