"""The HTTPS call to a webhook: who answers, over which connection, how long; failures in the words of Go's client.

Mirrors staging/src/k8s.io/apiserver/pkg/util/webhook/client.go (ClientManager). Connections are kept per address and
trust (CA bundle and server name); a call is one POST with a JSON body and its answer's body.

Invariants: the server's certificate is always verified, against the configuration's caBundle or else the system's
authorities, for the name ``<service>.<namespace>.svc`` or the URL's host; a call never outlives its timeout; nothing
of a body reaches a log. A POST is sent twice only where a kept connection turned out to be closed before any answer.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from minik8s.api.status import ApiError
from minik8s.apiserver.registry.interface import Registry
from minik8s.apiserver.webhooks.services import Address, resolve
from minik8s.client.http import Exchange, Pool

JsonObject = dict[str, Any]
MAX_POOLS = 64
MAX_ANSWER = 8 << 20
HEADERS = {"User-Agent": "kube-apiserver-admission", "Accept": "application/json", "Content-Type": "application/json"}
UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
"OpenSSL's X509_V_ERR codes that Go calls an unknown authority."


class CallError(Exception):
    """The webhook gave no usable answer; the text is Go's."""


@dataclass(frozen=True, slots=True)
class Target:
    """A client configuration, read: where to, with which name and trust."""

    url: str  #: as messages show it: https://svc.ns.svc:443/path
    authority: str
    path: str
    host: str
    port: int
    service: tuple[str, str] | None = None
    ca_bundle: str = ""

    @property
    def server_name(self) -> str:
        return f"{self.service[1]}.{self.service[0]}.svc" if self.service else self.host


def parse_target(config: JsonObject) -> Target:
    """A WebhookClientConfig as a Target."""
    ca_bundle = config.get("caBundle") or ""
    service = config.get("service")
    if service is None:
        url = config.get("url") or ""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(url, parts.netloc, path, parts.hostname or "", parts.port or 443, None, ca_bundle)
    namespace, name = service["namespace"], service["name"]
    port, path = service.get("port") or 443, service.get("path") or "/"
    authority = f"{name}.{namespace}.svc:{port}"
    path = path if path.startswith("/") else f"/{path}"
    return Target(f"https://{authority}{path}", authority, path, "", port, (namespace, name), ca_bundle)


class AddressPool(Pool):
    """Connections to one address, whatever name its URL has."""

    def __init__(self, authority: str, address: Address, tls: ssl.SSLContext, server_name: str) -> None:
        super().__init__(f"https://{authority}", tls, server_name, max_idle=25)
        self.host, self.port = address.host, address.port


class WebhookClient:
    """One per server; shared by admission and conversion."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._pools: OrderedDict[tuple[Address, str, str], AddressPool] = OrderedDict()
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    async def call(self, config: JsonObject, body: bytes, timeout: float) -> bytes:
        """POST ``body`` to the webhook of a ``clientConfig``; the answer's body. Raises CallError."""
        return await self.post(parse_target(config), body, timeout)

    async def post(self, target: Target, body: bytes, timeout: float) -> bytes:
        """The same for a configuration that has been read."""
        query = f"{'&' if '?' in target.path else '?'}timeout={timeout:g}s"
        prefix = f'Post "{target.url}{query}": '
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(target)
                status, answer = await self._post_first(target, addresses, target.path + query, body)
        except TimeoutError:
            raise CallError(f"{prefix}context deadline exceeded") from None
        except ApiError as error:
            raise CallError(prefix + error.message) from None
        except (OSError, ssl.SSLError) as error:
            raise CallError(prefix + go_error(error, target)) from None
        if not 200 <= status < 300:
            raise CallError(status_error(status, answer))
        return answer

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    async def _addresses(self, target: Target) -> list[Address]:
        if target.service is None:
            return [Address(target.host, target.port)]
        return await resolve(self._registry, *target.service, target.port)

    async def _post_first(self, target: Target, addresses: list[Address], path: str, body: bytes) -> tuple[int, bytes]:
        """Try one address after the other while nothing listens there (a pod that has just gone)."""
        for address in addresses[:-1]:
            try:
                return await self._post(target, address, path, body)
            except ConnectionRefusedError:
                continue
        return await self._post(target, addresses[-1], path, body)

    async def _post(self, target: Target, address: Address, path: str, body: bytes) -> tuple[int, bytes]:
        pool = self._pool(target, address)
        try:
            exchange = await pool.exchange("POST", path, HEADERS, body)
        except ConnectionResetError:  # kept too long, most likely: once more, on a connection of its own
            exchange = await pool.exchange("POST", path, HEADERS, body)
        try:
            return exchange.status, await _read(exchange)
        finally:
            exchange.close()

    def _pool(self, target: Target, address: Address) -> AddressPool:
        key = (address, target.authority, target.ca_bundle)
        pool = self._pools.get(key)
        if pool is None:
            pool = AddressPool(target.authority, address, self._context(target.ca_bundle), target.server_name)
            self._pools[key] = pool
            if len(self._pools) > MAX_POOLS:
                self._pools.popitem(last=False)[1].close()
        self._pools.move_to_end(key)
        return pool

    def _context(self, ca_bundle: str) -> ssl.SSLContext:
        context = self._contexts.get(ca_bundle)
        if context is None:
            context = self._contexts[ca_bundle] = trust(ca_bundle)
            if len(self._contexts) > MAX_POOLS:
                self._contexts.popitem(last=False)
        return context


def trust(ca_bundle: str) -> ssl.SSLContext:
    """A TLS context that trusts the bundle (base64 of PEM), or the system's authorities where there is none."""
    if not ca_bundle:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=base64.b64decode(ca_bundle).decode("ascii"))
    except (ValueError, ssl.SSLError):
        raise CallError("unable to load root certificates: unable to parse bytes as PEM block") from None


async def _read(exchange: Exchange) -> bytes:
    pieces, size = [], 0
    while piece := await exchange.chunk():
        size += len(piece)
        if size > MAX_ANSWER:
            raise CallError(f"the webhook's answer is longer than {MAX_ANSWER} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def status_error(status: int, answer: bytes) -> str:
    """What client-go says of an answer that is no success."""
    if status == 404:
        return "the server could not find the requested resource"
    text = answer[:512].decode("utf-8", "replace").strip()
    if status >= 500:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'an error on the server ("{quoted or "unknown"}") has prevented the request from succeeding'
    known = {400: "the server rejected our request for an unknown reason", 401: "the server has asked for the client "
             "to provide credentials", 403: text or "unknown", 405: "the server does not allow this method on the "
             "requested resource", 429: "the server has received too many requests and has asked us to try again "
             "later"}  # fmt: skip
    return known.get(status, f"the server responded with the status code {status} but did not return more information")


def go_error(error: OSError, target: Target) -> str:
    """An OSError in the words of Go's net and crypto/tls packages."""
    where = f"{target.server_name}:{target.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: {_certificate_error(error, target)}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {(error.reason or 'handshake failure').lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {target.server_name}: no such host"
    if isinstance(error, ConnectionRefusedError):
        return f"dial tcp {where}: connect: connection refused"
    if isinstance(error, ConnectionResetError):
        return "EOF"
    return f"dial tcp {where}: connect: {(error.strerror or str(error)).lower()}"


def _certificate_error(error: ssl.SSLCertVerificationError, target: Target) -> str:
    if error.verify_code in UNKNOWN_AUTHORITY:
        return "x509: certificate signed by unknown authority"
    if error.verify_code in (9, 10):
        return "x509: certificate has expired or is not yet valid"
    if error.verify_code in (62, 64):
        return f"x509: certificate is not valid for any names, but wanted to match {target.server_name}"
    return f"x509: {error.verify_message}"
