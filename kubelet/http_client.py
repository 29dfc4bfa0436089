"""One HTTP GET, for probes and lifecycle hooks.

Mirrors upstream pkg/probe/http: any certificate is accepted, redirects to another host are not followed (the probe then
succeeds with a warning), at most 10 KiB of the body are read. On asyncio streams: a probe must not cost a connection
pool, and each one wants a connection of its own.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

MAX_BODY = 10 * 1024
MAX_REDIRECTS = 10


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    body: str
    #: a redirect that led to another host and was not followed
    elsewhere: str = ""


class HttpFailure(Exception):
    """No answer: refused, timed out, or not HTTP."""


async def get(url: str, headers: list[tuple[str, str]], timeout: float) -> HttpAnswer:
    try:
        return await asyncio.wait_for(_follow(url, headers), timeout)
    except TimeoutError as exc:
        message = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        raise HttpFailure(f'Get "{url}": {message}') from exc
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as exc:
        raise HttpFailure(f'Get "{url}": {_explain(url, exc)}') from exc


def _explain(url: str, exc: Exception) -> str:
    if isinstance(exc, ConnectionRefusedError):
        parts = urlsplit(url)
        return f"dial tcp {parts.hostname}:{parts.port}: connect: connection refused"
    if isinstance(exc, asyncio.IncompleteReadError):
        return "EOF"
    return str(exc)


async def _follow(url: str, headers: list[tuple[str, str]]) -> HttpAnswer:
    host = urlsplit(url).hostname
    for _ in range(MAX_REDIRECTS):
        status, location, body = await _once(url, headers)
        if status not in (301, 302, 303, 307, 308) or not location:
            return HttpAnswer(status, body)
        url = urljoin(url, location)
        if urlsplit(url).hostname != host:
            return HttpAnswer(status, body, elsewhere=url)
    raise ValueError("stopped after 10 redirects")


async def _once(url: str, headers: list[tuple[str, str]]) -> tuple[int, str, str]:
    parts = urlsplit(url)
    context = _any_certificate() if parts.scheme == "https" else None
    port = parts.port or (443 if context else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        writer.write(_request(parts.path or "/", parts.query, _host(parts.netloc), headers))
        await writer.drain()
        status, fields = await _head(reader)
        return status, fields.get("location", ""), await _body(reader, fields)
    finally:
        writer.close()


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2]


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _request(path: str, query: str, host: str, headers: list[tuple[str, str]]) -> bytes:
    given = {name.lower() for name, _ in headers}
    lines = [f"GET {path}{'?' + query if query else ''} HTTP/1.1"]
    defaults = (("Host", host), ("User-Agent", "kube-probe/1.33"), ("Accept", "*/*"), ("Connection", "close"))
    lines += [f"{name}: {value}" for name, value in defaults if name.lower() not in given]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *rest = text.split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/"):
        raise ValueError(f'malformed HTTP response "{first}"')
    fields = (line.partition(":") for line in rest if ":" in line)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in fields}


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> str:
    length = fields.get("content-length")
    if "chunked" in fields.get("transfer-encoding", ""):
        data = await _chunks(reader)
    elif length is not None:
        data = await _up_to(reader, min(int(length), MAX_BODY))
    else:
        data = await _up_to(reader, MAX_BODY)
    return data.decode("utf-8", "replace")


async def _up_to(reader: asyncio.StreamReader, limit: int) -> bytes:
    data = b""
    while len(data) < limit:
        piece = await reader.read(limit - len(data))
        if not piece:
            break
        data += piece
    return data


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    data = b""
    while len(data) < MAX_BODY:
        size = int((await reader.readline()).split(b";")[0] or b"0", 16)
        if not size:
            break
        data += await reader.readexactly(size)
        await reader.readline()
    return data[:MAX_BODY]
