"""Builds a server from its options and runs it: port first, then store, caches, bootstrap; FastAPI when asked for.

Mirrors cmd/kube-apiserver/app/server.go. Order of start: the port opens and answers "not ready"; the store opens; the
caches begin to watch; the system's objects are made sure of; /readyz turns ok. Order of the end: /readyz fails, watches
are closed, requests under way get a moment, the store is closed.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from minik8s.apiserver.aggregation.remote import ProxyIdentity
from minik8s.apiserver.app import Server as Application
from minik8s.apiserver.auth.authenticate import Authenticator
from minik8s.apiserver.auth.service_account import LEGACY_ISSUER, TokenIssuer, TokenVerifier
from minik8s.apiserver.auth.token_file import load_token_file
from minik8s.apiserver.cache.encoding import stamp
from minik8s.apiserver.cache.feed import CacheSet
from minik8s.apiserver.registry.bootstrap import Bootstrap, Identity
from minik8s.apiserver.registry.registry import ServerRegistry
from minik8s.apiserver.registry.strategy import ServiceRanges
from minik8s.apiserver.storage.base import Store, StoreError
from minik8s.component import get_logger
from minik8s.serving import Server as HttpServer
from minik8s.serving import create_ssl_context

if TYPE_CHECKING:
    from minik8s.apiserver.extensions.controller import DefinitionController

log = get_logger(__name__)


@dataclass(slots=True)
class Options:
    """The flags that count, with upstream's defaults."""

    bind_address: str = "0.0.0.0"
    advertise_address: str = ""
    secure_port: int = 6443
    tls_cert_file: str = ""
    tls_private_key_file: str = ""
    client_ca_file: str = ""
    token_auth_file: str = ""
    storage_backend: str = "embedded"
    data_dir: str = "minik8s-store"
    etcd_servers: list[str] = field(default_factory=list)
    etcd_cafile: str = ""
    etcd_certfile: str = ""
    etcd_keyfile: str = ""
    etcd_compaction_interval: float = 300.0
    service_account_issuer: list[str] = field(default_factory=lambda: ["https://kubernetes.default.svc.cluster.local"])
    service_account_key_file: list[str] = field(default_factory=list)
    service_account_signing_key_file: str = ""
    api_audiences: list[str] = field(default_factory=list)
    service_cluster_ip_range: str = "10.96.0.0/16"
    service_node_port_range: str = "30000-32767"
    kubelet_client_certificate: str = ""
    kubelet_client_key: str = ""
    kubelet_certificate_authority: str = ""
    proxy_client_cert_file: str = ""
    proxy_client_key_file: str = ""
    requestheader_client_ca_file: str = ""
    requestheader_allowed_names: list[str] = field(default_factory=list)
    requestheader_username_headers: list[str] = field(default_factory=lambda: ["X-Remote-User"])
    requestheader_group_headers: list[str] = field(default_factory=lambda: ["X-Remote-Group"])
    requestheader_extra_headers_prefix: list[str] = field(default_factory=lambda: ["X-Remote-Extra-"])
    event_ttl: float = 3600.0
    runtime_config: str = ""

    @property
    def audiences(self) -> list[str]:
        return self.api_audiences or self.service_account_issuer[:1]

    @property
    def service_ranges(self) -> ServiceRanges:
        first, _, last = self.service_node_port_range.partition("-")
        cidrs = tuple(part.strip() for part in self.service_cluster_ip_range.split(",") if part.strip())
        return ServiceRanges(cidrs, int(first), int(last or first))

    @property
    def service_ip(self) -> str:
        """The `kubernetes` Service's address: the first of the range."""
        network = ipaddress.ip_network(self.service_ranges.cidrs[0], strict=False)
        return str(network[1])

    @property
    def address(self) -> str:
        """--advertise-address, or the bound address, or (where that is no other machine's way here) the one of the
        default route."""
        if self.advertise_address:
            return self.advertise_address
        bound = ipaddress.ip_address(self.bind_address or "0.0.0.0")
        if not bound.is_unspecified and not bound.is_loopback:
            return self.bind_address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # nothing is sent: only the route is looked up
            except OSError:
                return "127.0.0.1"
            return str(probe.getsockname()[0])


def make_store(options: Options) -> Store:
    """The backend of --storage-backend."""
    if options.storage_backend == "embedded":
        from minik8s.apiserver.storage.embedded import EmbeddedStore

        directory = Path(options.data_dir)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return EmbeddedStore(directory / "store.db", stamp=stamp)
    from minik8s.apiserver.storage.etcd import EtcdConfig, EtcdStore

    config = EtcdConfig(options.etcd_servers, options.etcd_cafile, options.etcd_certfile, options.etcd_keyfile)
    return EtcdStore(config, stamp=stamp)


class ApiServer:
    """One running API server."""

    def __init__(self, options: Options, store: Store | None = None) -> None:
        self.options = options
        self.store = store or make_store(options)
        self.caches = CacheSet(self.store, options.etcd_compaction_interval)
        self.registry = ServerRegistry(self.store, self.caches, options.service_ranges, int(options.event_ttl))
        if options.runtime_config:
            from minik8s.apiserver.registry.runtime_config import serve_extra_kinds

            serve_extra_kinds(self.registry, options.runtime_config)
        self.app = Application(
            self.registry,
            self._authenticator(),
            token_issuer=self._issuer(),
            api_audiences=options.audiences,
            kubelet_context=self._kubelet_context(),
            proxy_identity=ProxyIdentity(options.proxy_client_cert_file, options.proxy_client_key_file),
            address=f"{options.address}:{options.secure_port}",
        )
        self.http = HttpServer(self.app, options.bind_address, options.secure_port, self._tls())
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._store_open = False
        self._bootstrap: Bootstrap | None = None
        self._custom_resources: DefinitionController | None = None

    @property
    def port(self) -> int:
        return self.http.port

    async def start(self) -> None:
        """Returns when the port is open; the rest goes on behind it (ask /readyz)."""
        health = self.app.health
        health.add("etcd", self._check_store)
        health.add("informer-sync", self._check_caches, only_ready=True)
        health.add("poststarthook/start-system-namespaces-controller", self._check_bootstrap, only_ready=True)
        health.add("poststarthook/crd-informer-synced", self._check_custom_resources, only_ready=True)
        health.add("shutdown", self._check_shutdown, only_ready=True)
        await self.http.start()
        log.info("serving", address=f"{self.options.bind_address}:{self.port}")
        self._tasks.append(asyncio.create_task(self._open(), name="open-store"))

    async def run(self) -> None:
        """Serve until cancelled, then stop in order. A store that cannot be opened ends the process."""
        await self.start()
        try:
            await self._tasks[0]
            await self.http.wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.app.aggregator.close()
        await self.caches.close()
        await self.http.stop()
        self.registry.webhook_client.close()
        await self.store.close()

    async def ready(self) -> None:
        """Until the system's objects are there (for tests that run the server in their own loop)."""
        await self._tasks[0]
        assert self._bootstrap is not None
        await self._bootstrap.done.wait()

    async def _open(self) -> None:
        await self.store.start()
        await self.caches.start()
        self._store_open = True
        from minik8s.apiserver.admission import default_chain
        from minik8s.apiserver.webhooks.metrics import WebhookMetrics
        from minik8s.apiserver.webhooks.setup import dynamic_plugins

        webhooks = WebhookMetrics()
        self.app.metrics.collect(webhooks.samples)
        self.registry.admission = default_chain(self.registry, dynamic_plugins(self.registry, webhooks))
        from minik8s.apiserver.extensions import start_custom_resources

        self._custom_resources = start_custom_resources(self.registry)
        self._tasks.append(asyncio.create_task(self._custom_resources.run(), name="custom-resources"))
        identity = Identity(self.options.address, self.port, self.options.service_ip, self._trust())
        self._bootstrap = Bootstrap(self.registry, identity)
        self._tasks.append(asyncio.create_task(self._bootstrap.run(), name="bootstrap"))
        await self._custom_resources.synced.wait()
        await self._bootstrap.done.wait()
        self._tasks.append(asyncio.create_task(self.app.aggregator.run(), name="aggregation"))
        gc.collect()
        gc.freeze()

    # -- checks -----------------------------------------------------------------------------------------------------

    async def _check_store(self) -> str | None:
        if not self._store_open:
            return "the store is not open yet"
        try:
            return None if await asyncio.wait_for(self.store.healthy(), 2) else "the store does not answer"
        except (StoreError, TimeoutError) as error:
            return str(error) or "timed out"

    async def _check_caches(self) -> str | None:
        return None if self._store_open else "caches are not synced yet"

    async def _check_bootstrap(self) -> str | None:
        return None if self._bootstrap is not None and self._bootstrap.done.is_set() else "not finished"

    async def _check_custom_resources(self) -> str | None:
        found = self._custom_resources
        return None if found is not None and found.synced.is_set() else "definitions are not synced yet"

    async def _check_shutdown(self) -> str | None:
        return "process is shutting down" if self._stopping else None

    # -- parts ------------------------------------------------------------------------------------------------------

    def _authenticator(self) -> Authenticator:
        options = self.options
        tokens = load_token_file(options.token_auth_file) if options.token_auth_file else {}
        keys = options.service_account_key_file or [
            path for path in (options.service_account_signing_key_file or options.tls_private_key_file,) if path
        ]
        issuers = [*options.service_account_issuer, LEGACY_ISSUER]
        verifier = TokenVerifier(keys, issuers, options.audiences, self.registry) if keys else None
        return Authenticator(tokens, verifier)

    def _issuer(self) -> TokenIssuer | None:
        path = self.options.service_account_signing_key_file
        return TokenIssuer(path, self.options.service_account_issuer[0]) if path else None

    def _tls(self) -> ssl.SSLContext | None:
        options = self.options
        if not options.tls_cert_file:
            return None
        return create_ssl_context(options.tls_cert_file, options.tls_private_key_file, options.client_ca_file or None)

    def _trust(self) -> dict[str, str]:
        """What extension servers are told to trust (kube-system/extension-apiserver-authentication)."""
        options = self.options
        data: dict[str, str] = {}
        if options.client_ca_file:
            data["client-ca-file"] = Path(options.client_ca_file).read_text()
        if options.requestheader_client_ca_file:
            data["requestheader-client-ca-file"] = Path(options.requestheader_client_ca_file).read_text()
            for key, values in (
                ("allowed-names", options.requestheader_allowed_names),
                ("username-headers", options.requestheader_username_headers),
                ("group-headers", options.requestheader_group_headers),
                ("extra-headers-prefix", options.requestheader_extra_headers_prefix),
            ):
                data[f"requestheader-{key}"] = json.dumps(values)
        return data

    def _kubelet_context(self) -> ssl.SSLContext:
        """TLS towards kubelets: our client certificate; theirs is verified where an authority is given.

        Names are not checked: a node is known by its address, and its certificate may name only its host.
        """
        options = self.options
        context = ssl.create_default_context(cafile=options.kubelet_certificate_authority or None)
        context.check_hostname = False
        if not options.kubelet_certificate_authority:
            context.verify_mode = ssl.CERT_NONE
        if options.kubelet_client_certificate:
            context.load_cert_chain(options.kubelet_client_certificate, options.kubelet_client_key)
        return context
