"""Asking a remote for what it publishes: its resources (which is the availability check), and its OpenAPI documents.

Mirrors the discovery check of remote_available_controller.go and kube-aggregator/pkg/controllers/openapi/aggregator/
downloader.go. Documents are asked for with the ETag of the last answer.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from typing import Any

import orjson

from minik8s.apiserver.aggregation import openapi
from minik8s.apiserver.aggregation.availability import PASSED, Verdict, failed_discovery
from minik8s.apiserver.aggregation.remote import AGGREGATOR, Remote, identity_headers
from minik8s.component import get_logger
from minik8s.serving import Endpoint, open_request

log = get_logger(__name__)
JsonObject = dict[str, Any]
TIMEOUT = 5.0
DOCUMENT_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenAPI v3 document, ready to be sent."""

    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Published:
    """What a remote said last."""

    resources: JsonObject | None = None
    v2: JsonObject | None = None
    v2_etag: str = ""
    v3: Document | None = None


async def probe(remote: Remote, endpoint: Endpoint, before: Published) -> tuple[Verdict, Published]:
    """Whether it answers, and what it publishes now (where it does not answer: as before)."""
    url = f"https://{endpoint.host}:{endpoint.port}{remote.path}"
    try:
        status, _, body = await _get(endpoint, remote.path, TIMEOUT)
        resources = orjson.loads(body) if status == 200 else None
    except (OSError, TimeoutError) as error:
        return failed_discovery(url, f'Get "{url}": {str(error) or "context deadline exceeded"}'), before
    except orjson.JSONDecodeError:
        return failed_discovery(url, "the answer is no JSON"), before
    if not 200 <= status < 300:
        return failed_discovery(url, f"bad status from {url}: {status}"), before
    found = replace(before, resources=resources if isinstance(resources, dict) else None)
    try:
        return PASSED, await _documents(remote, endpoint, found)
    except (OSError, TimeoutError, ValueError, AttributeError, TypeError) as error:
        log.info("a remote's OpenAPI could not be read", name=remote.name, error=repr(error))
        return PASSED, found


async def _documents(remote: Remote, endpoint: Endpoint, before: Published) -> Published:
    found = before
    status, etag, body = await _get(endpoint, "/openapi/v2", DOCUMENT_TIMEOUT, before.v2_etag)
    if status == 200:
        document = await asyncio.to_thread(orjson.loads, body)
        found = replace(found, v2=openapi.select(document, remote.path), v2_etag=etag)
    index_status, _, index = await _get(endpoint, "/openapi/v3", DOCUMENT_TIMEOUT)
    if index_status == 200:
        entry = (orjson.loads(index).get("paths") or {}).get(remote.path.removeprefix("/"))
        if entry:
            v3_status, _, v3 = await _get(endpoint, entry["serverRelativeURL"], DOCUMENT_TIMEOUT)
            if v3_status == 200:
                return replace(found, v3=_document(v3))
    if found.v2 is not None and (found.v3 is None or found.v2 is not before.v2):
        info = {"title": remote.name, "version": remote.version}
        found = replace(found, v3=_document(orjson.dumps(openapi.to_v3(found.v2, info))))
    return found


def _document(body: bytes) -> Document:
    return Document(body, hashlib.sha256(body).hexdigest().upper())


async def _get(endpoint: Endpoint, target: str, timeout: float, etag: str = "") -> tuple[int, str, bytes]:
    """(status, ETag, body)."""
    headers = [(b"accept", b"application/json"), *identity_headers(AGGREGATOR)]
    if etag:
        headers.append((b"if-none-match", etag.encode("latin-1")))
    async with asyncio.timeout(timeout), open_request(endpoint, "GET", target.encode(), headers) as answer:
        tags = [value for name, value in answer.headers if name.lower() == b"etag"]
        return answer.status, tags[0].decode("latin-1") if tags else "", await answer.read()
